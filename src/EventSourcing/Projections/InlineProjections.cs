namespace EventSourcing;

/// <summary>
/// Folds projections within each append, in its transaction and under its lock: read models are never behind the events, and no two appends
/// can race. If another process has appended events without these projections, the events are folded first, in the same transaction.
/// </summary>
internal sealed class InlineProjections : InlineReadModels
{
    private const int MaxMissed = 10_000;
    private readonly EventStore _store;
    private readonly Lock _lock = new();
    private readonly IReadOnlyList<Projection> _declared;
    private readonly IReadOnlyList<Inline> _projections;
    private Task? _starting;
    private volatile bool _isReady;

    /// <summary>Folds projections within each append.</summary>
    /// <param name="store">The store.</param>
    /// <param name="projections">The projections, valid.</param>
    public InlineProjections(EventStore store, IReadOnlyList<Projection> projections)
    {
        _store = store;
        _declared = projections;
        _projections = [.. projections.Select(projection =>
            new Inline(projection, projection.FingerprintOn(store), projection.FilterFor(store)))];
        Fold = FoldAsync;
    }

    public override Func<IAppendTransaction, CancellationToken, ValueTask<ReadModelCommit>> Fold { get; }

    /// <remarks>A store that was opened read-only refuses the append itself.</remarks>
    public override ValueTask ReadyAsync(CancellationToken cancellationToken) =>
        _isReady || _store.IsReadOnly ? ValueTask.CompletedTask : StartedAsync(cancellationToken);

    /// <summary>Puts the read models in place and folds what they have not seen yet.</summary>
    public async Task BringUpToDateAsync(CancellationToken cancellationToken)
    {
        await ProjectionExtensions.BringUpToDateAsync(_store, _declared, cancellationToken).ConfigureAwait(false);
        lock (_lock)
        {
            if (_isReady) return;

            // They stay inline for the lifetime of the store object.
            StartedSubscribers.Of(_store).Add(_declared);
            _isReady = true;
        }
    }

    private async ValueTask StartedAsync(CancellationToken cancellationToken)
    {
        Task starting;
        lock (_lock)
        {
            if (_isReady) return;

            // It neither runs in the context of the first append nor is cancelled with it: others wait for it too. If it fails when nobody
            // waits any more, the next append tries again.
            if (_starting is null or { IsCompleted: true })
                _starting = BackgroundTask.Start(() => BringUpToDateAsync(CancellationToken.None)).ToldElsewhere();
            starting = _starting;
        }

        await starting.WaitAsync(cancellationToken).ConfigureAwait(false);
    }

    private ValueTask<ReadModelCommit> FoldAsync(IAppendTransaction transaction, CancellationToken cancellationToken) =>
        _store.AppCode.RunAsync(this, "an inline projection", (this, transaction, cancellationToken), static of =>
            of.Item1.FoldWithinAsync(of.transaction, of.cancellationToken));

    private async ValueTask<ReadModelCommit> FoldWithinAsync(IAppendTransaction transaction, CancellationToken cancellationToken)
    {
        var commit = new ReadModelCommit();
        var changes = new List<DocumentChange>();
        foreach (var inline in _projections)
        {
            var (projection, fingerprint, filter) = (inline.Projection, inline.Fingerprint, inline.Filter);
            var directory = await FindAsync(
                transaction, ControlDocuments.Directory, projection.Name, inline.Directory, cancellationToken).ConfigureAwait(false);
            inline.Directory = directory ?? throw new ReadModelDamagedException(
                projection.Name, $"its record '{projection.Name}' in '{ControlDocuments.Directory}' is missing");
            var active = directory.Content.ActiveGeneration;
            if (active is null || active.Fingerprint != fingerprint)
                throw new InlineProjectionException(projection.Name, "its read model was replaced by that of another version");
            var run = await FindAsync(
                transaction,
                ControlDocuments.Runs,
                ControlDocuments.RunKey(projection.Name, active.Number),
                inline.Run,
                cancellationToken).ConfigureAwait(false);
            if (run is null) throw ReadModelWait.Missing(projection.Name, active.Number);
            if (run.Content.Parked > 0)
                throw new InlineProjectionException(
                    projection.Name,
                    $"{(run.Content.Parked == 1 ? "a stream or document" : $"{run.Content.Parked} streams or documents")} of it "
                    + $"{(run.Content.Parked == 1 ? "is" : "are")} held back",
                    "Resume or skip what is held back (store.ProjectionAdmin()), bring the projection up to date "
                    + "(StartInlineProjectionsAsync), and repeat the append.");

            LogIdentity.ThrowIfAhead(projection.Name, run.Content, head: transaction.Events[0].Position - 1);
            if (!ReferenceEquals(run, inline.Run))
                await LogIdentity.CheckEventAsync(
                    transaction.ReadLogAsync, projection.Name, run.Content, cancellationToken).ConfigureAwait(false);
            var events = await MissedAsync(transaction, run.Content.Position, filter, projection, cancellationToken).ConfigureAwait(false);
            foreach (var stored in transaction.Events)
            {
                if (filter.Stored.Matches(stored.Type, stored.Stream, stored.Tags)) FeedEvent.AddTo(events, _store, stored, filter);
            }

            var input = new FoldInput(
                _store, active.Number, IsBuilding: false, events, transaction.LoadAsync, ParkedSet.Empty, Only: null, InOrder: true);
            var fold = await projection.FoldAsync(input, cancellationToken).ConfigureAwait(false);
            if (fold.Failures.Count > 0)
                throw new ProjectionFailedException(projection.Name, fold.Failures[0].Event, fold.Failures[0].Error).AsOfAppend();
            changes.AddRange(fold.Changes);
            var last = transaction.Events[^1];
            var moved =
                run.Content with { Position = last.Position, Log = (run.Content.Log ?? LogIdentity.OfNothing) with { Event = last.Id } };
            var move = ControlDocuments.Write(ControlDocuments.Runs, run.Key, moved);
            changes.Add(move);
            inline.Run = new ReadDocument<RunRecord>(ControlDocuments.Runs, run.Key, move.Data!.Value, moved);
            if (fold.Tables is { } tables)
                commit = commit.Then(new ReadModelCommit { Tables = (connection, token) => RunAsync(tables, connection, token) });
        }

        return commit with { Changes = changes };
    }

