using System.Runtime.ExceptionServices;

namespace EventSourcing;

/// <summary>
/// Sees to it that this process runs what there is to run of one projection or reactor: the generation that serves, if
/// it is of the same fingerprint, and one that is being built beside it.
/// </summary>
internal sealed class Supervisor
{
    /// <summary>In the place of a fingerprint, of which reactors have none.</summary>
    private const string OfReactor = "reactor";

    private static readonly TimeSpan Poll = TimeSpan.FromMilliseconds(500);
    private readonly EventStore _store;
    private readonly LogFeed _feed;
    private readonly Host _host;
    private readonly ProjectionOptions _options;
    private readonly ControlDocuments _documents;
    private readonly OwnerWatch _watch;
    private readonly string _fingerprint;
    private readonly Dictionary<int, (Run Run, Task Task, CancellationTokenSource Stop)> _runs = [];
    private readonly TimeProvider _clock;
    private readonly ControlPoller _poller;
    private readonly TaskCompletionSource _abandoned = new(TaskCreationOptions.RunContinuationsAsynchronously);
    private long? _othersGoneSince;
    private readonly TaskCompletionSource _placed = new(TaskCreationOptions.RunContinuationsAsynchronously);
    private volatile IReadOnlyList<Run> _seenRuns = [];

    public Supervisor(EventStore store, Subscriber subscriber, LogFeed feed, Host host, ProjectionOptions options)
    {
        _store = store;
        Subscriber = subscriber;
        _feed = feed;
        _host = host;
        _options = options;
        _documents = new ControlDocuments(store.Storage.ReadModels);
        _clock = store.Storage.Options.TimeProvider;
        _poller = ControlPoller.Of(store);
        _watch = new OwnerWatch(_documents, options.LeaseDuration, _clock);
        _fingerprint = (subscriber as Projection)?.FingerprintOn(store) ?? OfReactor;
    }

    public Subscriber Subscriber { get; }

    public string Name => Subscriber.Name;

    /// <summary>Ends when stopped, or fails with what stopped a run that nobody asked to stop.</summary>
    public Task Completion { get; private set; } = Task.CompletedTask;

    /// <summary>Why it runs nothing, or null where it does.</summary>
    public ProjectionState? Idle { get; private set; } = ProjectionState.Starting;

    public Exception? LastError { get; private set; }

    /// <summary>Completes when its place in the log is stored: where it begins is decided then.</summary>
    public Task Placed => _placed.Task;

    /// <summary>The run that serves readers, where it is in this process.</summary>
    public Run? Serving => _seenRuns.FirstOrDefault(run => !run.IsBuilding);

    /// <summary>The run that is being built, where it is in this process.</summary>
    public Run? Building => _seenRuns.FirstOrDefault(run => run.IsBuilding);

    /// <summary>The generation whose run has failed it; 0 if it was none of them.</summary>
    public int FailedGeneration { get; private set; }

    /// <summary>The handlers that have not returned.</summary>
    public IEnumerable<AbandonedHandler> Handlers =>
        _seenRuns.SelectMany(run => run.Watch.Running).Select(handler => new AbandonedHandler(Name, handler.Position, handler.Since));

    public void Start(CancellationToken stop)
    {
        FailedGeneration = 0;
        Completion = EndAsync(BackgroundTask.Start(() => SuperviseAsync(stop)));
    }

    /// <summary>Ends it for all who wait for that, although something of it goes on.</summary>
    public void Abandon(HandlerAbandonedException why) => _abandoned.TrySetException(why);

    private async Task EndAsync(Task supervision) => await (await Task.WhenAny(supervision, _abandoned.Task).ConfigureAwait(false)).ConfigureAwait(false);

    private async Task SuperviseAsync(CancellationToken stop)
    {
        try
        {
            ControlView? view = null;
            while (!stop.IsCancellationRequested)
            {
                var order = _store.Signals.NextOrderOf(Name);
                try
                {
                    await StartAndStopRunsAsync(view, stop).ConfigureAwait(false);
                    LastError = null;
                }
                catch (ReadModelConflictException)
                {
                    continue; // another process was first: look again
                }
                catch (EventSourcingException failure) when (failure is StoreBusyException or StorageFailedException { IsTransient: true })
                {
                    LastError = failure;
                }

                // A run may end before anybody waits for it, so those that have ended are looked at first.
                if (await FollowUpAsync().ConfigureAwait(false) is not { } unfinished)
                {
                    view = null;
                    continue;
                }

                using var abandon = CancellationTokenSource.CreateLinkedTokenSource(stop);
                List<Task> wakes = [order, Task.Delay(LastError is null ? Timeout.InfiniteTimeSpan : Poll, _clock, abandon.Token), .. unfinished];
                var look = Idle == ProjectionState.Replaced ? _poller.NextAsync(_options.LeaseDuration) : null;
                if (look is not null) wakes.Add(look);
                await Task.WhenAny(wakes).ConfigureAwait(false);
                await abandon.CancelAsync().ConfigureAwait(false);
                view = look is { IsCompletedSuccessfully: true } ? await look.ConfigureAwait(false) : null;
            }
        }
        catch (OperationCanceledException) when (stop.IsCancellationRequested)
        {
        }
        finally
        {
            // Runs that failed stay to be seen; the others are stopped.
            foreach (var (_, _, cancel) in _runs.Values) await cancel.CancelAsync().ConfigureAwait(false);
            await Task.WhenAll(_runs.Values.Select(run => run.Task)).ConfigureAwait(ConfigureAwaitOptions.SuppressThrowing);
            foreach (var generation in _runs.Keys.ToList()) Forget(generation);
        }
    }

