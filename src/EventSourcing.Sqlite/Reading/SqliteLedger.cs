namespace EventSourcing;

/// <summary>Reads the Merkle tree of a store: leaves from the events, tiles and frontier from their tables.</summary>
internal sealed class SqliteLedger(SqliteEventStorage storage, NameCache names) : ILedgerStorage
{
    public ValueTask<MerkleFrontier> GetFrontierAsync(CancellationToken cancellationToken = default) =>
        storage.ReadAsync(names, static (database, names) => StoredFrontier.Read(database, names, LogReader.ReadHead(database)).Frontier, cancellationToken);

    public async ValueTask ReadAsync(int level, long first, Memory<MerkleHash> hashes, CancellationToken cancellationToken = default)
    {
        LedgerRange.ThrowIfInvalid(level, first, hashes.Length, await storage.GetHeadAsync(cancellationToken).ConfigureAwait(false));
        await storage.ReadAsync(
            (names, level, first, hashes),
            static (database, of) => of.level == 0 ? ReadLeaves(database, of.names, of.first, of.hashes.Span) : ReadTiles(database, of.level, of.first, of.hashes.Span),
            cancellationToken).ConfigureAwait(false);
    }

    public ValueTask SyncAsync(CancellationToken cancellationToken = default) => storage.SyncAsync(cancellationToken);

    public ValueTask<LedgerAudit> AuditAsync(long after, int limit = EventPage.DefaultLimit, CancellationToken cancellationToken = default) =>
        throw new NotSupportedException("SEAM: to be written.");

    public ValueTask<IReadOnlyList<LedgerFinding>> AuditStructureAsync(bool isWhole, CancellationToken cancellationToken = default) =>
        throw new NotSupportedException("SEAM: to be written.");

    private static int ReadLeaves(Database database, NameCache names, long first, Span<MerkleHash> hashes)
    {
        var read = 0;
        while (read < hashes.Length)
        {
            using var page = LogReader.ReadLog(database, names, new LogRead { After = first + read, UpTo = first + hashes.Length, WithSeals = true });
            if (page.Count == 0) throw Missing(first + read + 1);
            foreach (ref readonly var e in page.Events)
            {
                if (e.Position != first + read + 1) throw Missing(first + read + 1);
                hashes[read++] = e.ToLeaf().Hash();
            }
        }

        return read;

        static InvalidDataException Missing(long position) => new($"the event at position {position} is missing.");
    }

    private static int ReadTiles(Database database, int level, long first, Span<MerkleHash> hashes)
    {
        var select = database.Prepare("SELECT number, hash FROM ledger_tiles WHERE level = ?1 AND number >= ?2 AND number < ?3 ORDER BY number").Bind(1, level).Bind(2, first).Bind(3, first + hashes.Length);
        try
        {
            for (var i = 0; i < hashes.Length; i++)
            {
                if (!select.Step() || select.Long(0) != first + i) throw new InvalidDataException($"its Merkle tree has no hash {first + i} on level {level}.");
                hashes[i] = new MerkleHash(select.Bytes(1));
            }

            return hashes.Length;
        }
        finally
        {
            select.Reset();
        }
    }
}
