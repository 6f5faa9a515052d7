namespace EventSourcing;

/// <summary>
/// Reads the Merkle tree of a store. What is stored of it are tiles; they may trail the log by those that are on their way to the server
/// and those that a process had not stored when it died. The rest is made of the events, so the tree always covers the log.
/// </summary>
internal sealed class PostgresLedger(PostgresEventStorage storage, StoreServer server, TreeReader tree, LogReader reader, TileKeeper tiles)
    : ILedgerStorage
{
    public ValueTask<MerkleFrontier> GetFrontierAsync(CancellationToken cancellationToken = default) => storage.ReadAsync(
        this,
        static async (connection, ledger, token) =>
        {
            var head = await ledger.Reader.ReadHeadAsync(connection, token).ConfigureAwait(false);
            return await ledger.Tree.ReadFrontierAsync(connection, head, token).ConfigureAwait(false);
        },
        cancellationToken);

    public async ValueTask ReadAsync(int level, long first, Memory<MerkleHash> hashes, CancellationToken cancellationToken = default)
    {
        LedgerRange.ThrowIfInvalid(level, first, hashes.Length, await storage.GetHeadAsync(cancellationToken).ConfigureAwait(false));
        await storage.ReadAsync(
            (Ledger: this, level, first, hashes),
            static async (connection, of, token) =>
            {
                await of.Ledger.Tree.ReadAsync(connection, of.level, of.first, of.hashes, token).ConfigureAwait(false);
                return true;
            },
            cancellationToken).ConfigureAwait(false);
    }

    /// <summary>
    /// Waits for the synchronous standby, if there is one: if a wait for it was cancelled, events are readable that the standby may not
    /// have, and a checkpoint over them would outlive them.
    /// </summary>
    public async ValueTask SyncAsync(CancellationToken cancellationToken = default)
    {
        if (storage.IsReadOnly) return;
        var isConfirmed = await storage.ReadAsync(
            server,
            static async (connection, _, _) =>
            {
                var standby = new StandbyConfirmation();
                standby.Watch(connection);
                standby.Owe();
                return await standby.TryPayAsync(connection).ConfigureAwait(false);
            },
            cancellationToken).ConfigureAwait(false);
        if (!isConfirmed) throw StandbyConfirmation.Unconfirmed(server.Name);
    }

    public async ValueTask<LedgerAudit> AuditAsync(long after, int limit = EventPage.DefaultLimit,
        CancellationToken cancellationToken = default)
    {
        ArgumentOutOfRangeException.ThrowIfNegative(after);
        ArgumentOutOfRangeException.ThrowIfNegativeOrZero(limit);
        await tiles.IdleAsync().WaitAsync(cancellationToken).ConfigureAwait(false);
        return await storage.ReadAsync(
            (server, tree, after, limit),
            static (connection, of, token) => new LedgerAuditor(connection, of.server, of.tree).ReadAsync(of.after, of.limit, token),
            cancellationToken).ConfigureAwait(false);
    }

    public async ValueTask<IReadOnlyList<LedgerFinding>> AuditStructureAsync(bool isWhole, CancellationToken cancellationToken = default)
    {
        await tiles.IdleAsync().WaitAsync(cancellationToken).ConfigureAwait(false);
        return await storage.ReadAsync(
            (server, isWhole, storage.IsReadOnly),
            static (connection, of, token) => new StructureAudit(connection, of.server, of.IsReadOnly).RunAsync(of.isWhole, token),
                cancellationToken).ConfigureAwait(false);
    }

    private TreeReader Tree => tree;

    private LogReader Reader => reader;
}
