namespace EventSourcing.Ledger;

/// <summary>The tree of a <see cref="CheckedStorage"/>.</summary>
internal sealed class CheckedLedger(ILedgerStorage inner, Checkpointer checkpointer) : ILedgerStorage
{
    public async ValueTask<MerkleFrontier> GetFrontierAsync(CancellationToken cancellationToken = default)
    {
        await checkpointer.OpenAsync(cancellationToken).ConfigureAwait(false);
        return await inner.GetFrontierAsync(cancellationToken).ConfigureAwait(false);
    }

    public async ValueTask ReadAsync(int level, long first, Memory<MerkleHash> hashes, CancellationToken cancellationToken = default)
    {
        await checkpointer.OpenAsync(cancellationToken).ConfigureAwait(false);
        await inner.ReadAsync(level, first, hashes, cancellationToken).ConfigureAwait(false);
    }

    public async ValueTask<LedgerAudit> AuditAsync(
        long after, int limit = EventPage.DefaultLimit, CancellationToken cancellationToken = default)
    {
        await checkpointer.OpenAsync(cancellationToken).ConfigureAwait(false);
        return await inner.AuditAsync(after, limit, cancellationToken).ConfigureAwait(false);
    }

    public async ValueTask<IReadOnlyList<LedgerFinding>> AuditStructureAsync(bool isWhole, CancellationToken cancellationToken = default)
    {
        await checkpointer.OpenAsync(cancellationToken).ConfigureAwait(false);
        return await inner.AuditStructureAsync(isWhole, cancellationToken).ConfigureAwait(false);
    }

    public async ValueTask SyncAsync(CancellationToken cancellationToken = default)
    {
        await checkpointer.OpenAsync(cancellationToken).ConfigureAwait(false);
        await inner.SyncAsync(cancellationToken).ConfigureAwait(false);
    }
}
