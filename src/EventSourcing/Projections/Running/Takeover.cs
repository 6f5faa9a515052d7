namespace EventSourcing;

/// <summary>Puts a newly built generation in place of the one that serves.</summary>
internal sealed class Takeover(RunContext context, RunPlace place, ParkedPartitions parked)
{
    private const int TriesBeforePause = 16;
    private int _tries;
    private bool _isPausingAppends;

    /// <summary>Tries to put it in place, once the new one is level and nothing of it is parked.</summary>
    /// <returns>Whether to look at the log again at once: the new one is in place, or there are more events to fold first.</returns>
    public async ValueTask<bool> TryAsync(CancellationToken stop)
    {
        if (parked.Count > 0 || context.Subscriber is not Projection projection)
        {
            LetAppendsGoOn(); // it may have parked something since it asked for the pause
            return false;
        }

        var documents = context.Documents;
        var directory = await documents.FindDirectoryAsync(context.Name, stop).ConfigureAwait(false);
        if (directory?.Content.Find(context.Generation) is not { State: GenerationState.Building })
            throw new ReadModelConflictException(ControlDocuments.Directory, context.Name);

        // The document of the old run need not be readable, and need not exist: a damaged one is replaced as well.
        var oldKey = ControlDocuments.RunKey(context.Name, directory.Content.Active);
        var old = await documents.FindStoredAsync(ControlDocuments.Runs, oldKey, stop).ConfigureAwait(false);

        // A position that a caller has waited for on the old read model must be in the new one too. (If the log was set back, the old one
        // may be ahead of it; that position will never be reached again.)
        if (await context.Store.GetHeadAsync(stop).ConfigureAwait(false) > place.Position)
        {
            AskForRoom();
            return true;
        }

        var (change, run) = await place.NextAsync(stop).ConfigureAwait(false);
        var placing = projection.Activation(context.Store, context.Generation, directory.Content.ActiveGeneration);
        var oldRun = new DocumentGuard(ControlDocuments.Runs, oldKey, old.AsMemoryOrNull());
        var commit = placing with
        {
            Guards = [place.Document!.Guard, directory.Guard, oldRun],
            Creates = [.. placing.Creates, ControlDocuments.OrdersDefinition],
            Changes =
            [
                change,
                new DocumentChange(ControlDocuments.Runs, oldKey, null),
                ControlDocuments.NewOrder(),
                ControlDocuments.Write(ControlDocuments.Directory, context.Name, Placed(directory.Content)),
                .. await LeftoversAsync(stop).ConfigureAwait(false),
            ],
        };
        try
        {
            await Generations.CommitTablesAsync(context.Store, projection, commit, stop).ConfigureAwait(false);
        }
        catch (ReadModelConflictException conflict) when (conflict.Key == oldKey)
        {
            AskForRoom();
            return true; // the old one has just moved on: again
        }

        place.Wrote(change, run);
        place.IsBuilding = false;
        LetAppendsGoOn();
        place.Publish(place.Position);
        if (context.Notices.IsWanted) context.Notices.Tell(StoreNoticeKind.Rebuilt, place.Position);
        context.Store.Signals.OrderGiven(context.Name);
        return true;
    }

    /// <summary>
    /// Counts a try that could not be made. The run has folded all events up to the end of the log as it was, and others may have been
    /// appended by then. If that happens each time, the run is never level with the log.
    /// </summary>
    public void Chase()
    {
        if (parked.Count == 0 && context.Subscriber is Projection) AskForRoom();
    }

    /// <summary>Ends the pause of appends, if this run has asked for one.</summary>
    public void LetAppendsGoOn()
    {
        if (_isPausingAppends) context.Store.Signals.LetAppendsGoOn();
        _isPausingAppends = false;
    }

    /// <summary>
    /// If every append moves the old read model on, there is hardly ever a moment at which the new one is level with it. After a number of
    /// tries, appends of this process are therefore paused for some tries.
    /// </summary>
    private void AskForRoom()
    {
        _tries++;
        if (_tries % (2 * TriesBeforePause) == TriesBeforePause)
        {
            _isPausingAppends = true;
            context.Store.Signals.PauseAppends();
        }
        else if (_tries % TriesBeforePause == 0)
        {
            LetAppendsGoOn();
        }
    }

    private DirectoryRecord Placed(DirectoryRecord directory)
    {
        var generations = directory.Generations.Select(g =>
            g.Number == context.Generation ? g with { State = GenerationState.Active }
            : g.Number == directory.Active ? g with { State = GenerationState.Replaced }
            : g);
        return directory with { Active = context.Generation, Generations = [.. generations.TakeLast(16)] };
    }

    /// <summary>
    /// Removes the documents about the old read model. They are read after the old run's document, which guards the commit: if that run
    /// parks something later, its document changes.
    /// </summary>
    private async ValueTask<IReadOnlyList<DocumentChange>> LeftoversAsync(CancellationToken stop)
    {
        var parkedRecords = await context.Documents.ListStoredAsync(ControlDocuments.Parked, context.Name, stop).ConfigureAwait(false);

        // The new one was built from the whole log, so orders to rebuild single documents are carried out.
        var refolds = await context.Documents.ListStoredAsync(ControlDocuments.Refolds, context.Name, stop).ConfigureAwait(false);
        var skipped = await context.Documents.ListStoredAsync(ControlDocuments.Skipped, context.Name, stop).ConfigureAwait(false);
        return
        [
            .. parkedRecords.Where(p => RecordJson.TryRead<ParkedRecord>(p.Data.Span)?.Generation != context.Generation)
                .Select(p => new DocumentChange(ControlDocuments.Parked, p.Key, null)),
            .. refolds.Select(refold => new DocumentChange(ControlDocuments.Refolds, refold.Key, null)),
            .. skipped.Where(s => RecordJson.TryRead<SkippedRecord>(s.Data.Span) is null)
                .Select(s => new DocumentChange(ControlDocuments.Skipped, s.Key, null)),
        ];
    }
}