    /// <summary>
    /// Looks at the runs that have ended, and throws what one of them failed with. A rebuild that fails is no reason for the
    /// read model that serves to stand still, nor is one that cannot go on a reason not to build the one that is to replace
    /// it: what failed then stays to be seen.
    /// </summary>
    /// <returns>The runs that go on; null if one has ended that is to be looked for again.</returns>
    private async ValueTask<IReadOnlyList<Task>?> FollowUpAsync()
    {
        List<Task> unfinished = [];
        var hasEnded = false;
        foreach (var (generation, run) in _runs.ToList())
        {
            if (!run.Task.IsCompleted)
            {
                unfinished.Add(run.Task);
                continue;
            }

            var isBesideAnother = _runs.Values.Any(other => (other.Run.IsBuilding != run.Run.IsBuilding || other.Run.Generation > generation) && !other.Task.IsCompleted);
            if (run.Task.IsFaulted && isBesideAnother) continue;
            Forget(generation);
            if (run.Task.IsFaulted) FailedGeneration = generation;
            await run.Task.ConfigureAwait(false);
            hasEnded = true;
        }

        return hasEnded ? null : unfinished;
    }

    private async ValueTask StartAndStopRunsAsync(ControlView? view, CancellationToken stop)
    {
        var directory = await FindDirectoryAsync(stop).ConfigureAwait(false);
        if (directory is null)
        {
            await CreateFirstAsync(stop).ConfigureAwait(false);
            return;
        }

        if (directory.Content.Generations.Any(g => (g.Fingerprint == OfReactor) != (Subscriber is Reactor)))
            throw new InvalidOperationException($"'{Name}' is the name of a {(Subscriber is Reactor ? "projection" : "reactor")} on this store, so no {(Subscriber is Reactor ? "reactor" : "projection")} can have it. Give one of them another name.");

        directory.Content.ThrowIfOfAnother(Subscriber);
        if (directory.Content.ClaimedBy(Subscriber) is var claimed && claimed != directory.Content)
        {
            var claim = ControlDocuments.Write(ControlDocuments.Directory, Name, claimed);
            var commit = new ReadModelCommit { Guards = [directory.Guard], Creates = ControlDocuments.Definitions, Changes = [claim] };
            await _store.Storage.ReadModels.CommitAsync(commit, stop).ConfigureAwait(false);
            directory = new Kept<DirectoryRecord>(directory.Model, directory.Key, claim.Data!.Value, claimed);
        }

        _placed.TrySetResult();
        var mine = directory.Content.Generations.Where(g => g.Fingerprint == _fingerprint && g.State != GenerationState.Replaced).ToList();
        if (mine.Count == 0 && !await TryBuildAsync(directory, view, stop).ConfigureAwait(false))
        {
            Idle = ProjectionState.Replaced;
        }
        else
        {
            Idle = null;
        }

        foreach (var (generation, run) in _runs.Where(pair => mine.TrueForAll(g => g.Number != pair.Key)).ToList())
        {
            await run.Stop.CancelAsync().ConfigureAwait(false);
            await ((Task)run.Task).ConfigureAwait(ConfigureAwaitOptions.SuppressThrowing);
            Forget(generation);
        }

        foreach (var generation in mine.Where(g => !_runs.ContainsKey(g.Number)))
        {
            var run = new Run(_store, Subscriber, generation.Number, generation.State == GenerationState.Building, _feed, _host, _options);
            var cancel = CancellationTokenSource.CreateLinkedTokenSource(stop);
            _runs.Add(generation.Number, (run, BackgroundTask.Start(() => run.RunAsync(cancel.Token)), cancel));
        }

        _seenRuns = [.. _runs.Values.Select(run => run.Run)];
    }

