namespace EventSourcing;

/// <summary>
/// Carries out the orders to rebuild single documents: each from the whole log up to the run's position, in one commit.
/// </summary>
internal sealed class DocumentRebuild(RunContext context, RunPlace place, ParkedPartitions parked, BatchFold handlers)
{
    public async ValueTask CarryOutAsync(CancellationToken stop)
    {
        var orders = await context.Documents.ListAsync<RefoldRecord>(ControlDocuments.Refolds, context.Name, stop).ConfigureAwait(false);
        foreach (var order in orders)
        {
            if (context.Subscriber is TableProjection)
            {
                // It has no documents. The order was stored all the same, since the process that gave it may not know the projection.
                await place.CommitAsync([order.Deletion], null, place.Position, [], stop).ConfigureAwait(false);
                continue;
            }

            await RebuildAsync(order, stop).ConfigureAwait(false);
        }
    }

    private async ValueTask RebuildAsync(ReadDocument<RefoldRecord> order, CancellationToken stop)
    {
        var partition = new Partition(ParkedKind.Document, order.Content.Key);
        var before = parked.Find(partition);
        var (change, failure) = await FoldAsync(partition, stop).ConfigureAwait(false);
        if (failure is not null && before is null)
        {
            // The document is whole, and what was folded now is not. If it were held back from here on, what it has already would be
            // folded again.
            await place.CommitAsync([order.Deletion], null, place.Position, [], stop).ConfigureAwait(false);
            if (context.Notices.IsWanted) context.Notices.DocumentRebuildFailed(failure);
            return;
        }

        List<ParkedChange> changes = failure is not null
            ? [new ParkedChange(before, parked.FailedAgain(before!.Content, failure), null)]
            : before is null ? [] : [new ParkedChange(before, null, null)];
        await place.CommitAsync([change, order.Deletion], null, place.Position, changes, stop).ConfigureAwait(false);
    }

    /// <summary>Folds the whole log into one document.</summary>
    /// <returns>The change to write, and the failure before which the fold stopped, if there was one.</returns>
    private async ValueTask<(DocumentChange Change, FoldFailure? Failure)> FoldAsync(Partition partition, CancellationToken stop)
    {
        var change = new DocumentChange(((Projection)context.Subscriber).ModelOf(context.Generation), partition.Name, null);
        byte[]? document = null;
        var limit = Math.Min(Parking.PartitionScan, context.MaxBatchEvents);
        var read = new LogRead { UpTo = place.Position, Filter = context.Filter.Stored, Limit = limit };
        for (var isEnd = place.Position == 0; !isEnd;)
        {
            using var page = await context.Store.Storage.ReadLogAsync(read, stop).ConfigureAwait(false);
            var events = new List<FeedEvent>(page.Count);
            for (var i = 0; i < page.Count; i++) FeedEvent.AddTo(events, context.Store, page.Events[i], context.Filter);
            var before = document;
            DocumentLoader load = (_, _, _) => ValueTask.FromResult<IReadOnlyList<byte[]?>>([before]);
            var input = handlers.InputOf(events, load, partition, isInOrder: true);
            var fold = await handlers.HandleAsync(input, stop).ConfigureAwait(false);
            if (fold.Changes.Count > 0)
            {
                change = fold.Changes[0];
                document = change.Data?.ToArray();
            }

            if (fold.Failures.Count > 0) return (change, fold.Failures[0]);
            read = read with { After = page.Next };
            isEnd = page.IsEnd;
        }

        return (change, null);
    }
}
