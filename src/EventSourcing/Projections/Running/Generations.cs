using System.Runtime.ExceptionServices;

namespace EventSourcing;

/// <summary>
/// The recorded generations of one projection or reactor: finds them, creates the first, and begins further ones beside the existing ones.
/// Each change is one commit that is guarded by the record, so of several processes only one makes it.
/// </summary>
internal sealed class Generations(EventStore store, Subscriber subscriber)
{
    private readonly ControlDocuments _documents = new(store.Storage.ReadModels);

    /// <summary>The fingerprint of the subscriber's own generations.</summary>
    public string Fingerprint { get; } = (subscriber as Projection)?.FingerprintOn(store) ?? ControlDocuments.ReactorFingerprint;

    /// <summary>
    /// Commits the creation, the move or the removal of a projection's tables. If the database or the projection's own SQL refuses it, the
    /// error names the tables.
    /// </summary>
    public static async ValueTask CommitTablesAsync(
        EventStore store, Subscriber subscriber, ReadModelCommit commit, CancellationToken cancellationToken)
    {
        try
        {
            await ControlDocuments.CommitAsync(store.Storage.ReadModels, commit, cancellationToken).ConfigureAwait(false);
        }
        catch (Exception failure)
            when (subscriber is TableProjection tables && failure is not (EventSourcingException or OperationCanceledException))
        {
            throw new ProjectionTablesException(tables.Name, tables.Tables, Names.MessageOf(failure), failure);
        }
    }

    /// <summary>
    /// The record of the projection or reactor, as the subscriber's own; null if it was never started. If the record is lost, this fails.
    /// The exception is a subscriber that is another version of the projection than the one that was started last: it is built beside what
    /// exists, like a rebuild.
    /// </summary>
    /// <param name="restores">Whether to reconstruct a lost record as well as possible, for a rebuild that replaces it.</param>
    /// <param name="stop">Cancels the reads.</param>
    /// <exception cref="SubscriberNameTakenException">The name belongs to another class.</exception>
    public async ValueTask<ReadDocument<DirectoryRecord>?> FindAsync(bool restores, CancellationToken stop)
    {
        if (await FindRecordAsync(restores, stop).ConfigureAwait(false) is not { } directory) return null;
        directory.Content.ThrowIfOfAnother(subscriber);
        var claimed = directory.Content.ClaimedBy(subscriber);
        if (claimed == directory.Content) return directory;
        var claim = ControlDocuments.Write(ControlDocuments.Directory, subscriber.Name, claimed);
        var commit = new ReadModelCommit { Guards = [directory.Guard], Creates = ControlDocuments.Definitions, Changes = [claim] };
        await ControlDocuments.CommitAsync(store.Storage.ReadModels, commit, stop).ConfigureAwait(false);
        return new ReadDocument<DirectoryRecord>(directory.Model, directory.Key, claim.Data!.Value, claimed);
    }

    /// <summary>Creates the first generation. It serves at once: readers see it grow.</summary>
    public async ValueTask CreateFirstAsync(CancellationToken stop)
    {
        await ThrowIfTablesAreTakenAsync(stop).ConfigureAwait(false);

        // If the record of a reactor is lost, it goes on from where it was: beginning anew would repeat deliveries.
        var key = ControlDocuments.RunKey(subscriber.Name, 1);
        ReadDocument<RunRecord>? known = null;
        long after = 0;
        if (subscriber is Reactor reactor)
        {
            known = await _documents.FindRunAsync(key, stop).ConfigureAwait(false);
            if (known is null) after = await reactor.Start.PositionAsync(store, stop).ConfigureAwait(false);

            // A place beyond the log would be that of another log, which the reactor could never leave.
            if (after > 0 && await store.GetHeadAsync(stop).ConfigureAwait(false) is var head && after > head)
                throw new ArgumentException(
                    $"The reactor '{subscriber.Name}' is to start {reactor.Start}, and the log ends at position {head}. It was not "
                    + "started, and nothing was stored. Start it at a position of this log, or with StartFrom.Now.");
        }

        var run = known?.Content ?? new RunRecord(after, 0, null, after, 0, Fingerprint: subscriber is Projection ? Fingerprint : null);
        var commit = subscriber is Projection projection
            ? projection.Creation(store, 1).Then(projection.Activation(store, 1, replaced: null))
            : new ReadModelCommit();
        var first = new GenerationRecord(1, Fingerprint, GenerationState.Active, (subscriber as Projection)?.TableNames ?? []);
        var guard = new DocumentGuard(ControlDocuments.Directory, subscriber.Name, null);
        var record = new DirectoryRecord(1, 1, [first], [subscriber.TypeName]);
        await CommitAsync(commit, [guard], record, 1, run, [], stop).ConfigureAwait(false);
        store.Signals.OrderGiven(subscriber.Name);
    }

    /// <summary>
    /// Whether an order to rebuild the read model is for this process. It is if the process runs the version that is being built, or, if
    /// none is, the version that serves. Otherwise an old version of an app might give up the read model of the new one.
    /// </summary>
    public bool IsToRebuild(DirectoryRecord directory) =>
        subscriber is Projection
        && (directory.Building ?? directory.ActiveGeneration)?.Fingerprint is var newest
        && (newest == Fingerprint || newest == ControlDocuments.LostFingerprint);

