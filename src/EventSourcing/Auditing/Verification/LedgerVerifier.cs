namespace EventSourcing;

/// <summary>One run of a verification.</summary>
internal sealed class LedgerVerifier(IEventStorage storage, LedgerVerification options)
{
    public async ValueTask<LedgerReport> RunAsync(CancellationToken cancellationToken)
    {
        // SEAM: to be written.
        _ = options;
        var frontier = await storage.Ledger.GetFrontierAsync(cancellationToken).ConfigureAwait(false);
        return new LedgerReport(frontier.Size, frontier.Root(), []);
    }
}
