using System.Runtime.ExceptionServices;

namespace EventSourcing;

/// <summary>
/// Projections that run in the background: they catch up with the log and stay level with it until disposed. The same projection may be
/// started in several processes: one runs it, and another takes over when that one is gone.
/// </summary>
public sealed class RunningProjections : RunningSubscribers
{
    /// <summary>How often a projection is started again for one rebuild.</summary>
    private const int MostRestarts = 5;

    private static readonly TimeSpan Poll = TimeSpan.FromMilliseconds(10);
    private static readonly TimeSpan ProgressInterval = TimeSpan.FromMilliseconds(50);

    internal RunningProjections(EventStore store, IReadOnlyList<Projection> projections, ProjectionOptions options)
        : base(store, projections, options)
    {
    }

    /// <summary>
    /// Folds the log afresh into a new read model beside the one that serves, which it then replaces in one commit. The rebuild goes on
    /// after a crash, and even if the wait for it ends. Readers see the old read model until it is replaced. As long as something of the
    /// new one is parked, it does not take that place: resume or skip it (<see cref="ProjectionAdmin"/>). A projection that has stopped
    /// with a failure is started again for the rebuild.
    /// </summary>
    /// <param name="projection">The projection's name.</param>
    /// <param name="progress">Receives the progress, several times a second.</param>
    /// <param name="cancellationToken">Ends the wait, not the rebuild.</param>
    /// <returns>A task that completes when the new read model serves.</returns>
    /// <exception cref="ArgumentException">No projection of that name was started here.</exception>
    /// <exception cref="ProjectionFailedException">The new read model fails on an event and stops; the old one goes on serving.</exception>
    /// <exception cref="ReadModelDamagedException">
    /// A table that stores the records of all projections has other columns than it was created with.
    /// </exception>
    /// <exception cref="ProjectionTablesException">The tables of a projection cannot be created.</exception>
    /// <exception cref="ProjectionParkedException">
    /// Something of the new read model is parked for good. The new read model takes its place once that is resumed or skipped.
    /// </exception>
    /// <exception cref="ProjectionStoppedException">
    /// An order has stopped the projection. The rebuild goes on when it is started.
    /// </exception>
    /// <exception cref="StoreBusyException">Another process held the write lock for too long; there is no rebuild.</exception>
    /// <exception cref="StorageFailedException">The medium failed, for example because the disk is full; there is no rebuild.</exception>
    /// <exception cref="ObjectDisposedException">The projections were stopped before the rebuild was done.</exception>
    public async Task RebuildAsync(
        string projection, IProgress<RebuildProgress>? progress = null, CancellationToken cancellationToken = default)
    {
        if (Supervisors.FirstOrDefault(s => s.Name == projection) is not { } supervisor)
        {
            var names = string.Join(", ", Supervisors.Select(s => s.Name));
            throw new ArgumentException($"No projection named '{projection}' was started here; these were: {names}.", nameof(projection));
        }

        var documents = new ControlDocuments(Store.Storage.ReadModels);
        await ControlDocuments.MendAsync(Store.Storage.ReadModels, cancellationToken).ConfigureAwait(false);
        var number = 0;
        var hasStartedAgain = false;
        ReadDocument<DirectoryRecord>? refused = null;
        while (number == 0)
        {
            var order = Store.Signals.NextOrderOf(projection);
            var directory = await FindOrRestoreAsync(documents, supervisor, cancellationToken).ConfigureAwait(false);
            if (directory is null)
            {
                // It has only just been started, so there is nothing yet that it could be built beside. If its start has failed, it is
                // tried once more.
                if (supervisor.Completion.IsCompleted && supervisor.Completion.Exception?.InnerException is not ReadModelDamagedException)
                {
                    if (hasStartedAgain) await ThrowWhyStoppedAsync(supervisor).ConfigureAwait(false);
                    hasStartedAgain = true;
                    StartAgain(supervisor);
                }

                if (supervisor.LastError is { } failure) ExceptionDispatchInfo.Throw(failure);
                await NextLookAsync(supervisor, order, Poll, cancellationToken).ConfigureAwait(false);
                continue;
            }

            try
            {
                var generations = new Generations(Store, supervisor.Subscriber);
                number = await generations.BuildAsync(directory, order: null, cancellationToken).ConfigureAwait(false);
                StartAgain(supervisor);
            }
            catch (ReadModelConflictException conflict)
            {
                // Another process has changed it: try again, on what is stored now.
                if (refused?.Stored.HasValue == directory.Stored.HasValue && refused.Bytes.Span.SequenceEqual(directory.Bytes.Span))
                {
                    var finding = $"its record '{projection}' in '{ControlDocuments.Directory}' is not found as it was read";
                    throw new ReadModelDamagedException(projection, finding, conflict);
                }

                refused = directory;
            }
        }

        for (var restarts = 0; ;)
        {
            var order = Store.Signals.NextOrderOf(projection);
            var directory = await documents.FindDirectoryAsync(projection, cancellationToken).ConfigureAwait(false);
            var head = await Store.GetHeadAsync(cancellationToken).ConfigureAwait(false);
            if (directory is null)
                throw new ReadModelDamagedException(projection, $"its record '{projection}' in '{ControlDocuments.Directory}' is missing");
            if (directory.Content.Active >= number && supervisor.Building?.Generation != number)
            {
                // If the replaced read model has failed, the new one is still to be followed.
                if (supervisor.FailedGeneration < number) StartAgain(supervisor);
                progress?.Report(new RebuildProgress(head, head, 0));
                return;
            }

            if (supervisor.Completion.IsFaulted && supervisor.FailedGeneration < number && restarts++ < MostRestarts)
            {
                // The read model to be replaced has failed, after the rebuild was ordered.
                StartAgain(supervisor);
                continue;
            }

            if (supervisor.Completion.IsCompleted) await ThrowWhyStoppedAsync(supervisor).ConfigureAwait(false);
            if (supervisor.IsStopped) throw new ProjectionStoppedException(projection);
            if (supervisor.Building?.Report is { } built)
            {
                progress?.Report(new RebuildProgress(built.Position, head, built.Speed) { Parked = built.Parked });
                if (built is { State: ProjectionState.Failed, LastError: { } error }) ExceptionDispatchInfo.Throw(error);
                if (built.Parked > 0)
                    await ThrowIfParkedForGoodAsync(documents, projection, number, cancellationToken).ConfigureAwait(false);
            }

            await NextLookAsync(supervisor, order, ProgressInterval, cancellationToken).ConfigureAwait(false);
        }
    }

