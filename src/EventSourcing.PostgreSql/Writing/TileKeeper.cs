using Npgsql;
using NpgsqlTypes;

namespace EventSourcing;

/// <summary>
/// Stores the tiles of the Merkle tree after the commits that complete them. The process that commits the last event of a tile stores
/// it, and first those before it that are missing. Leaves of this process's own events come from memory, others are made of the events
/// as stored.
/// </summary>
/// <remarks>
/// What is stored of the tree may trail the log by the tiles that are on their way, and by those that a process had not stored when it
/// died. Readers make these of the events, so nobody sees an event without a tree that contains it.
/// </remarks>
internal sealed class TileKeeper(StoreServer server, TreeReader tree) : IDisposable
{
    /// <summary>The most tiles of which leaves are kept in memory.</summary>
    private const int MaxOpenTiles = 64;

    /// <summary>The most leaves that wait for a tile to be complete before they are hashed.</summary>
    private const int MaxPending = 1024;

    private readonly Lock _lock = new();
    private readonly Dictionary<long, MerkleHash?[]> _leaves = [];
    private readonly LedgerHasher _hasher = new();
    private List<Commit> _pending = [];
    private int _pendingLeaves;
    private Task _last = Task.CompletedTask;

    /// <summary>The tree up to the tiles that were stored last; null if that is not known.</summary>
    private TreeGrowth? _growth;

    /// <summary>The hash of the last tile of level 1 in that tree.</summary>
    private MerkleHash _lastTile;

    /// <summary>
    /// Takes the events of a commit. They are hashed, and tiles are stored, on another thread, one commit after the other. That begins with
    /// the commit that completes a tile: to wake a thread for each would cost an append more than the hashes do.
    /// </summary>
    /// <param name="head">The head of the log before them.</param>
    /// <param name="recorded">When they were recorded, in ticks.</param>
    /// <param name="leaves">What their leaves are made of.</param>
    public void Add(long head, long recorded, AppendedLeaf[] leaves)
    {
        lock (_lock)
        {
            _pending.Add(new Commit(head, recorded, leaves));
            _pendingLeaves += leaves.Length;
            var completesTile = (head + leaves.Length) / MerkleTree.TileWidth > head / MerkleTree.TileWidth;
            if (!completesTile && _pendingLeaves < MaxPending) return;
            _last = AddAsync(_last, _pending);
            (_pending, _pendingLeaves) = ([], 0);
        }
    }

    /// <summary>Forgets the leaves of commits so far: the log may have lost them. What is missing is made of the events.</summary>
    public void Forget()
    {
        lock (_lock)
        {
            (_pending, _pendingLeaves) = ([], 0);
            _last = ForgetAsync(_last);
        }
    }

    /// <summary>Completes when the tiles of all commits so far are stored, or could not be.</summary>
    public Task IdleAsync()
    {
        lock (_lock) return _last;
    }

    /// <summary>Called when it is idle, and nothing more is added.</summary>
    public void Dispose() => _hasher.Dispose();

    private async Task ForgetAsync(Task before)
    {
        await before.ConfigureAwait(ConfigureAwaitOptions.ForceYielding);
        _leaves.Clear();
        _growth = null;
    }

    private async Task AddAsync(Task before, List<Commit> commits)
    {
        await before.ConfigureAwait(ConfigureAwaitOptions.ForceYielding);
        var completed = -1L;
        foreach (var commit in commits) completed = Math.Max(completed, Hash(commit));
        if (completed >= 0) await TryStoreUpToAsync(completed).ConfigureAwait(false);
        if (_leaves.Count > MaxOpenTiles) _leaves.Clear(); // others complete the tiles; what is missing is made of the events
    }

    /// <summary>Hashes the leaves of a commit.</summary>
    /// <returns>The last tile that it completes; -1 if it completes none.</returns>
    private long Hash(in Commit commit)
    {
        var at = new DateTimeOffset(commit.Recorded, TimeSpan.Zero);
        var completed = -1L;
        for (var i = 0; i < commit.Leaves.Length; i++)
        {
            var (position, leaf) = (commit.Head + i + 1, commit.Leaves[i]);
            var (tile, index) = Math.DivRem(position - 1, MerkleTree.TileWidth);
            if (!_leaves.TryGetValue(tile, out var known)) _leaves.Add(tile, known = new MerkleHash?[MerkleTree.TileWidth]);
            known[index] = _hasher.HashLeaf(new LedgerLeaf
            {
                Position = position,
                Version = leaf.Version,
                RecordedAt = leaf.RecordedAt ?? at,
                Id = leaf.Id,
                Stream = leaf.Stream,
                Type = leaf.Type,
                Tags = leaf.Tags,
                DataCommitment = leaf.DataCommitment,
                MetadataCommitment = leaf.MetadataCommitment,
            });
            if (index == MerkleTree.TileWidth - 1) completed = tile;
        }

        return completed;
    }

