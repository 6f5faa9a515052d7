using Npgsql;

namespace EventSourcing;

/// <summary>
/// Stores the tiles of the Merkle tree after the commits that complete them. Who commits the last event of a tile stores it, and first
/// those before it that are missing. Leaves of this process's own events come from memory, others are made of the events as stored.
/// </summary>
/// <remarks>
/// What is stored of the tree may trail the log by the tiles that are on their way, and by those that a process had not stored when it
/// died. Readers make these of the events, so nobody sees an event without a tree that contains it.
/// </remarks>
internal sealed class TileKeeper(StoreServer server, TreeReader tree) : IDisposable
{
    /// <summary>The most tiles of which leaves are kept in memory.</summary>
    private const int MaxOpenTiles = 64;

    private readonly Lock _lock = new();
    private readonly Dictionary<long, MerkleHash?[]> _leaves = [];
    private readonly LedgerHasher _hasher = new();
    private Task _last = Task.CompletedTask;

    /// <summary>Takes the events of a commit. They are hashed, and tiles are stored, on another thread, one commit after the other.</summary>
    /// <param name="head">The head of the log before them.</param>
    /// <param name="recorded">When they were recorded, in ticks.</param>
    /// <param name="leaves">What their leaves are made of.</param>
    public void Add(long head, long recorded, AppendedLeaf[] leaves)
    {
        lock (_lock) _last = AddAsync(_last, head, recorded, leaves);
    }

    /// <summary>Forgets the leaves of commits so far: the log may have lost them. What is missing is made of the events.</summary>
    public void Forget()
    {
        lock (_lock) _last = ForgetAsync(_last);
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
    }

    private async Task AddAsync(Task before, long head, long recorded, AppendedLeaf[] leaves)
    {
        await before.ConfigureAwait(ConfigureAwaitOptions.ForceYielding);
        var at = new DateTimeOffset(recorded, TimeSpan.Zero);
        for (var i = 0; i < leaves.Length; i++)
        {
            var (position, leaf) = (head + i + 1, leaves[i]);
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
            if (index == MerkleTree.TileWidth - 1) await TryStoreAsync(tile).ConfigureAwait(false);
        }

        if (_leaves.Count > MaxOpenTiles) _leaves.Clear(); // others complete the tiles; what is missing is made of the events
    }

    /// <summary>Stores a tile and those that are missing before it.</summary>
    private async ValueTask TryStoreAsync(long tile)
    {
        try
        {
            var connection = await server.ConnectAsync(CancellationToken.None).ConfigureAwait(false);
            await using (connection.ConfigureAwait(false))
            {
                for (var next = Math.Min(tile,
                    await tree.CountStoredAsync(connection, CancellationToken.None).ConfigureAwait(false)); next <= tile; next++)
                {
                    await StoreAsync(connection, next, await LeavesOfAsync(connection, next).ConfigureAwait(false)).ConfigureAwait(false);
                    _leaves.Remove(next);
                }
            }
        }
        catch (Exception)
        {
            // The events are committed, and the tree can be made of them. Whoever completes the next tile stores this one first, and
            // meets the same failure if it matters by then.
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

    private async ValueTask StoreAsync(NpgsqlConnection connection, long tile, MerkleHash[] leaves)
    {
        var marks = new byte[MerkleTree.TileWidth * LedgerAudit.LeafMarkLength];
        for (var i = 0; i < leaves.Length; i++)
            leaves[i].Bytes[..LedgerAudit.LeafMarkLength].CopyTo(marks.AsSpan(i * LedgerAudit.LeafMarkLength));
        await InsertAsync(connection, 1, tile, TreeReader.Join(leaves, _hasher), marks).ConfigureAwait(false);
        var (level, index) = (2, tile + 1);
        for (; index % MerkleTree.TileWidth == 0; level++)
        {
            index /= MerkleTree.TileWidth;
            var below = new MerkleHash[MerkleTree.TileWidth];
            await tree.ReadTilesAsync(connection, level - 1, (index - 1) * MerkleTree.TileWidth, below,
                CancellationToken.None).ConfigureAwait(false);
            await InsertAsync(connection, level, index - 1, TreeReader.Join(below, _hasher), null).ConfigureAwait(false);
        }

        if (level > 2) await TypeCounts.KeepAsync(connection, server.Sql, (tile + 1) * MerkleTree.TileWidth).ConfigureAwait(false);
    }

    private async ValueTask InsertAsync(NpgsqlConnection connection, int level, long number, MerkleHash hash, byte[]? marks)
    {
        var batch = new NpgsqlBatch(connection);
        await using (batch.ConfigureAwait(false))
        {
            // It need not wait for the disk, nor for a standby: a tile that is lost is made of the events again.
            batch.Add("SELECT pg_catalog.set_config('synchronous_commit', 'off', true)");
            batch.Add(
                $"INSERT INTO {server.Sql.Quoted}.ledger_tiles (level, number, hash, marks) "
                + "VALUES ($1::int, $2, $3, $4) ON CONFLICT DO NOTHING")
                .With(level).With(number).With(hash.Bytes.ToArray())
                .With(new NpgsqlParameter { NpgsqlDbType = NpgsqlTypes.NpgsqlDbType.Bytea, Value = (object?)marks ?? DBNull.Value });
            await batch.ExecuteNonQueryAsync().ConfigureAwait(false);
        }
    }
}