    /// <summary>Ends a rebuild with the error that has stopped its projection.</summary>
    private static async ValueTask ThrowWhyStoppedAsync(Supervisor supervisor)
    {
        await supervisor.Completion.ConfigureAwait(false);
        throw new ObjectDisposedException(
            nameof(RunningProjections),
            $"'{supervisor.Name}' was stopped before its rebuild was done. It goes on when it is started again.");
    }

    /// <summary>
    /// The record of a projection, or, if it is lost, what can be reconstructed of it; null if the projection has not been started yet.
    /// </summary>
    private static async ValueTask<ReadDocument<DirectoryRecord>?> FindOrRestoreAsync(
        ControlDocuments documents, Supervisor supervisor, CancellationToken cancellationToken)
    {
        try
        {
            var found = await documents.FindDirectoryAsync(supervisor.Name, cancellationToken).ConfigureAwait(false);
            found?.Content.ThrowIfOfAnother(supervisor.Subscriber);
            found?.Content.ThrowIfOfOtherKind(supervisor.Subscriber);
            if (found is not null || supervisor.Completion.Exception?.InnerException is not ReadModelDamagedException) return found;
        }
        catch (ReadModelDamagedException)
        {
            // The rebuild is to repair exactly that.
        }

        return await documents.RestoreDirectoryAsync((Projection)supervisor.Subscriber, cancellationToken).ConfigureAwait(false);
    }

    /// <summary>
    /// Waits until each read model that serves belongs to the projection started here; throws if that is impossible. If another version
    /// has replaced one, it is built again once the other has been gone for the length of a lease.
    /// </summary>
    internal async Task PutInPlaceAsync(CancellationToken cancellationToken)
    {
        var orders = new StandingOrders(Store);
        foreach (var supervisor in Supervisors)
        {
            var order = await orders.FindAsync(supervisor.Name, cancellationToken).ConfigureAwait(false);
            if (order?.Content.IsStopped == true) throw new ProjectionStoppedException(supervisor.Name);
        }

        await WaitUntilInPlaceAsync(Timeout.InfiniteTimeSpan, waitsForReplaced: true, cancellationToken).ConfigureAwait(false);
        foreach (var supervisor in Supervisors)
        {
            if (supervisor.Completion.IsCompleted) await supervisor.Completion.ConfigureAwait(false);
            if (supervisor.Idle == ProjectionState.Replaced)
            {
                throw new InvalidOperationException(
                    $"'{supervisor.Name}' cannot run inline: another version of it serves, and is running in another process. Nothing was "
                    + "changed. Stop that one first, or start this version in the background, which stands by.");
            }
        }
    }

