using Microsoft.Extensions.Logging;

namespace EventSourcing;

/// <summary>
/// What a host logs of its stores. Ids are fixed: those of notices are 1000 and the number of the notice's kind. Nothing here carries a
/// payload, the message of an exception or a connection string.
/// </summary>
internal static partial class StoreLog
{
    public const string Category = "EventSourcing";

    /// <summary>Logs a notice of a store.</summary>
    public static void Notice(ILogger logger, StoreNotice notice)
    {
        var (store, subject, partition, position) = (notice.Store, notice.Subject, notice.Partition, notice.Position);
        switch (notice.Kind)
        {
            case StoreNoticeKind.Started:
                Started(logger, store, subject, position);
                break;
            case StoreNoticeKind.TakenOver:
                TakenOver(logger, store, subject, position, notice.Machine, notice.ProcessId);
                break;
            case StoreNoticeKind.Lost:
                Lost(logger, store, subject, position);
                break;
            case StoreNoticeKind.Retrying:
                Retrying(logger, store, subject, partition, position, notice.Reason, notice.Attempts, notice.RetryAt);
                break;
            case StoreNoticeKind.Parked:
                Parked(logger, store, subject, partition, position, notice.Reason, notice.Attempts);
                break;
            case StoreNoticeKind.Released:
                Released(logger, store, subject, partition);
                break;
            case StoreNoticeKind.StorageFailed:
                StorageFailed(logger, store, subject, notice.Reason, notice.Attempts, notice.RetryAt);
                break;
            case StoreNoticeKind.StorageRecovered:
                StorageRecovered(logger, store, subject, position);
                break;
            case StoreNoticeKind.Failed:
                Failed(logger, store, subject, position, notice.Reason);
                break;
            case StoreNoticeKind.Stopped:
                Stopped(logger, store, subject);
                break;
            case StoreNoticeKind.Replaced:
                Replaced(logger, store, subject);
                break;
            case StoreNoticeKind.RebuildStarted:
                RebuildStarted(logger, store, subject, position);
                break;
            case StoreNoticeKind.Rebuilt:
                Rebuilt(logger, store, subject, position);
                break;
            case StoreNoticeKind.HandlerAbandoned:
                HandlerAbandoned(logger, store, subject, position);
                break;
            case StoreNoticeKind.CheckpointFailed:
                CheckpointFailed(logger, store, subject, notice.Reason);
                break;
            case StoreNoticeKind.SnapshotRejected:
                SnapshotRejected(logger, store, subject, notice.Reason);
                break;
            case StoreNoticeKind.DocumentRebuildFailed:
                DocumentRebuildFailed(logger, store, subject, partition, position, notice.Reason);
                break;
        }
    }

    [LoggerMessage(900, LogLevel.Information, "Store '{Store}' is open, at position {Position}")]
    public static partial void Opened(ILogger logger, string store, long position);

    [LoggerMessage(901, LogLevel.Warning,
        "Store '{Store}' cannot be opened yet ({Error}); it is tried again for {Left}, and then the start fails with that error")]
    public static partial void OpeningAgain(ILogger logger, string store, string error, TimeSpan left);

    [LoggerMessage(902, LogLevel.Information, "Store '{Store}' is closed")]
    public static partial void Closed(ILogger logger, string store);

    [LoggerMessage(903, LogLevel.Warning,
        "'{Projection}' of store '{Store}' is started again in {Pause}, after {Failures} failures in a row")]
    public static partial void Restarting(ILogger logger, string store, string projection, TimeSpan pause, int failures);

    [LoggerMessage(904, LogLevel.Critical, "'{Projection}' of store '{Store}' has failed, so the app is stopped, as its settings say")]
    public static partial void StoppingHost(ILogger logger, string store, string projection);

    [LoggerMessage(905, LogLevel.Error,
        "'{Projection}' of store '{Store}' has failed and stays so, as its settings say, until it is started by an order")]
    public static partial void LeftFailed(ILogger logger, string store, string projection);

    [LoggerMessage(906, LogLevel.Warning, "The status of store '{Store}' cannot be read: {Error}")]
    public static partial void StatusUnknown(ILogger logger, string store, string error);

    [LoggerMessage(907, LogLevel.Error,
        "The settings of store '{Store}' cannot be used, so those before stay in force until they are corrected: {Flaw}")]
    public static partial void SettingsRefused(ILogger logger, string store, string flaw);

