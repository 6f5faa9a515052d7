namespace EventSourcing;

/// <summary>Reads the status of a projection or reactor, in any process. Thread-safe; holds no state.</summary>
internal sealed class StatusReader(EventStore store)
{
    private readonly ControlDocuments _documents = new(store.Storage.ReadModels);

    /// <summary>The status of one that was started in this process: what is stored, and what its runs show here.</summary>
    public async Task<ProjectionStatus> ReadAsync(Supervisor supervisor, CancellationToken cancellationToken)
    {
        var (stored, damage) = await ReadStoredAsync(supervisor.Name, cancellationToken).ConfigureAwait(false);
        var serving = supervisor.Serving;
        var building = supervisor.Building;
        var error = supervisor.Completion.Exception?.InnerException
            ?? serving?.Report.LastError
            ?? building?.Report.LastError
            ?? supervisor.LastError;
        var state = supervisor.Completion.IsFaulted ? ProjectionState.Failed
            : supervisor.Completion.IsCompleted ? ProjectionState.Stopped
            : building is null && damage is not null ? ProjectionState.Failed // its run may not have met the damage yet
            : supervisor.Idle ?? serving?.Report.State ?? building?.Report.State ?? ProjectionState.Starting;
        return stored with
        {
            State = state,
            LastError = error ?? damage,
            Rebuild = building?.Report is not { } built
                ? stored.Rebuild
                : new RebuildProgress(built.Position, stored.Head, built.Speed) { Parked = built.Parked },
        };
    }

    /// <summary>The status of one, from what is stored. If something of it cannot be read, that is its last error.</summary>
    public async Task<ProjectionStatus> ReadAsync(string name, CancellationToken cancellationToken) =>
        (await ReadStoredAsync(name, cancellationToken).ConfigureAwait(false)).Status;

    private async Task<(ProjectionStatus Status, ReadModelDamagedException? Damage)> ReadStoredAsync(
        string name, CancellationToken cancellationToken)
    {
        ReadModelDamagedException? damage = null;
        var wait = new ReadModelWait(store, name);
        var run = await TryAsync(async () => await wait.FindRunAsync(cancellationToken).ConfigureAwait(false)).ConfigureAwait(false);
        var position = Math.Max(wait.Progress, run?.Content.Position ?? 0);
        var head = await store.GetHeadAsync(cancellationToken).ConfigureAwait(false);
        var lag = TimeSpan.Zero;
        if (position < head)
        {
            using var next =
                await store.Storage.ReadLogAsync(new LogRead { After = position, Limit = 1 }, cancellationToken).ConfigureAwait(false);
            if (next.Count > 0) lag = store.Storage.Options.TimeProvider.GetUtcNow() - next.Events[0].RecordedAt;
        }

        var directory = await TryAsync(async () =>
            await _documents.FindDirectoryAsync(name, cancellationToken).ConfigureAwait(false)).ConfigureAwait(false);
        RebuildProgress? rebuild = null;
        if (directory?.Content.Building is { } building)
        {
            var key = ControlDocuments.RunKey(name, building.Number);
            var built = await TryAsync(async () =>
                await _documents.FindRunAsync(key, cancellationToken).ConfigureAwait(false)).ConfigureAwait(false);
            if (built is not null) rebuild = new RebuildProgress(built.Content.Position, head, 0) { Parked = built.Content.Parked };
        }

        IReadOnlyList<ParkedEvents>? parked = null;
        if (run?.Content.Parked > 0)
        {
            parked = await TryAsync(async () =>
                await ParkedOfAsync(name, directory?.Content.Active, cancellationToken).ConfigureAwait(false)).ConfigureAwait(false);
        }

        var orders = new StandingOrders(store);
        var found = await TryAsync(async () => await orders.FindAsync(name, cancellationToken).ConfigureAwait(false)).ConfigureAwait(false);
        var order = found?.Content;
        var runner = await TryAsync(async () =>
            await RunnerOfAsync(run?.Content, cancellationToken).ConfigureAwait(false)).ConfigureAwait(false);

        // The first document tells whether the read model can be read at all. One that is not found under its name reads as empty.
        var first = new DocumentQuery { Limit = 1 };
        await TryAsync(async () =>
            await store.Storage.ReadModels.QueryAsync(name, first, cancellationToken).ConfigureAwait(false)).ConfigureAwait(false);
        await TryAsync(async () =>
        {
            await new ServedReadModel(store, name).ThrowIfLostAsync(cancellationToken).ConfigureAwait(false);
            return run;
        }).ConfigureAwait(false);
        var state = damage is not null ? ProjectionState.Failed
            : run?.Content.Owner is not null ? ProjectionState.Held
            : order?.IsStopped == true ? ProjectionState.Stopped
            : run?.Content.Failure is not null ? ProjectionState.Failed
            : ProjectionState.NotStarted;
        if (lag < TimeSpan.Zero) lag = TimeSpan.Zero;
        var error = damage ?? (run?.Content.Failure is { } failure ? new FailedRunException(failure) : (Exception?)null);
        var status = new ProjectionStatus(name, state, position, head, lag, run?.Content.Parked ?? 0, error, rebuild)
        {
            Runner = runner,
            ParkedEvents = parked ?? [],
            IsRebuildOrdered = order?.Rebuild is not null,
        };
        return (status, damage);

        async ValueTask<T?> TryAsync<T>(Func<Task<T?>> read)
            where T : class
        {
            try
            {
                return await read().ConfigureAwait(false);
            }
            catch (ReadModelDamagedException e)
            {
                damage ??= e;
                return null;
            }
        }
    }

    private async ValueTask<IReadOnlyList<ParkedEvents>> ParkedOfAsync(string name, int? generation, CancellationToken cancellationToken)
    {
        var parked = await _documents.ListAsync<ParkedRecord>(ControlDocuments.Parked, name, cancellationToken).ConfigureAwait(false);
        return
        [
            .. parked.Where(p => p.Content.Generation == generation)
                .OrderBy(p => p.Content.Position).Take(ProjectionStatus.MaxParkedEvents).Select(ProjectionAdmin.Describe),
        ];
    }

    /// <summary>The process that runs it, from what is stored; null if none does.</summary>
    private async ValueTask<ProjectionRunner?> RunnerOfAsync(RunRecord? run, CancellationToken cancellationToken)
    {
        if (run?.Owner is not { } owner) return null;
        var stored = await _documents.FindStoredAsync(ControlDocuments.Hosts, owner, cancellationToken).ConfigureAwait(false);
        if (stored is null || RecordJson.TryRead<LeaseHolderRecord>(stored) is not { } holder) return null;
        var lastSign = run.At > holder.At ? run.At : holder.At ?? run.At;
        var speed = run is { Since: { } since, From: { } from, At: { } at } && at > since
            ? (run.Position - from) / (at - since).TotalSeconds
            : 0;
        var isGone = ProcessIdentity.IsCertainlyGone(holder);
        return new ProjectionRunner(holder.Machine ?? "", holder.ProcessId, isGone, run.Since, lastSign, speed);
    }
}
