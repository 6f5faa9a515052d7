namespace EventSourcing;

/// <summary>
/// Which partitions a run holds back, as they are stored, and when each is tried again. A parked partition has a position of its own, and
/// no event of it after that position has been applied. Nothing is copied: to go on, the log is folded from there, for that partition
/// alone. Only the run uses it.
/// </summary>
internal sealed class ParkedPartitions(RunContext context, RunReport report)
{
    private Dictionary<string, Parked> _parked = new(StringComparer.Ordinal);

    public int Count => _parked.Count;

    /// <summary>The same for handlers: which events are held back.</summary>
    public ParkedSet Set { get; private set; } = ParkedSet.Empty;

    private DateTimeOffset Now => context.Clock.GetUtcNow();

    public static Partition PartitionOf(ParkedRecord record) => new(record.Kind, record.Partition);

    /// <summary>The partitions that are due by now.</summary>
    public IReadOnlyList<ReadDocument<ParkedRecord>> Due()
    {
        if (_parked.Count == 0) return [];
        var now = context.Clock.GetTimestamp();
        return [.. _parked.Values.Where(parked => parked.DueAt <= now).Select(parked => parked.Document)];
    }

    /// <summary>How long until the next partition is due; null if all wait for an order.</summary>
    public TimeSpan? UntilDue()
    {
        if (_parked.Count == 0 || _parked.Values.Min(parked => parked.DueAt) is not { } due) return null;
        var left = context.Clock.GetElapsedTime(context.Clock.GetTimestamp(), due);
        return left > TimeSpan.Zero ? left : TimeSpan.Zero;
    }

    public ReadDocument<ParkedRecord> Get(string key) => _parked[key].Document;

    public ReadDocument<ParkedRecord>? Find(Partition partition) =>
        _parked.Values.FirstOrDefault(parked => PartitionOf(parked.Document.Content) == partition)?.Document;

    /// <summary>
    /// Reads the partitions as they are stored now: an order may have changed them, or another process may have left some behind.
    /// </summary>
    /// <param name="run">The run's document, which says how many partitions there must be.</param>
    /// <param name="isBuilding">Whether the run's read model does not serve yet.</param>
    /// <param name="stop">Cancels the reads.</param>
    public async ValueTask ReadAsync(ReadDocument<RunRecord> run, bool isBuilding, CancellationToken stop)
    {
        var all = await context.Documents.ListStoredAsync(ControlDocuments.Parked, context.Name, stop).ConfigureAwait(false);
        var parked = new Dictionary<string, Parked>(StringComparer.Ordinal);
        var set = new ParkedSet();
        foreach (var stored in all)
        {
            // A record that cannot be read belongs to the read model that is being replaced, so it does not prevent building the
            // replacement.
            var record = isBuilding
                ? RecordJson.TryRead<ParkedRecord>(stored.Data.Span)
                : RecordJson.Read<ParkedRecord>(ControlDocuments.Parked, stored.Key, stored.Data.Span, context.Name);
            if (record is null || record.Generation != context.Generation) continue;

            // The time of the next try is kept by this process only. A partition that another process has left behind, or that was ordered,
            // is due at once.
            var document = new ReadDocument<ParkedRecord>(ControlDocuments.Parked, stored.Key, stored.Data, record);
            var dueAt = record is { RetryAt: null, Skip: null } ? (long?)null
                : _parked.TryGetValue(stored.Key, out var same) && same.Document.Bytes.Span.SequenceEqual(stored.Data.Span) ? same.DueAt
                : context.Clock.GetTimestamp();
            parked.Add(stored.Key, new Parked(document, dueAt));
            set.Set(PartitionOf(record), record.After);
        }

        _parked = parked;
        Set = set;
        report.Parked = _parked.Count;
        if (_parked.Count != run.Content.Parked) await ThrowIfMissingAsync(run, stop).ConfigureAwait(false);
    }

