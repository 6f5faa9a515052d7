namespace EventSourcing;

/// <summary>
/// A run's place in the log: its document as this process last read or wrote it, and the position reached. Every commit of the run goes
/// through here. It is guarded by that document, so it takes effect once, whatever crashes, and only for the owner.
/// </summary>
internal sealed class RunPlace(RunContext context, ParkedPartitions parked, RunReport report)
{
    private (long Position, Guid Id) _seen;
    private long _signedAt;

    /// <summary>The run's document; null until this process first owns the run.</summary>
    public ReadDocument<RunRecord>? Document { get; private set; }

    /// <summary>The position reached. It is beyond that of the document if the filter left out the events in between.</summary>
    public long Position { get; private set; }

    /// <summary>Whether the read model does not serve yet.</summary>
    public bool IsBuilding { get; set; }

    /// <summary>Whether a sign of life was given so recently that no other process can have taken the run over by waiting.</summary>
    public bool IsCertainlyMine => context.Holder.IsFresh(_signedAt);

    /// <summary>This process owns the run, at the position in its document.</summary>
    public void TakeUp(ReadDocument<RunRecord> run)
    {
        Document = run;
        Position = run.Content.Position;
        ShowWork();
        report.Begin(Position);
    }

    /// <summary>There is something to do, so that other processes may expect signs of life.</summary>
    public void ShowWork() => context.Holder.Work(this, context.Clock.GetTimestamp());

    /// <summary>There is nothing to do.</summary>
    public void Rest() => context.Holder.Rest(this);

    /// <summary>Notes the id of an event that was read, so that it need not be read again when its position is committed.</summary>
    public void Saw(long position, Guid id) => _seen = (position, id);

    /// <summary>Moves past events that were left out, without a commit.</summary>
    public void MoveTo(long position)
    {
        Position = position;
        Publish(position);
    }

    /// <summary>Publishes a position: to the status and, if the read model serves, to waits for it.</summary>
    public void Publish(long position)
    {
        report.Position = position;
        report.Parked = parked.Count;
        if (!IsBuilding) context.Store.Signals.ProgressOf(context.Name).Advance(position);
    }

    /// <summary>
    /// Throws if another process has taken over. A run that was lost may also meet documents that are ahead of its events. If it fails on
    /// those, that is not a failure of the event.
    /// </summary>
    public ValueTask ThrowIfLostAsync(CancellationToken stop) => CommitAsync([], null, Position, [], stop);

    /// <summary>Commits changes together with the position and the changes of parked partitions.</summary>
    public async ValueTask CommitAsync(
        IReadOnlyList<DocumentChange> changes,
        TableWork? tables,
        long position,
        IReadOnlyList<ParkedChange> parkedChanges,
        CancellationToken stop)
    {
        // A handler that was given up may return at any time; another process may be handling its events by then.
        context.Holder.GivenUp.ThrowIfCancellationRequested();
        var began = context.Clock.GetTimestamp();
        var before = Document!;
        var log = await LogIdentity.AtAsync(context.Store, before.Content, position, _seen, stop).ConfigureAwait(false);
        var run = before.Content with
        {
            Position = position,
            Parked = parked.CountAfter(parkedChanges),
            Log = log,
            Retries = parked.RetriesAfter(parkedChanges),
            At = context.Clock.GetUtcNow(),
        };
        var change = ControlDocuments.Write(ControlDocuments.Runs, context.Key, run);

        // Allocated at its final size: for a large batch these are large objects, and growing would create several of them.
        var all = new List<DocumentChange>(changes.Count + 1);
        all.AddRange(changes);
        all.Add(change);
        all.AddRange(parkedChanges.SelectMany(p => p.Changes));

        // A commit is a sign of life only if other processes can see a change.
        if (change.Data!.Value.Span.SequenceEqual(before.Bytes.Span)) all.Add(context.Holder.NextSign());
        var commit = new ReadModelCommit
        {
            Guards = [before.Guard, .. parkedChanges.Where(p => p.Before is not null).Select(p => p.Before!.Guard)],
            Changes = all,
            Tables = tables,
        };
        await ControlDocuments.CommitAsync(context.ReadModels, commit, stop).ConfigureAwait(false);
        Wrote(change, run);
        Position = position;
        _signedAt = began;
        context.Holder.Work(this, began);
        foreach (var p in parkedChanges) parked.Remember(p);
        Publish(position);
    }

    /// <summary>The run's document for a commit that is made elsewhere; see <see cref="Wrote"/>.</summary>
    public async ValueTask<(DocumentChange Change, RunRecord Run)> NextAsync(CancellationToken stop)
    {
        var log = await LogIdentity.AtAsync(context.Store, Document!.Content, Position, _seen, stop).ConfigureAwait(false);
        var run = Document.Content with { Position = Position, Log = log };
        return (ControlDocuments.Write(ControlDocuments.Runs, context.Key, run), run);
    }

    /// <summary>The run's document was written.</summary>
    public void Wrote(DocumentChange change, RunRecord run) =>
        Document = new ReadDocument<RunRecord>(ControlDocuments.Runs, context.Key, change.Data!.Value, run);

    /// <summary>Lets another process take the run at once.</summary>
    /// <param name="failure">What it has failed with, for those who look at it from other processes; null if it has not.</param>
    public async ValueTask ReleaseAsync(Exception? failure = null)
    {
        var stop = context.Holder.GivenUp;
        if (stop.IsCancellationRequested) return;
        try
        {
            // Only what is stored tells: a run that is stopped while it becomes the owner does not learn that it has.
            var run = await context.Documents.FindRunAsync(context.Key, stop).ConfigureAwait(false);
            if (run?.Content.Owner != context.Holder.Id) return;
            var (position, log) = (run.Content.Position, run.Content.Log);
            if (Document is not null)
            {
                // A run that was not taken up has not been compared with the log, so what identifies its log must stay.
                position = Math.Max(Position, position);
                log = await LogIdentity.AtAsync(context.Store, run.Content, position, _seen, stop, isLast: true).ConfigureAwait(false);
            }

            var released = run.Content with
            {
                Owner = null,
                Position = position,
                Log = log,
                Since = null,
                From = null,
                Failure = failure is null ? null : FailedRunException.TextOf(failure),
            };
            var change = ControlDocuments.Write(ControlDocuments.Runs, context.Key, released);
            var commit = new ReadModelCommit { Guards = [run.Guard], Changes = [change] };
            await ControlDocuments.CommitAsync(context.ReadModels, commit, stop).ConfigureAwait(false);
            context.Store.Signals.OrderGiven(context.Name);
        }
        catch (Exception e) when (e is EventSourcingException or ObjectDisposedException or OperationCanceledException)
        {
            // Another process owns it by now, or the storage fails: then the others wait for the length of a lease.
        }
    }
}
