namespace EventSourcing.Testing;

/// <summary>One way to run a projection over a history.</summary>
internal abstract class ProjectionRun(string name)
{
    /// <summary>How often a projection is stopped and started again on its way through a history, at most.</summary>
    private const int MaxPieces = 32;

    public static IReadOnlyList<ProjectionRun> All { get; } =
    [
        new Background("async, all in one batch", int.MaxValue),
        new Background("async, in batches of 1 event", 1),
        new Background("async, in batches of 2 events", 2),
        new Restarted("async, started again with a new object in between"),
        new Inline("inline, as it was appended", oneByOne: false, late: false),
        new Inline("inline, event by event", oneByOne: true, late: false),
        new Inline("inline from the middle on", oneByOne: false, late: true),
    ];

    public string Name => name;

    /// <summary>Folds a copy of the history. The caller disposes the store.</summary>
    public async Task<EventStore> FoldAsync(HistoryCopies history, Func<Projection> create, CancellationToken cancellationToken)
    {
        var copy = await history.OpenAsync(IsInline ? create() : null, cancellationToken).ConfigureAwait(false);
        try
        {
            await FoldAsync(history, copy, create, cancellationToken).ConfigureAwait(false);
            return copy.Store;
        }
        catch
        {
            await copy.Store.DisposeAsync().ConfigureAwait(false);
            throw;
        }
    }

    /// <summary>Whether the projection runs inline on the copy.</summary>
    protected virtual bool IsInline => false;

    protected abstract Task FoldAsync(
        HistoryCopies history, CopiedStore copy, Func<Projection> create, CancellationToken cancellationToken);

    private static async Task CatchUpAsync(
        EventStore store, Projection projection, int maxBatchEvents, TimeSpan patience, CancellationToken cancellationToken)
    {
        var options = new ProjectionOptions { OnFailure = FailureMode.Stop, RetryDelays = [], MaxBatchEvents = maxBatchEvents };
        var running = store.StartProjections(options, projection);
        await using (running.ConfigureAwait(false)) await running.CatchUpAsync(patience, cancellationToken).ConfigureAwait(false);
    }

    private sealed class Background(string name, int maxBatchEvents) : ProjectionRun(name)
    {
        protected override async Task FoldAsync(
            HistoryCopies history, CopiedStore copy, Func<Projection> create, CancellationToken cancellationToken)
        {
            await history.AppendRawAsync(copy, 0, history.Count, cancellationToken).ConfigureAwait(false);
            await CatchUpAsync(copy.Store, create(), maxBatchEvents, history.Patience, cancellationToken).ConfigureAwait(false);
        }
    }

    private sealed class Restarted(string name) : ProjectionRun(name)
    {
        protected override async Task FoldAsync(
            HistoryCopies history, CopiedStore copy, Func<Projection> create, CancellationToken cancellationToken)
        {
            var pieces = Math.Clamp(history.Count, 1, MaxPieces);
            for (var piece = 0; piece < pieces; piece++)
            {
                var first = (int)((long)history.Count * piece / pieces);
                var next = (int)((long)history.Count * (piece + 1) / pieces);
                await history.AppendRawAsync(copy, first, next - first, cancellationToken).ConfigureAwait(false);
                await CatchUpAsync(copy.Store, create(), int.MaxValue, history.Patience, cancellationToken).ConfigureAwait(false);
            }
        }
    }

    private sealed class Inline(string name, bool oneByOne, bool late) : ProjectionRun(name)
    {
        protected override bool IsInline => true;

        protected override async Task FoldAsync(
            HistoryCopies history, CopiedStore copy, Func<Projection> create, CancellationToken cancellationToken)
        {
            var before = late ? history.Count / 2 : 0;
            await history.AppendRawAsync(copy, 0, before, cancellationToken).ConfigureAwait(false);
            await copy.Store.StartInlineProjectionsAsync(cancellationToken).ConfigureAwait(false);
            await history.AppendAsync(copy, before, history.Count - before, oneByOne, cancellationToken).ConfigureAwait(false);

            // Events appended directly to the storage at the end are not caught up with otherwise.
            await CatchUpAsync(copy.Store, create(), int.MaxValue, history.Patience, cancellationToken).ConfigureAwait(false);
        }
    }
}