    /// <summary>Parks a partition that has failed for the first time.</summary>
    public ParkedChange Park(FoldFailure failure)
    {
        var (kind, name) = failure.Partition;
        var after = failure.Event.Position - 1;
        var record = new ParkedRecord(context.Name, context.Generation, kind, name, after, 0, "", "", "", "", 0, Now, null, null);
        return new ParkedChange(null, FailedAgain(record, failure), null);
    }

    /// <summary>The record after another failure.</summary>
    public ParkedRecord FailedAgain(ParkedRecord record, FoldFailure failure)
    {
        var attempts = record.Position == failure.Event.Position ? record.Attempts + 1 : 1;
        report.LastError = new ProjectionFailedException(context.Name, failure.Event, failure.Error);
        return record with
        {
            After = failure.Event.Position - 1,
            Position = failure.Event.Position,
            Stream = failure.Event.Stream,
            Type = failure.Event.Type,
            Error = Names.MessageOf(failure.Error),
            ErrorType = failure.Error.GetType().FullName ?? "",
            Attempts = attempts,
            RetryAt = context.Retries.PauseAfter(attempts) is { } pause ? Now + pause : null,
        };
    }

    /// <summary>How many partitions are parked after some changes.</summary>
    public int CountAfter(IReadOnlyList<ParkedChange> changes) =>
        _parked.Count + changes.Count(change => change.Before is null) - changes.Count(change => change.After is null);

    /// <summary>How many partitions are tried again without an order, after some changes; null for none.</summary>
    public int? RetriesAfter(IReadOnlyList<ParkedChange> changes)
    {
        if (_parked.Count == 0 && changes.Count == 0) return null;
        var count = changes.Count(change => change.After is { RetryAt: not null });
        count += _parked.Values.Count(parked => parked.DueAt is not null && !changes.Any(change => change.Key == parked.Document.Key));
        return count == 0 ? null : count;
    }

    /// <summary>A change was committed.</summary>
    public void Remember(ParkedChange change)
    {
        if (context.Notices.IsWanted) context.Notices.PartitionChanged(change);
        if (change.After is not { } after)
        {
            _parked.Remove(change.Key);
            if (_parked.Count == 0 && report.LastError is ProjectionFailedException) report.LastError = null;
            Set = new ParkedSet();
            foreach (var parked in _parked.Values) Set.Set(PartitionOf(parked.Document.Content), parked.Document.Content.After);
            return;
        }

        // If no attempts are counted, it has not failed: it only waits for its turn to go on.
        var pause = after.Attempts == 0 ? TimeSpan.Zero : context.Retries.PauseAfter(after.Attempts);
        long? due = after.RetryAt is null || pause is null ? null
            : context.Clock.GetTimestamp() + (long)(pause.Value.TotalSeconds * context.Clock.TimestampFrequency);
        _parked[change.Key] = new Parked(new ReadDocument<ParkedRecord>(ControlDocuments.Parked, change.Key, change.Written, after), due);
        if (Set == ParkedSet.Empty) Set = new ParkedSet();
        Set.Set(PartitionOf(after), after.After);
    }

    /// <summary>Throws the reason why there are fewer or more records than the run says.</summary>
    private async ValueTask ThrowIfMissingAsync(ReadDocument<RunRecord> run, CancellationToken stop)
    {
        var now = await context.Documents.FindStoredAsync(ControlDocuments.Runs, context.Key, stop).ConfigureAwait(false);
        if (now is null || !run.Bytes.Span.SequenceEqual(now)) throw new ReadModelConflictException(ControlDocuments.Runs, context.Key);
        throw new ReadModelDamagedException(
            context.Name,
            $"{run.Content.Parked} of its streams or documents are parked, "
            + $"and there are records of {_parked.Count} in '{ControlDocuments.Parked}'");
    }

    /// <summary>
    /// A parked partition and when it is tried again, as a timestamp of the storage's clock; null if it waits for an order.
    /// </summary>
    private sealed record Parked(ReadDocument<ParkedRecord> Document, long? DueAt);
}
