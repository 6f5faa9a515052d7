using System.Globalization;
using Npgsql;

namespace EventSourcing;

/// <summary>
/// Reads the Merkle tree: leaves from the events, tiles from their table. Tiles are stored after the commit that completes them, so the
/// last ones may be missing; those are made of the events. Thread-safe.
/// </summary>
internal sealed class TreeReader(SchemaSql sql, LogReader reader, string store)
{
    /// <summary>The hashes of a level; level 0 are the leaves.</summary>
    public ValueTask ReadAsync(NpgsqlConnection connection, int level, long first, Memory<MerkleHash> hashes,
        CancellationToken cancellationToken) =>
        level == 0
            ? ReadLeavesAsync(connection, first, hashes, cancellationToken)
            : ReadTilesAsync(connection, level, first, hashes, cancellationToken);

    /// <summary>The hashes of the leaves from an index on, computed from the events as they are stored.</summary>
    /// <exception cref="StoreCorruptedException">An event is missing, or cannot be made a leaf of.</exception>
    public async ValueTask ReadLeavesAsync(NpgsqlConnection connection, long first, Memory<MerkleHash> hashes,
        CancellationToken cancellationToken)
    {
        using var hasher = new LedgerHasher();
        for (var read = 0; read < hashes.Length;)
        {
            using var page = await reader.ReadLogAsync(connection,
                new LogRead { After = first + read, UpTo = first + hashes.Length, WithSeals = true }, isWithinTransaction: false,
                isRelied: false, cancellationToken).ConfigureAwait(false);
            read += StoredLeaves.Hash(
                page, first + read, hashes.Span[read..], hasher, (flaw, cause) => new StoreCorruptedException(store, flaw, cause));
        }
    }

    /// <summary>The hashes of a level above the leaves.</summary>
    public async ValueTask ReadTilesAsync(NpgsqlConnection connection, int level, long first, Memory<MerkleHash> hashes,
        CancellationToken cancellationToken)
    {
        var stored = await ReadStoredAsync(connection, level, first, hashes.Length, cancellationToken).ConfigureAwait(false);
        for (var i = 0; i < hashes.Length; i++)
        {
            var hash = stored[i] ?? await MakeAsync(connection, level, first + i, cancellationToken).ConfigureAwait(false);
            hashes.Span[i] = hash;
        }
    }

    /// <summary>The tiles that are stored of a range; null for each that is missing.</summary>
    public async ValueTask<MerkleHash?[]> ReadStoredAsync(NpgsqlConnection connection, int level, long first, int count,
        CancellationToken cancellationToken)
    {
        var hashes = new MerkleHash?[count];
        var batch = new NpgsqlBatch(connection);
        await using (batch.ConfigureAwait(false))
        {
            batch.Add(
                $"SELECT number, hash FROM {sql.Quoted}.ledger_tiles WHERE level = $1::int AND number >= $2 AND number < $3 "
                + "ORDER BY number").With(level).With(first).With(first + count);
            var rows = await batch.ExecuteReaderAsync(cancellationToken).ConfigureAwait(false);
            await using (rows.ConfigureAwait(false))
            {
                while (await rows.ReadAsync(cancellationToken).ConfigureAwait(false))
                    hashes[rows.GetInt64(0) - first] = HashIn(rows, level);
            }
        }

        return hashes;
    }

    /// <summary>The number of tiles of level 1 that are stored, if none is missing before the last.</summary>
    public async ValueTask<long> CountStoredAsync(NpgsqlConnection connection, CancellationToken cancellationToken) =>
        (await FindLastStoredAsync(connection, cancellationToken).ConfigureAwait(false)).Count;

    /// <summary>The number of tiles of level 1 that are stored, if none is missing before the last, and the hash of the last.</summary>
    public async ValueTask<(long Count, MerkleHash Last)> FindLastStoredAsync(
        NpgsqlConnection connection, CancellationToken cancellationToken)
    {
        var command = new NpgsqlCommand(
            $"SELECT number, hash FROM {sql.Quoted}.ledger_tiles WHERE level = 1 ORDER BY number DESC LIMIT 1", connection);
        await using (command.ConfigureAwait(false))
        {
            var rows = await command.ExecuteReaderAsync(cancellationToken).ConfigureAwait(false);
            await using (rows.ConfigureAwait(false))
            {
                return await rows.ReadAsync(cancellationToken).ConfigureAwait(false)
                    ? (rows.GetInt64(0) + 1, HashIn(rows, level: 1))
                    : (0, default);
            }
        }
    }

    /// <summary>The frontier of the tree at a size up to that of the log.</summary>
    public ValueTask<MerkleFrontier> ReadFrontierAsync(NpgsqlConnection connection, long size, CancellationToken cancellationToken) =>
        MerkleFrontier.ReadAsync(new Hashes(connection, this), size, cancellationToken);

    /// <summary>The hash in a row of a number and a hash.</summary>
    private MerkleHash HashIn(NpgsqlDataReader row, int level)
    {
        var hash = row.GetFieldValue<byte[]>(1);
        return hash.Length == MerkleHash.Length
            ? new MerkleHash(hash)
            : throw new StoreCorruptedException(
                store,
                string.Create(
                    CultureInfo.InvariantCulture, $"its Merkle tree has a hash {row.GetInt64(0)} on level {level} that is none."));
    }

    private async ValueTask<MerkleHash> MakeAsync(NpgsqlConnection connection, int level, long index, CancellationToken cancellationToken)
    {
        var below = new MerkleHash[MerkleTree.TileWidth];
        if (level == 1) await ReadLeavesAsync(connection, index * MerkleTree.TileWidth, below, cancellationToken).ConfigureAwait(false);
        else await ReadTilesAsync(connection, level - 1, index * MerkleTree.TileWidth, below, cancellationToken).ConfigureAwait(false);
        var tile = new MerkleFrontier();
        foreach (ref readonly var hash in below.AsSpan()) tile.Append(hash);
        return tile.Root();
    }

    /// <summary>The hashes as read through one connection.</summary>
    private sealed class Hashes(NpgsqlConnection connection, TreeReader tree) : IMerkleHashes
    {
        public ValueTask ReadAsync(int level, long first, Memory<MerkleHash> hashes, CancellationToken cancellationToken = default) =>
            tree.ReadAsync(connection, level, first, hashes, cancellationToken);
    }
}