    /// <summary>
    /// What is recorded of it; null if it was never started. If the record is lost, it fails with that, unless this is another version
    /// of the projection than the one that was started last: that one is built beside what there is, as a rebuild is.
    /// </summary>
    private async ValueTask<Kept<DirectoryRecord>?> FindDirectoryAsync(CancellationToken stop)
    {
        ReadModelDamagedException damage;
        try
        {
            var found = await _documents.FindAsync<DirectoryRecord>(ControlDocuments.Directory, Name, stop).ConfigureAwait(false);
            if (found is not null || Subscriber is not Projection || !await _documents.HasRunsAsync(Name, stop).ConfigureAwait(false)) return found;

            // Both are written in one commit, which may have been another process's a moment ago.
            found = await _documents.FindAsync<DirectoryRecord>(ControlDocuments.Directory, Name, stop).ConfigureAwait(false);
            if (found is not null) return found;
            damage = new ReadModelDamagedException(Name, $"its record '{Name}' in '{ControlDocuments.Directory}' is missing");
        }
        catch (ReadModelDamagedException e) when (Subscriber is Projection)
        {
            damage = e;
        }

        var restored = await _documents.RestoreDirectoryAsync((Projection)Subscriber, stop).ConfigureAwait(false);
        if (restored.Content.Generations.Any(g => g.Fingerprint == ControlDocuments.LostFingerprint || g.Fingerprint == _fingerprint)) ExceptionDispatchInfo.Throw(damage);
        return restored;
    }

    /// <summary>The first generation ever serves at once: readers see it grow.</summary>
    private async ValueTask CreateFirstAsync(CancellationToken stop)
    {
        await ThrowIfTablesAreTakenAsync(_documents, Subscriber, stop).ConfigureAwait(false);

        // A reactor of which the record is lost goes on from where it was: to begin anew would deliver again what was delivered.
        var known = Subscriber is Reactor ? await _documents.FindAsync<RunRecord>(ControlDocuments.Runs, ControlDocuments.RunKey(Name, 1), stop).ConfigureAwait(false) : null;
        var after = known is null && Subscriber is Reactor reactor ? await reactor.Start.PositionAsync(_store, stop).ConfigureAwait(false) : 0;
        var run = known?.Content ?? new RunRecord(after, 0, null, after, 0, Fingerprint: Subscriber is Projection ? _fingerprint : null);
        var commit = Subscriber is Projection projection ? projection.Creation(_store, 1).Then(projection.Activation(1, replaced: null)) : new ReadModelCommit();
        var record = new DirectoryRecord(1, 1, [new GenerationRecord(1, _fingerprint, GenerationState.Active, (Subscriber as Projection)?.TableNames ?? [])], [Subscriber.TypeName]);
        await CommitAsync(
            commit, [new DocumentGuard(ControlDocuments.Directory, Name, null)], record, 1, run, [], stop).ConfigureAwait(false);
        _store.Signals.OrderGiven(Name);
    }

    /// <summary>
    /// Begins a generation of this fingerprint beside the others. One that was replaced before waits as long as any other
    /// is alive: while an old and a new version of an app both run, the new one wins, and when the new one has been gone
    /// for the length of a lease, the old one builds again.
    /// </summary>
    private async ValueTask<bool> TryBuildAsync(Kept<DirectoryRecord> directory, ControlView? view, CancellationToken stop)
    {
        var content = directory.Content;
        if (content.Generations.Any(g => g.Fingerprint == _fingerprint))
        {
            if (view is null) return false; // the next look tells whether they are alive
            foreach (var other in content.Generations.Where(g => g.State != GenerationState.Replaced))
            {
                if (!view.Runs.TryGetValue(ControlDocuments.RunKey(Name, other.Number), out var run) || _watch.IsGone(run, view)) continue;
                _othersGoneSince = null;
                return false;
            }

            // A new version that is only being restarted comes back within a lease.
            _othersGoneSince ??= _clock.GetTimestamp();
            if (_clock.GetElapsedTime(_othersGoneSince.Value) < _options.LeaseDuration) return false;
            _othersGoneSince = null;
        }

        await BuildAsync(_store, _documents, (Projection)Subscriber, _fingerprint, directory, stop).ConfigureAwait(false);
        return true;
    }

