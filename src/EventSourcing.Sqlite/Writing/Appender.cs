using System.Diagnostics;

namespace EventSourcing;

/// <summary>
/// Hands appends to the group commit. It looks for their conditions beforehand, so that the lock is held for less time, and measures how
/// long they wait for it. Thread-safe.
/// </summary>
internal sealed class Appender(SqliteEventStorage storage, GroupCommit<WriteWork> commits, StorageTelemetry telemetry)
{
    public ValueTask<AppendResult> AppendAsync(AppendRequest request, CancellationToken cancellationToken) => request.Conditions.Count > 0
        ? AppendOnConditionAsync(request, cancellationToken)
        : CommitAsync(request, scouted: null, cancellationToken);

    private async ValueTask<AppendResult> AppendOnConditionAsync(AppendRequest request, CancellationToken cancellationToken)
    {
        var scouted = await ConditionScout.LookAsync(storage, request, cancellationToken).ConfigureAwait(false);
        return await CommitAsync(request, scouted, cancellationToken).ConfigureAwait(false);
    }

    private ValueTask<AppendResult> CommitAsync(AppendRequest request, ScoutedCondition[]? scouted, CancellationToken cancellationToken)
    {
        var work = request.ReadModels is null
            ? new AppendWork(request, scouted)
            : new InlineAppendWork(request, scouted, storage.UserCode, cancellationToken);
        return telemetry.WantsLockWaits
            ? CommitMeasuredAsync(work, cancellationToken)
            : work.CommitAsync(commits, cancellationToken);
    }

    /// <summary>Commits an append, and reports how long it waited until a group took it.</summary>
    private async ValueTask<AppendResult> CommitMeasuredAsync(AppendWork work, CancellationToken cancellationToken)
    {
        cancellationToken.ThrowIfCancellationRequested();
        storage.UserCode.ThrowIfWithin(UserCode.Kind.Write, "write to it");
        work.IsMeasured = true;
        var began = Stopwatch.GetTimestamp();
        try
        {
            return await work.CommitAsync(commits, cancellationToken).ConfigureAwait(false);
        }
        finally
        {
            var until = work.TakenAt == 0 ? Stopwatch.GetTimestamp() : work.TakenAt;
            telemetry.LockWaited(Stopwatch.GetElapsedTime(began, until));
        }
    }
}