    /// <summary>Runs SQL of a projection, marked as code of the app.</summary>
    private async ValueTask RunAsync(TableWork tables, System.Data.Common.DbConnection connection, CancellationToken cancellationToken) =>
        await _store.AppCode.RunAsync(this, "an inline projection", (tables, connection, cancellationToken), static async of =>
        {
            try
            {
                await of.tables(of.connection, of.cancellationToken).ConfigureAwait(false);
                return true;
            }
            catch (ProjectionFailedException failed)
            {
                throw failed.AsOfAppend();
            }
        }).ConfigureAwait(false);

    public override void Committed(long position)
    {
        foreach (var inline in _projections) _store.Signals.ProgressOf(inline.Projection.Name).Advance(position);
    }

    private async ValueTask<List<FeedEvent>> MissedAsync(
        IAppendTransaction transaction, long after, EventFilter filter, Projection projection, CancellationToken cancellationToken)
    {
        var events = new List<FeedEvent>();
        var head = transaction.Events[0].Position - 1;
        if (after >= head) return events;
        var read = new LogRead { After = after, Filter = filter.Stored };
        while (true)
        {
            using var page = await transaction.ReadLogAsync(read, cancellationToken).ConfigureAwait(false);
            for (var i = 0; i < page.Count; i++) FeedEvent.AddTo(events, _store, page.Events[i], filter);
            if (page.IsEnd) return events;
            if (events.Count > MaxMissed)
                throw new InlineProjectionException(
                    projection.Name, $"it is more than {MaxMissed} events behind, since other processes append without it");
            read = read with { After = page.Next };
        }
    }

    /// <summary>Reads a document of the library. Usually it is the known one; then it is not parsed again.</summary>
    private static async ValueTask<ReadDocument<T>?> FindAsync<T>(
        IAppendTransaction transaction, string model, string key, ReadDocument<T>? known, CancellationToken cancellationToken)
        where T : class, IControlRecord
    {
        var found = await transaction.LoadAsync(model, [key], cancellationToken).ConfigureAwait(false);
        if (found[0] is not { } bytes) return null;
        return known is not null && known.Key == key && known.Bytes.Span.SequenceEqual(bytes)
            ? known
            : new ReadDocument<T>(model, key, bytes, RecordJson.Read<T>(model, key, bytes));
    }

    /// <summary>A projection, and its control documents as they were last read or written.</summary>
    private sealed class Inline(Projection projection, string fingerprint, EventFilter filter)
    {
        public Projection Projection => projection;

        public string Fingerprint => fingerprint;

        public EventFilter Filter => filter;

        public ReadDocument<DirectoryRecord>? Directory { get; set; }

        public ReadDocument<RunRecord>? Run { get; set; }
    }
}

/// <summary>An append was refused because an inline projection cannot fold it. Nothing was written.</summary>
public sealed class InlineProjectionException : EventSourcingException
{
    internal InlineProjectionException(string projection, string reason, string? whatToDo = null)
        : base(
            $"The append was refused: the inline projection '{projection}' cannot fold it, because {reason}. Nothing was written. "
            + (whatToDo ?? "Bring it up to date (StartInlineProjectionsAsync), and repeat the append."))
    {
        Projection = projection;
    }

    /// <summary>The projection.</summary>
    public string Projection { get; }
}
