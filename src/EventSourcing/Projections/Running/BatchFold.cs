using System.Data.Common;

namespace EventSourcing;

/// <summary>Calls the handlers of a run, which are code of the app.</summary>
internal sealed class BatchFold(RunContext context, RunPlace place, ParkedPartitions parked, RunReport report)
{
    private HandlerWatch Handlers => report.Handlers;

    /// <summary>Folds events. Nothing is written yet, unless the handlers have effects outside the store.</summary>
    /// <param name="events">The events, in order.</param>
    /// <param name="only">The one partition to fold, or null for all.</param>
    /// <param name="stop">Cancels the handlers.</param>
    public async ValueTask<Fold> FoldAsync(IReadOnlyList<FeedEvent> events, Partition? only, CancellationToken stop)
    {
        // Before anything is done that cannot be undone.
        if (context.Subscriber.HasEffects && !place.IsCertainlyMine) await place.ThrowIfLostAsync(stop).ConfigureAwait(false);

        var isInOrder = context.Options.OnFailure == FailureMode.Stop;
        var input = InputOf(events, context.ReadModels.LoadAsync, only, isInOrder) with
        {
            Watch = Handlers,
            Scopes = context.Options.DeliveryScopes,
        };
        if (!context.Subscriber.HasEffects && events.Count > 0) Handlers.BeginBatch(events[0].Position);
        try
        {
            var fold = await HandleAsync(input, stop).ConfigureAwait(false);
            return fold.Tables is { } tables
                ? fold with { Tables = (connection, token) => RunAsync(tables, events[0].Position, connection, token) }
                : fold;
        }
        finally
        {
            Handlers.EndBatch();
        }
    }

    public FoldInput InputOf(IReadOnlyList<FeedEvent> events, DocumentLoader load, Partition? only, bool isInOrder) =>
        new(context.Store, context.Generation, place.IsBuilding, events, load, parked.Set, only, isInOrder);

    public ValueTask<Fold> HandleAsync(FoldInput input, CancellationToken stop) => context.Store.AppCode.RunAsync(
        context.Holder,
        $"a handler of '{context.Name}'",
        (context.Subscriber, input, stop),
        static of => of.Subscriber.FoldAsync(of.input, of.stop));

    /// <summary>Runs SQL of the projection within the storage's commit. If the run was given up, the SQL is rolled back.</summary>
    private async ValueTask RunAsync(TableWork tables, long position, DbConnection connection, CancellationToken cancellationToken)
    {
        Handlers.BeginBatch(position);
        try
        {
            var call = (tables, connection, cancellationToken);
            await context.Store.AppCode.RunAsync(context.Holder, $"a handler of '{context.Name}'", call, static async of =>
            {
                await of.tables(of.connection, of.cancellationToken).ConfigureAwait(false);
                return true;
            }).ConfigureAwait(false);
            context.Holder.GivenUp.ThrowIfCancellationRequested();
        }
        finally
        {
            Handlers.EndBatch();
        }
    }
}
