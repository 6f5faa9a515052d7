namespace EventSourcing.Explorer;

/// <summary>What this process knows of the checkpoints.</summary>
/// <param name="Origin">The name that the log is signed under; null if the store signs none.</param>
/// <param name="CheckpointSize">How many events the newest checkpoint covers; null if this process knows none.</param>
/// <param name="CheckpointRoot">Its root.</param>
/// <param name="Failure">Why the last one that was due could not be signed.</param>
internal sealed record LedgerState(string? Origin, long? CheckpointSize, string? CheckpointRoot, string? Failure)
{
    public static LedgerState Of(PageContext page)
    {
        var ledger = page.Store.Ledger;
        var newest = ledger.NewestCheckpoint is { } note ? Checkpoint.Parse(note.Text) : null;
        var failure = ledger.LastFailure is { } last ? page.Payloads.Error(last.Message) : null;
        return new LedgerState(page.Store.Options.Ledger?.Origin, newest?.Size, newest?.Root.ToString(), failure);
    }
}
