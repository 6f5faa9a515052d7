namespace EventSourcing;

/// <summary>Reads the Merkle tree of a store: leaves from the events, tiles and frontier from their tables.</summary>
internal sealed class SqliteLedger(SqliteEventStorage storage) : ILedgerStorage
{
    public ValueTask<MerkleFrontier> GetFrontierAsync(CancellationToken cancellationToken = default) =>
        storage.ReadAsync(0, static (database, _) => LedgerWriter.ReadFrontier(database), cancellationToken);

    public async ValueTask ReadAsync(int level, long first, Memory<MerkleHash> hashes, CancellationToken cancellationToken = default)
    {
        LedgerRange.ThrowIfInvalid(level, first, hashes.Length, await storage.GetHeadAsync(cancellationToken).ConfigureAwait(false));
        if (level == 0) await ReadLeavesAsync(first, hashes, cancellationToken).ConfigureAwait(false);
        else await storage.ReadAsync((level, first, hashes), static (database, wanted) => ReadTiles(database, wanted.level, wanted.first, wanted.hashes.Span), cancellationToken).ConfigureAwait(false);
    }

    private async ValueTask ReadLeavesAsync(long first, Memory<MerkleHash> hashes, CancellationToken cancellationToken)
    {
        var read = new LogRead { After = first, UpTo = first + hashes.Length, WithSeals = true };
        for (var i = 0; ;)
        {
            using var page = await storage.ReadLogAsync(read, cancellationToken).ConfigureAwait(false);
            foreach (ref readonly var e in page.Events) hashes.Span[i++] = e.ToLeaf().Hash();
            if (page.IsEnd) return;
            read = read with { After = page.Next };
        }
    }

    private static bool ReadTiles(Database database, int level, long first, Span<MerkleHash> hashes)
    {
        var select = database.Prepare("SELECT number, hash FROM ledger_tiles WHERE level = ?1 AND number >= ?2 AND number < ?3 ORDER BY number").Bind(1, level).Bind(2, first).Bind(3, first + hashes.Length);
        try
        {
            for (var i = 0; i < hashes.Length; i++)
            {
                if (!select.Step() || select.Long(0) != first + i) throw new InvalidDataException($"its Merkle tree has no hash {first + i} on level {level}.");
                hashes[i] = new MerkleHash(select.Bytes(1));
            }

            return true;
        }
        finally
        {
            select.Reset();
        }
    }
}