    [LoggerMessage(1000, LogLevel.Information, "'{Projection}' of store '{Store}' runs here, from position {Position}")]
    private static partial void Started(ILogger logger, string store, string projection, long position);

    [LoggerMessage(1001, LogLevel.Information,
        "'{Projection}' of store '{Store}' runs here, from position {Position}: taken over from process {ProcessId} on '{Machine}'")]
    private static partial void TakenOver(ILogger logger, string store, string projection, long position, string? machine, int processId);

    [LoggerMessage(1002, LogLevel.Warning, "'{Projection}' of store '{Store}' was taken over by another process, at position {Position}")]
    private static partial void Lost(ILogger logger, string store, string projection, long position);

    [LoggerMessage(1003, LogLevel.Information,
        "'{Projection}' of store '{Store}' has failed on '{Partition}' at position {Position} with {Error}, {Attempts} times; it "
        + "is tried again at {RetryAt}")]
    private static partial void Retrying(
        ILogger logger, string store, string projection, string? partition, long position, string? error,
        int attempts, DateTimeOffset? retryAt);

    [LoggerMessage(1004, LogLevel.Warning,
        "'{Projection}' of store '{Store}' has parked '{Partition}' at position {Position}, after {Attempts} failures with "
        + "{Error}. Its events wait until it is resumed or skipped")]
    private static partial void Parked(
        ILogger logger, string store, string projection, string? partition, long position, string? error, int attempts);

    [LoggerMessage(1005, LogLevel.Information, "'{Projection}' of store '{Store}' holds '{Partition}' back no longer")]
    private static partial void Released(ILogger logger, string store, string projection, string? partition);

    [LoggerMessage(1006, LogLevel.Warning,
        "The storage of store '{Store}' fails under '{Projection}' with {Error}, {Attempts} times; it is tried again at {RetryAt}")]
    private static partial void StorageFailed(
        ILogger logger, string store, string projection, string? error, int attempts, DateTimeOffset? retryAt);

    [LoggerMessage(1007, LogLevel.Information,
        "'{Projection}' of store '{Store}' goes on at position {Position} after the storage had failed")]
    private static partial void StorageRecovered(ILogger logger, string store, string projection, long position);

    [LoggerMessage(1008, LogLevel.Error,
        "'{Projection}' of store '{Store}' has failed at position {Position} with {Error}; its status has the message")]
    private static partial void Failed(ILogger logger, string store, string projection, long position, string? error);

    [LoggerMessage(1009, LogLevel.Information, "'{Projection}' of store '{Store}' was stopped by an order")]
    private static partial void Stopped(ILogger logger, string store, string projection);

    [LoggerMessage(1010, LogLevel.Information, "'{Projection}' of store '{Store}' stands by for another version of it")]
    private static partial void Replaced(ILogger logger, string store, string projection);

    [LoggerMessage(1011, LogLevel.Information, "'{Projection}' of store '{Store}' is rebuilt, up to position {Position}")]
    private static partial void RebuildStarted(ILogger logger, string store, string projection, long position);

    [LoggerMessage(1012, LogLevel.Information, "'{Projection}' of store '{Store}' serves its new read model, at position {Position}")]
    private static partial void Rebuilt(ILogger logger, string store, string projection, long position);

    [LoggerMessage(1013, LogLevel.Error,
        "A handler of '{Projection}' of store '{Store}' did not end at position {Position} and was given up")]
    private static partial void HandlerAbandoned(ILogger logger, string store, string projection, long position);

    [LoggerMessage(1014, LogLevel.Error, "A checkpoint of '{Origin}' of store '{Store}' could not be signed or written: {Error}")]
    private static partial void CheckpointFailed(ILogger logger, string store, string origin, string? error);

    [LoggerMessage(1015, LogLevel.Warning, "A snapshot of '{Stream}' of store '{Store}' was rejected: {Reason}")]
    private static partial void SnapshotRejected(ILogger logger, string store, string stream, string? reason);

    [LoggerMessage(1016, LogLevel.Error,
        "The document '{Partition}' of '{Projection}' of store '{Store}' was not rebuilt, and stays as it was: the event at position "
        + "{Position} has failed with {Error}")]
    private static partial void DocumentRebuildFailed(
        ILogger logger, string store, string projection, string? partition, long position, string? error);
}
