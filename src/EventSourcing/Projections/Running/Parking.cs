namespace EventSourcing;

/// <summary>
/// Goes on with parked partitions when they are due: folds the events that each has missed, in order, up to its next failure.
/// </summary>
internal sealed class Parking(RunContext context, RunPlace place, ParkedPartitions parked, BatchFold handlers)
{
    /// <summary>The most events that are read at once for one partition.</summary>
    public const int PartitionScan = 20_000;

    public async ValueTask GoOnWithDueAsync(CancellationToken stop)
    {
        foreach (var due in parked.Due()) await GoOnAsync(due, stop).ConfigureAwait(false);
    }

    /// <summary>Folds the events that a partition has missed, up to the position of the run or the next failure.</summary>
    private async ValueTask GoOnAsync(ReadDocument<ParkedRecord> partition, CancellationToken stop)
    {
        var (content, skipped) = CarryOutSkip(partition.Content);
        var filter = FilterOf(content);
        var leftOut = content.Kind == ParkedKind.Document ? await LeftOutOfStreamsAsync(stop).ConfigureAwait(false) : [];
        while (true)
        {
            var limit = Math.Min(PartitionScan, context.MaxBatchEvents);
            var read = new LogRead { After = content.After, UpTo = place.Position, Filter = filter.Stored, Limit = limit };
            FeedPage missed;
            using (var page = await context.Store.Storage.ReadLogAsync(read, stop).ConfigureAwait(false))
            {
                var events = new List<FeedEvent>(page.Count);
                for (var i = 0; i < page.Count; i++)
                {
                    if (!leftOut.Contains(page.Events[i].Position)) FeedEvent.AddTo(events, context.Store, page.Events[i], filter);
                }

                missed = new FeedPage(content.After, events, page.Next, page.IsEnd);
            }

            var after = await FoldMissedAsync(partition, content, missed, skipped, stop).ConfigureAwait(false);
            if (after is null || after.After != missed.Next) return;
            skipped = null;
            content = after;
            partition = parked.Get(partition.Key);
        }
    }

    /// <summary>
    /// Leaves out the event that an order names, if there is an order. An order is for the event that had failed when it was given, and is
    /// valid only if that event has not succeeded since.
    /// </summary>
    private (ParkedRecord Content, DocumentChange? Skipped) CarryOutSkip(ParkedRecord content)
    {
        if (content.Skip is not { } skip) return (content, null);
        content = content with { Skip = null };
        if (skip.Position != content.Position || !content.IsStuck) return (content, null);
        var record = new SkippedRecord(
            content.Projection,
            context.Generation,
            content.Kind,
            content.Partition,
            content.Position,
            content.Error,
            skip.By,
            skip.Reason,
            skip.At);
        var skipped = ControlDocuments.Write(ControlDocuments.Skipped, Guid.CreateVersion7().ToString("N"), record, context.Name);
        return (content with { After = content.Position, Attempts = 0 }, skipped);
    }

    /// <summary>
    /// The events that were left out of their streams, and thus out of all documents. That includes a document that was parked then and
    /// reaches the events only now.
    /// </summary>
    private async ValueTask<HashSet<long>> LeftOutOfStreamsAsync(CancellationToken stop)
    {
        var skipped = await context.Documents.ListAsync<SkippedRecord>(ControlDocuments.Skipped, context.Name, stop).ConfigureAwait(false);
        return
        [
            .. skipped.Where(s => s.Content.Generation == context.Generation && s.Content.Kind == ParkedKind.Stream)
                .Select(s => s.Content.Position),
        ];
    }

    /// <summary>Folds and commits a page of one partition, up to the first failure if there is one.</summary>
    /// <returns>The new record of the partition; null if nothing of it is held back any more.</returns>
    private async ValueTask<ParkedRecord?> FoldMissedAsync(
        ReadDocument<ParkedRecord> before, ParkedRecord content, FeedPage missed, DocumentChange? skipped, CancellationToken stop)
    {
        var partition = ParkedPartitions.PartitionOf(content);
        var events = missed.Events;
        FoldFailure? failure = null;
        while (true)
        {
            try
            {
                var fold = await handlers.FoldAsync(events, partition, stop).ConfigureAwait(false);
                failure = fold.Failures.MinBy(f => f.Event.Position) ?? failure;
                var after = failure is not null ? parked.FailedAgain(content, failure)
                    : missed.IsEnd ? null
                    : content with { After = missed.Next, Attempts = 0, RetryAt = content.RetryAt ?? context.Clock.GetUtcNow() };
                var change = new ParkedChange(before, after, skipped);
                await place.CommitAsync(fold.Changes, fold.Tables, place.Position, [change], stop).ConfigureAwait(false);
                return after;
            }
            catch (ProjectionFailedException e) when (failure is null || e.Position < failure.Event.Position)
            {
                failure = new FoldFailure(partition, events.First(candidate => candidate.Position == e.Position), e.InnerException ?? e);
                events = [.. events.TakeWhile(candidate => candidate.Position < e.Position)];
            }
        }
    }

    /// <summary>
    /// The events that may belong to a partition. For a stream these are the events of all streams whose names begin with its name.
    /// </summary>
    private EventFilter FilterOf(ParkedRecord record) =>
        record.Kind == ParkedKind.Stream ? context.Filter.InStreams(record.Partition) : context.Filter;
}