    private protected override Task WaitUntilInPlaceAsync(TimeSpan timeout, CancellationToken cancellationToken) =>
        WaitUntilInPlaceAsync(timeout, waitsForReplaced: false, cancellationToken);

    private async Task WaitUntilInPlaceAsync(TimeSpan timeout, bool waitsForReplaced, CancellationToken cancellationToken)
    {
        var documents = new ControlDocuments(Store.Storage.ReadModels);
        var began = Clock.GetTimestamp();
        foreach (var supervisor in Supervisors)
        {
            var fingerprint = ((Projection)supervisor.Subscriber).FingerprintOn(Store);
            while (!supervisor.IsStopped
                && (supervisor.Idle is not ProjectionState.Replaced || (waitsForReplaced && !supervisor.IsReplacementAlive)))
            {
                ReadDocument<DirectoryRecord>? directory = null;
                var order = Store.Signals.NextOrderOf(supervisor.Name);
                var isPlaced = supervisor.Placed.IsCompleted;
                try
                {
                    directory = await documents.FindDirectoryAsync(supervisor.Name, cancellationToken).ConfigureAwait(false);
                }
                catch (ReadModelDamagedException) when (!isPlaced)
                {
                    // A version other than the last one writes the record anew when it starts; any other fails with this error.
                }

                directory?.Content.ThrowIfOfAnother(supervisor.Subscriber);
                if (directory?.Content.ActiveGeneration?.Fingerprint == fingerprint)
                {
                    await new ServedReadModel(Store, supervisor.Name).ThrowIfLostAsync(cancellationToken).ConfigureAwait(false);
                    break;
                }

                if (supervisor.Completion.IsCompleted) break; // the wait for the position says why
                if (JointWait.FailureBeforePlace(supervisor) is { } failure) ExceptionDispatchInfo.Throw(failure);
                if (supervisor.Building is { Report.Parked: > 0, Generation: var building })
                    await ThrowIfParkedForGoodAsync(documents, supervisor.Name, building, cancellationToken).ConfigureAwait(false);
                if (timeout != Timeout.InfiniteTimeSpan && Clock.GetElapsedTime(began) >= timeout)
                {
                    var head = await Store.GetHeadAsync(cancellationToken).ConfigureAwait(false);
                    var reached = supervisor.Building?.Report.Position ?? 0;
                    var state = supervisor.Building is { } unplaced
                        ? $"has not been replaced by the new one, which is built up to position {reached} of {head} "
                            + $"and has {unplaced.Report.Parked} parked,"
                        : "has not been replaced by the new one, which is not being built in this process,";
                    throw new ReadModelLateException(supervisor.Name, head, reached, timeout, state);
                }

                await NextLookAsync(supervisor, order, Poll, cancellationToken).ConfigureAwait(false);
            }
        }
    }

    /// <summary>Waits until another look makes sense: something was ordered or done, the run has ended, or some time has passed.</summary>
    private async ValueTask NextLookAsync(Supervisor supervisor, Task order, TimeSpan pause, CancellationToken cancellationToken)
    {
        using var abandon = CancellationTokenSource.CreateLinkedTokenSource(cancellationToken);
        var delay = Task.Delay(pause, Clock, abandon.Token);

        // A run that has ended is looked at again only after the pause: it may be about to be started again.
        var ended = supervisor.Completion.IsCompleted ? delay : supervisor.Completion;
        await Task.WhenAny(order, ended, delay).ConfigureAwait(false);
        await abandon.CancelAsync().ConfigureAwait(false);
        cancellationToken.ThrowIfCancellationRequested();
    }

    private static async ValueTask ThrowIfParkedForGoodAsync(
        ControlDocuments documents, string projection, int generation, CancellationToken cancellationToken)
    {
        var parked = await documents.ListAsync<ParkedRecord>(ControlDocuments.Parked, projection, cancellationToken).ConfigureAwait(false);
        if (parked.FirstOrDefault(p => p.Content.Generation == generation && p.Content is { RetryAt: null, Skip: null }) is { } first)
            throw new ProjectionParkedException(ProjectionAdmin.Describe(first), first.Content.Position);
    }
}