    /// <summary>Begins a new generation; one that is being built is given up for it.</summary>
    /// <returns>Its number.</returns>
    public static async ValueTask<int> BuildAsync(
        EventStore store, ControlDocuments documents, Projection projection, string fingerprint, Kept<DirectoryRecord> directory, CancellationToken cancellationToken)
    {
        var content = directory.Content;
        content.ThrowIfOfAnother(projection);
        await ThrowIfTablesAreTakenAsync(documents, projection, cancellationToken).ConfigureAwait(false);
        var number = content.Last + 1;

        // Before such names were refused, another projection may have been called as this generation would be.
        while (await documents.IsKnownAsync(projection.ModelOf(number), cancellationToken).ConfigureAwait(false)) number++;
        var commit = projection.Creation(store, number);
        var changes = new List<DocumentChange>();
        var generations = content.Generations.Where(g => g.Fingerprint != fingerprint || g.State != GenerationState.Replaced).ToList();
        if (content.Building is { } givenUp)
        {
            commit = projection.Removal(givenUp, isInPlace: false).Then(commit);
            generations[generations.IndexOf(givenUp)] = givenUp with { State = GenerationState.Replaced };
            changes.Add(new DocumentChange(ControlDocuments.Runs, ControlDocuments.RunKey(projection.Name, givenUp.Number), null));
            var parked = await documents.ListStoredAsync(ControlDocuments.Parked, projection.Name, cancellationToken).ConfigureAwait(false);
            changes.AddRange(parked
                .Where(p => ControlDocuments.TryRead<ParkedRecord>(p.Data.Span)?.Generation == givenUp.Number)
                .Select(p => new DocumentChange(ControlDocuments.Parked, p.Key, null)));
        }

        var head = await store.GetHeadAsync(cancellationToken).ConfigureAwait(false);
        var built = new GenerationRecord(number, fingerprint, GenerationState.Building, projection.TableNames);
        var record = content.ClaimedBy(projection) with { Last = number, Generations = [.. generations, built] };
        changes.Add(ControlDocuments.NewOrder());
        var run = new RunRecord(0, 0, null, head, 0, Fingerprint: fingerprint);
        await CommitAsync(store, projection, commit, [directory.Guard], record, number, run, changes, cancellationToken).ConfigureAwait(false);
        store.Signals.OrderGiven(projection.Name);
        return number;
    }

    /// <summary>Throws if a table that a projection names is another one's: to make it would fail, or take it away from that one.</summary>
    /// <exception cref="ProjectionTablesException">It is.</exception>
    private static async ValueTask ThrowIfTablesAreTakenAsync(ControlDocuments documents, Subscriber subscriber, CancellationToken cancellationToken)
    {
        if (subscriber is not Projection { TableNames: { Count: > 0 } tables } projection) return;
        foreach (var other in await documents.ListReadableDirectoryAsync(cancellationToken).ConfigureAwait(false))
        {
            if (other.Key == projection.Name) continue;
            var held = other.Content.Generations.Where(g => g.State != GenerationState.Replaced).SelectMany(g => g.Tables);
            if (tables.FirstOrDefault(table => held.Contains(table, StringComparer.OrdinalIgnoreCase)) is not { } taken) continue;
            throw new ProjectionTablesException(
                projection.Name,
                tables,
                $"the table '{taken}' is that of the projection '{other.Key}' ({other.Content.Types?[0] ?? "started by an older version of this library"}), which was started on this store.");
        }
    }

    private ValueTask CommitAsync(
        ReadModelCommit commit, IReadOnlyList<DocumentGuard> guards, DirectoryRecord directory, int generation, RunRecord run, IReadOnlyList<DocumentChange> changes, CancellationToken stop) =>
        CommitAsync(_store, Subscriber, commit, guards, directory, generation, run, changes, stop);

    private static async ValueTask CommitAsync(
        EventStore store,
        Subscriber subscriber,
        ReadModelCommit commit,
        IReadOnlyList<DocumentGuard> guards,
        DirectoryRecord directory,
        int generation,
        RunRecord run,
        IReadOnlyList<DocumentChange> changes,
        CancellationToken cancellationToken)
    {
        commit = commit with
        {
            Guards = guards,
            Creates = [.. ControlDocuments.Definitions, .. commit.Creates],
            Changes =
            [
                ControlDocuments.Write(ControlDocuments.Directory, subscriber.Name, directory),
                ControlDocuments.Write(ControlDocuments.Runs, ControlDocuments.RunKey(subscriber.Name, generation), run),
                .. changes,
            ],
        };
        await CommitTablesAsync(store, subscriber, commit, cancellationToken).ConfigureAwait(false);
    }

    /// <summary>Commits what makes, moves or drops tables of a projection; what the database or the projection's own SQL refuses is said with their names.</summary>
    public static async ValueTask CommitTablesAsync(EventStore store, Subscriber subscriber, ReadModelCommit commit, CancellationToken cancellationToken)
    {
        try
        {
            await store.Storage.ReadModels.CommitAsync(commit, cancellationToken).ConfigureAwait(false);
        }
        catch (Exception failure) when (subscriber is TableProjection tables && failure is not (EventSourcingException or OperationCanceledException))
        {
            throw new ProjectionTablesException(tables.Name, tables.Tables, failure.Message, failure);
        }
    }

    private void Forget(int generation)
    {
        if (_runs.Remove(generation, out var run)) run.Stop.Dispose();
    }
}
