namespace EventSourcing;

/// <summary>Waits until a run's owner is gone, and makes this process the owner.</summary>
internal sealed class RunLease(RunContext context, RunPlace place, RunReport report)
{
    private readonly LeaseWatch _watch = new(context.Documents, context.Options.LeaseDuration, context.Clock);
    private readonly ControlPoller _poller = ControlPoller.Of(context.Store);

    /// <summary>Waits until this process owns the run.</summary>
    /// <returns>The run's document; null if the run no longer exists.</returns>
    public async ValueTask<ReadDocument<RunRecord>?> HoldAsync(CancellationToken stop)
    {
        ControlView? view = null;
        while (true)
        {
            var order = context.Store.Signals.NextOrderOf(context.Name);
            var run = view is null
                ? await context.Documents.FindRunAsync(context.Key, stop).ConfigureAwait(false)
                : view.Runs.GetValueOrDefault(context.Key);
            if (run is null && view is not null)
            {
                // A document that is missing in this view may exist and be damaged, so it is read on its own.
                view = null;
                continue;
            }

            if (run is null)
            {
                var directory = await FindDirectoryAsync(stop).ConfigureAwait(false);
                if (directory?.Find(context.Generation) is not { State: not GenerationState.Replaced }) return null;
                throw ReadModelWait.Missing(context.Name, context.Generation);
            }

            // While this run stood by, another process may have put the generation in place. Or this run itself has done so, in a
            // commit whose result was lost. Only the owner can do so: once this run has seen itself as owner, the answer no longer changes.
            if (place.IsBuilding) place.IsBuilding = (await FindDirectoryAsync(stop).ConfigureAwait(false))?.Active != context.Generation;
            if (run.Content.Owner == context.Holder.Id) return run;

            if (view is null ? await _watch.IsCertainlyGoneAsync(run, stop).ConfigureAwait(false) : _watch.IsGone(run, view))
            {
                view = null;
                await ClaimAsync(run, stop).ConfigureAwait(false);
                continue;
            }

            if (place.Document is not null && report.State != ProjectionState.Standby && context.Notices.IsWanted)
                context.Notices.Tell(StoreNoticeKind.Lost, run.Content.Position);
            report.State = ProjectionState.Standby;
            place.Publish(run.Content.Position);
            var look = _poller.NextAsync(context.Options.LeaseDuration);
            await Task.WhenAny(look, order).WaitAsync(stop).ConfigureAwait(false);
            view = look.IsCompleted ? await look.ConfigureAwait(false) : null;
        }
    }

    private async ValueTask<DirectoryRecord?> FindDirectoryAsync(CancellationToken stop) =>
        (await context.Documents.FindDirectoryAsync(context.Name, stop).ConfigureAwait(false))?.Content;

    /// <summary>Makes this process the owner of a run whose owner is gone.</summary>
    private async ValueTask ClaimAsync(ReadDocument<RunRecord> run, CancellationToken stop)
    {
        // Read first: when this process records itself, it removes the records of processes that are gone.
        var before = run.Content.Owner is { } owner && context.Notices.IsWanted
            ? await context.Documents.FindStoredAsync(ControlDocuments.Hosts, owner, stop).ConfigureAwait(false)
            : null;
        await context.Holder.BeginAsync(stop).ConfigureAwait(false);
        var fingerprint = run.Content.Fingerprint ?? (context.Subscriber as Projection)?.FingerprintOn(context.Store);
        var claim = run.Content with
        {
            Owner = context.Holder.Id,
            Token = run.Content.Token + 1,
            Fingerprint = fingerprint,
            Since = context.Clock.GetUtcNow(),
            From = run.Content.Position,
            Failure = null,
        };
        var change = ControlDocuments.Write(ControlDocuments.Runs, context.Key, claim);
        var commit = new ReadModelCommit { Guards = [run.Guard], Changes = [change, context.Holder.NextSign()] };
        await ControlDocuments.CommitAsync(context.ReadModels, commit, stop).ConfigureAwait(false);
        if (!context.Notices.IsWanted) return;
        var holder = before is null ? null : RecordJson.TryRead<LeaseHolderRecord>(before);
        context.Notices.Started(claim.Position, wasOwned: run.Content.Owner is not null, holder);
    }
}