    /// <summary>Stores the tiles that are missing, up to one.</summary>
    private async ValueTask TryStoreUpToAsync(long last)
    {
        try
        {
            var connection = await server.ConnectAsync(CancellationToken.None).ConfigureAwait(false);
            await using (connection.ConfigureAwait(false))
            {
                var (next, lastTile) = await tree.FindLastStoredAsync(connection, CancellationToken.None).ConfigureAwait(false);
                if (next > last)
                {
                    // Another process was first.
                    for (var tile = last; _leaves.Remove(tile); tile--)
                    {
                    }

                    return;
                }

                // The size alone does not tell: after a failover, another process may have stored other tiles, as many as were lost.
                if (_growth?.Frontier.Size != next * MerkleTree.TileWidth || _lastTile != lastTile)
                    _growth = await GrowthFromAsync(connection, next).ConfigureAwait(false);
                while (next <= last)
                {
                    // Many tiles go into one statement, but not any number of them.
                    do
                    {
                        foreach (var leaf in await LeavesOfAsync(connection, next).ConfigureAwait(false)) _growth.Add(leaf, _hasher);
                        _leaves.Remove(next++);
                    }
                    while (next <= last && next % MerkleTree.TileWidth != 0);
                    await StoreAsync(connection, _growth.Tiles).ConfigureAwait(false);
                    _lastTile = _growth.Tiles.Last(tile => tile.Tile.Level == 1).Tile.Hash;
                    _growth.ClearTiles();
                    if (next % MerkleTree.TileWidth == 0)
                        await TypeCounts.KeepAsync(connection, server.Sql, next * MerkleTree.TileWidth).ConfigureAwait(false);
                }
            }
        }
        catch (Exception)
        {
            // The events are committed, and the tree can be made of them. Whoever completes the next tile stores this one first, and
            // meets the same failure if it matters by then.
            _growth = null;
        }
    }

    private async ValueTask<MerkleHash[]> LeavesOfAsync(NpgsqlConnection connection, long tile)
    {
        var leaves = new MerkleHash[MerkleTree.TileWidth];
        var known = _leaves.GetValueOrDefault(tile);
        if (known is not null && Array.TrueForAll(known, leaf => leaf is not null))
        {
            for (var i = 0; i < leaves.Length; i++) leaves[i] = known[i]!.Value;
            return leaves;
        }

        await tree.ReadLeavesAsync(connection, tile * MerkleTree.TileWidth, leaves, CancellationToken.None).ConfigureAwait(false);
        return leaves;
    }

    private async ValueTask<TreeGrowth> GrowthFromAsync(NpgsqlConnection connection, long tile) =>
        new(await tree.ReadFrontierAsync(connection, tile * MerkleTree.TileWidth, CancellationToken.None).ConfigureAwait(false), marks: []);

    private async ValueTask StoreAsync(NpgsqlConnection connection, IReadOnlyList<GrownTile> tiles)
    {
        var batch = new NpgsqlBatch(connection);
        await using (batch.ConfigureAwait(false))
        {
            // It need not wait for the disk, nor for a standby: a tile that is lost is made of the events again.
            batch.Add("SELECT pg_catalog.set_config('synchronous_commit', 'off', true)");
            var parameters = batch.Add(
                $"INSERT INTO {server.Sql.Quoted}.ledger_tiles (level, number, hash, marks) SELECT * FROM unnest($1, $2, $3, $4) "
                + "ON CONFLICT DO NOTHING").Parameters;
            parameters.Add(NpgsqlExtensions.Array(NpgsqlDbType.Integer, tiles.Select(tile => tile.Tile.Level).ToArray()));
            parameters.Add(NpgsqlExtensions.Array(NpgsqlDbType.Bigint, tiles.Select(tile => tile.Tile.Index).ToArray()));
            parameters.Add(NpgsqlExtensions.Array(NpgsqlDbType.Bytea, tiles.Select(tile => tile.Tile.Hash.Bytes.ToArray()).ToArray()));
            parameters.Add(NpgsqlExtensions.Array(NpgsqlDbType.Bytea, tiles.Select(tile => tile.Marks).ToArray()));
            await batch.ExecuteNonQueryAsync().ConfigureAwait(false);
        }
    }

    /// <summary>The events of a commit.</summary>
    private readonly record struct Commit(long Head, long Recorded, AppendedLeaf[] Leaves);
}