    /// <summary>Begins a new generation of a projection. A generation that is being built is given up for it.</summary>
    /// <param name="directory">The record of the projection.</param>
    /// <param name="order">The orders for the projection, or null. If they include a rebuild, this is the rebuild.</param>
    /// <param name="cancellationToken">Cancels it before it is stored.</param>
    /// <returns>Its number.</returns>
    public async ValueTask<int> BuildAsync(
        ReadDocument<DirectoryRecord> directory, ReadDocument<StandingOrderRecord>? order, CancellationToken cancellationToken)
    {
        var projection = (Projection)subscriber;
        var content = directory.Content;
        content.ThrowIfOfAnother(projection);
        await ThrowIfTablesAreTakenAsync(cancellationToken).ConfigureAwait(false);
        var number = content.Last + 1;

        // Before such names were refused, another projection may have been given the name that this generation would have.
        while (await _documents.IsKnownAsync(projection.ModelOf(number), cancellationToken).ConfigureAwait(false)) number++;
        var commit = projection.Creation(store, number);
        var changes = new List<DocumentChange>();
        var generations = content.Generations.Where(g => g.Fingerprint != Fingerprint || g.State != GenerationState.Replaced).ToList();
        if (content.Building is { } givenUp)
        {
            commit = projection.Removal(store, givenUp, isInPlace: false).Then(commit);
            generations[generations.IndexOf(givenUp)] = givenUp with { State = GenerationState.Replaced };
            changes.Add(new DocumentChange(ControlDocuments.Runs, ControlDocuments.RunKey(projection.Name, givenUp.Number), null));
            var name = projection.Name;
            var parked = await _documents.ListStoredAsync(ControlDocuments.Parked, name, cancellationToken).ConfigureAwait(false);
            changes.AddRange(parked
                .Where(p => RecordJson.TryRead<ParkedRecord>(p.Data.Span)?.Generation == givenUp.Number)
                .Select(p => new DocumentChange(ControlDocuments.Parked, p.Key, null)));
        }

        var head = await store.GetHeadAsync(cancellationToken).ConfigureAwait(false);
        var built = new GenerationRecord(number, Fingerprint, GenerationState.Building, projection.TableNames);
        var record = content.ClaimedBy(projection) with { Last = number, Generations = [.. generations, built] };
        changes.Add(ControlDocuments.NewOrder());
        List<DocumentGuard> guards = [directory.Guard];
        if (order?.Content.Rebuild is not null)
        {
            guards.Add(order.Guard);
            changes.Add(ControlDocuments.Write(ControlDocuments.Standing, projection.Name, order.Content with { Rebuild = null }));
        }

        var run = new RunRecord(0, 0, null, head, 0, Fingerprint: Fingerprint);
        await CommitAsync(commit, guards, record, number, run, changes, cancellationToken).ConfigureAwait(false);
        var notices = new SubscriberNotices(store, projection.Name);
        if (notices.IsWanted) notices.Tell(StoreNoticeKind.RebuildStarted, head);
        store.Signals.OrderGiven(projection.Name);
        return number;
    }

    private async ValueTask<ReadDocument<DirectoryRecord>?> FindRecordAsync(bool restores, CancellationToken stop)
    {
        var name = subscriber.Name;
        ReadModelDamagedException damage;
        try
        {
            var found = await _documents.FindDirectoryAsync(name, stop).ConfigureAwait(false);
            found?.Content.ThrowIfOfAnother(subscriber);
            found?.Content.ThrowIfOfOtherKind(subscriber);
            if (found is not null || subscriber is not Projection) return found;
            if (!await _documents.HasRunsAsync(name, stop).ConfigureAwait(false)) return null;

            // Both are written in one commit, which another process may have made a moment ago.
            found = await _documents.FindDirectoryAsync(name, stop).ConfigureAwait(false);
            if (found is not null) return found;
            damage = new ReadModelDamagedException(name, $"its record '{name}' in '{ControlDocuments.Directory}' is missing");
        }
        catch (ReadModelDamagedException e) when (subscriber is Projection)
        {
            damage = e;
        }

        var restored = await _documents.RestoreDirectoryAsync((Projection)subscriber, stop).ConfigureAwait(false);
        var fingerprints = restored.Content.Generations.Select(g => g.Fingerprint);
        if (!restores && fingerprints.Any(known => known == ControlDocuments.LostFingerprint || known == Fingerprint))
            ExceptionDispatchInfo.Throw(damage);
        return restored;
    }

    /// <summary>
    /// Throws if a table that the projection names belongs to another one: creating it would fail, or take it away from that one.
    /// </summary>
    /// <exception cref="ProjectionTablesException">A table belongs to another projection.</exception>
    private async ValueTask ThrowIfTablesAreTakenAsync(CancellationToken cancellationToken)
    {
        if (subscriber is not Projection { TableNames: { Count: > 0 } tables } projection) return;
        foreach (var other in await _documents.ListReadableDirectoryAsync(cancellationToken).ConfigureAwait(false))
        {
            if (other.Key == projection.Name) continue;
            var held = other.Content.Generations.Where(g => g.State != GenerationState.Replaced).SelectMany(g => g.Tables);
            if (tables.FirstOrDefault(table => held.Contains(table, StringComparer.OrdinalIgnoreCase)) is not { } taken) continue;
            var owner = other.Content.Types?[0] ?? "started by an older version of this library";
            var reason = $"the table '{taken}' is that of the projection '{other.Key}' ({owner}), which was started on this store.";
            throw new ProjectionTablesException(projection.Name, tables, reason);
        }
    }

    private ValueTask CommitAsync(
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
        return CommitTablesAsync(store, subscriber, commit, cancellationToken);
    }
}
