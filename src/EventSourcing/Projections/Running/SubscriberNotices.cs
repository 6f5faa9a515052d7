namespace EventSourcing;

/// <summary>The notices about one projection or reactor. Thread-safe.</summary>
internal sealed class SubscriberNotices(EventStore store, string name)
{
    /// <summary>Whether somebody takes them. If not, they need not be made.</summary>
    public bool IsWanted => store.Diagnostics.HasNotices;

    /// <summary>Something happened that needs no further words.</summary>
    public void Tell(StoreNoticeKind kind, long position = 0) => Give(kind, notice => notice with { Position = position });

    /// <summary>A stream or document is held back, or no longer.</summary>
    public void PartitionChanged(ParkedChange change)
    {
        if (change.After is not { } after)
        {
            var before = change.Before!.Content;
            Give(StoreNoticeKind.Released, notice => notice with { Partition = before.Partition, Position = before.Position });
            return;
        }

        // If no attempts are counted, it has not failed: it is catching up.
        if (after.Attempts == 0) return;
        Give(after.RetryAt is null ? StoreNoticeKind.Parked : StoreNoticeKind.Retrying, notice => notice with
        {
            Partition = after.Partition,
            Position = after.Position,
            Attempts = after.Attempts,
            RetryAt = after.RetryAt,
            Reason = after.ErrorType,
        });
    }

    /// <summary>An event has failed, and everything waits until it is tried again.</summary>
    public void Retrying(FeedEvent failed, Exception error, int attempts, DateTimeOffset retryAt) =>
        Give(StoreNoticeKind.Retrying, notice => notice with
        {
            Partition = failed.Stream,
            Position = failed.Position,
            Attempts = attempts,
            RetryAt = retryAt,
            Reason = StoreDiagnostics.TypeOf(error),
        });

    /// <summary>An event has failed while one document was rebuilt, and the old one stays.</summary>
    public void DocumentRebuildFailed(FoldFailure failure) => Give(StoreNoticeKind.DocumentRebuildFailed, notice => notice with
    {
        Partition = failure.Partition.Name,
        Position = failure.Event.Position,
        Reason = StoreDiagnostics.TypeOf(failure.Error),
    });

    /// <summary>The storage has failed, and is tried again.</summary>
    public void StorageFailed(Exception error, int attempts, DateTimeOffset retryAt) =>
        Give(StoreNoticeKind.StorageFailed, notice => notice with
        {
            Attempts = attempts,
            RetryAt = retryAt,
            Reason = StoreDiagnostics.TypeOf(error),
        });

    /// <summary>It does nothing any more until it is started again.</summary>
    public void Failed(Exception error) => Give(StoreNoticeKind.Failed, notice => notice with
    {
        Position = (error as ProjectionFailedException)?.Position ?? 0,
        Reason = StoreDiagnostics.TypeOf(error),
    });

    /// <summary>It runs here from now on.</summary>
    /// <param name="position">Where it goes on.</param>
    /// <param name="wasOwned">Whether it belonged to another process.</param>
    /// <param name="before">What is known of that process.</param>
    public void Started(long position, bool wasOwned, LeaseHolderRecord? before) =>
        Give(wasOwned ? StoreNoticeKind.TakenOver : StoreNoticeKind.Started, notice => notice with
        {
            Position = position,
            Machine = before?.Machine,
            ProcessId = before?.ProcessId ?? 0,
        });

    private void Give(StoreNoticeKind kind, Func<StoreNotice, StoreNotice> complete) => store.Diagnostics.Notify(kind, name, complete);
}
