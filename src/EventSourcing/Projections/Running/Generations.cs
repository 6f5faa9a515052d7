using System.Runtime.ExceptionServices;

namespace EventSourcing;

/// <summary>
/// The generations of one projection or reactor, as they are recorded: finds them, makes the first, and begins further ones beside
/// those that there are. Each change is one commit that is guarded by the record, so of several processes one makes it.
/// </summary>
internal sealed class Generations(EventStore store, Subscriber subscriber)
{
    /// <summary>In the place of a fingerprint, which reactors have none of.</summary>
    private const string OfReactor = "reactor";

    private readonly ControlDocuments _documents = new(store.Storage.ReadModels);

    /// <summary>The fingerprint of the subscriber's own generations.</summary>
    public string Fingerprint { get; } = (subscriber as Projection)?.FingerprintOn(store) ?? OfReactor;

    /// <summary>Commits what makes, moves or drops tables of a projection. What the database or its own SQL refuses is said with their names.</summary>
    public static async ValueTask CommitTablesAsync(
        EventStore store, Subscriber subscriber, ReadModelCommit commit, CancellationToken cancellationToken)
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

    /// <summary>
    /// What is recorded of it, as the subscriber's own; null if it was never started. If the record is lost, this fails, unless the
    /// subscriber is another version of the projection than the one that was started last: that one is built beside what there is,
    /// as a rebuild is.
    /// </summary>
    /// <exception cref="SubscriberNameTakenException">The name belongs to another class.</exception>
    public async ValueTask<ReadDocument<DirectoryRecord>?> FindAsync(CancellationToken stop)
    {
        if (await FindRecordAsync(stop).ConfigureAwait(false) is not { } directory) return null;
        if (directory.Content.Generations.Any(g => (g.Fingerprint == OfReactor) != (subscriber is Reactor)))
        {
            var (taken, wanted) = subscriber is Reactor ? ("projection", "reactor") : ("reactor", "projection");
            throw new InvalidOperationException(
                $"'{subscriber.Name}' is the name of a {taken} on this store, so no {wanted} can have it. Give one of them another name.");
        }

        directory.Content.ThrowIfOfAnother(subscriber);
        var claimed = directory.Content.ClaimedBy(subscriber);
        if (claimed == directory.Content) return directory;
        var claim = ControlDocuments.Write(ControlDocuments.Directory, subscriber.Name, claimed);
        var commit = new ReadModelCommit { Guards = [directory.Guard], Creates = ControlDocuments.Definitions, Changes = [claim] };
        await store.Storage.ReadModels.CommitAsync(commit, stop).ConfigureAwait(false);
        return new ReadDocument<DirectoryRecord>(directory.Model, directory.Key, claim.Data!.Value, claimed);
    }

    /// <summary>Makes the first generation. It serves at once: readers see it grow.</summary>
    public async ValueTask CreateFirstAsync(CancellationToken stop)
    {
        await ThrowIfTablesAreTakenAsync(stop).ConfigureAwait(false);

        // If the record of a reactor is lost, it goes on from where it was: to begin anew would deliver again what was delivered.
        var key = ControlDocuments.RunKey(subscriber.Name, 1);
        var known = subscriber is Reactor ? await _documents.FindAsync<RunRecord>(ControlDocuments.Runs, key, stop).ConfigureAwait(false) : null;
        var after = known is null && subscriber is Reactor reactor ? await reactor.Start.PositionAsync(store, stop).ConfigureAwait(false) : 0;
        var run = known?.Content ?? new RunRecord(after, 0, null, after, 0, Fingerprint: subscriber is Projection ? Fingerprint : null);
        var commit = subscriber is Projection projection
            ? projection.Creation(store, 1).Then(projection.Activation(1, replaced: null))
            : new ReadModelCommit();
        var first = new GenerationRecord(1, Fingerprint, GenerationState.Active, (subscriber as Projection)?.TableNames ?? []);
        var guard = new DocumentGuard(ControlDocuments.Directory, subscriber.Name, null);
        await CommitAsync(commit, [guard], new DirectoryRecord(1, 1, [first], [subscriber.TypeName]), 1, run, [], stop).ConfigureAwait(false);
        store.Signals.OrderGiven(subscriber.Name);
    }

    /// <summary>Begins a new generation of a projection. One that is being built is given up for it.</summary>
    /// <returns>Its number.</returns>
    public async ValueTask<int> BuildAsync(ReadDocument<DirectoryRecord> directory, CancellationToken cancellationToken)
    {
        var projection = (Projection)subscriber;
        var content = directory.Content;
        content.ThrowIfOfAnother(projection);
        await ThrowIfTablesAreTakenAsync(cancellationToken).ConfigureAwait(false);
        var number = content.Last + 1;

        // Before such names were refused, another projection may have been called as this generation would be.
        while (await _documents.IsKnownAsync(projection.ModelOf(number), cancellationToken).ConfigureAwait(false)) number++;
        var commit = projection.Creation(store, number);
        var changes = new List<DocumentChange>();
        var generations = content.Generations.Where(g => g.Fingerprint != Fingerprint || g.State != GenerationState.Replaced).ToList();
        if (content.Building is { } givenUp)
        {
            commit = projection.Removal(givenUp, isInPlace: false).Then(commit);
            generations[generations.IndexOf(givenUp)] = givenUp with { State = GenerationState.Replaced };
            changes.Add(new DocumentChange(ControlDocuments.Runs, ControlDocuments.RunKey(projection.Name, givenUp.Number), null));
            var parked = await _documents.ListStoredAsync(ControlDocuments.Parked, projection.Name, cancellationToken).ConfigureAwait(false);
            changes.AddRange(parked
                .Where(p => ControlDocuments.TryRead<ParkedRecord>(p.Data.Span)?.Generation == givenUp.Number)
                .Select(p => new DocumentChange(ControlDocuments.Parked, p.Key, null)));
        }

        var head = await store.GetHeadAsync(cancellationToken).ConfigureAwait(false);
        var built = new GenerationRecord(number, Fingerprint, GenerationState.Building, projection.TableNames);
        var record = content.ClaimedBy(projection) with { Last = number, Generations = [.. generations, built] };
        changes.Add(ControlDocuments.NewOrder());
        var run = new RunRecord(0, 0, null, head, 0, Fingerprint: Fingerprint);
        await CommitAsync(commit, [directory.Guard], record, number, run, changes, cancellationToken).ConfigureAwait(false);
        store.Signals.OrderGiven(projection.Name);
        return number;
    }

    private async ValueTask<ReadDocument<DirectoryRecord>?> FindRecordAsync(CancellationToken stop)
    {
        ReadModelDamagedException damage;
        try
        {
            var found = await _documents.FindAsync<DirectoryRecord>(ControlDocuments.Directory, subscriber.Name, stop).ConfigureAwait(false);
            if (found is not null || subscriber is not Projection || !await _documents.HasRunsAsync(subscriber.Name, stop).ConfigureAwait(false)) return found;

            // Both are written in one commit, which another process may have made a moment ago.
            found = await _documents.FindAsync<DirectoryRecord>(ControlDocuments.Directory, subscriber.Name, stop).ConfigureAwait(false);
            if (found is not null) return found;
            damage = new ReadModelDamagedException(subscriber.Name, $"its record '{subscriber.Name}' in '{ControlDocuments.Directory}' is missing");
        }
        catch (ReadModelDamagedException e) when (subscriber is Projection)
        {
            damage = e;
        }

        var restored = await _documents.RestoreDirectoryAsync((Projection)subscriber, stop).ConfigureAwait(false);
        if (restored.Content.Generations.Any(g => g.Fingerprint == ControlDocuments.LostFingerprint || g.Fingerprint == Fingerprint))
            ExceptionDispatchInfo.Throw(damage);
        return restored;
    }

    /// <summary>Throws if a table that the projection names is another one's: to make it would fail, or take it away from that one.</summary>
    /// <exception cref="ProjectionTablesException">It is.</exception>
    private async ValueTask ThrowIfTablesAreTakenAsync(CancellationToken cancellationToken)
    {
        if (subscriber is not Projection { TableNames: { Count: > 0 } tables } projection) return;
        foreach (var other in await _documents.ListReadableDirectoryAsync(cancellationToken).ConfigureAwait(false))
        {
            if (other.Key == projection.Name) continue;
            var held = other.Content.Generations.Where(g => g.State != GenerationState.Replaced).SelectMany(g => g.Tables);
            if (tables.FirstOrDefault(table => held.Contains(table, StringComparer.OrdinalIgnoreCase)) is not { } taken) continue;
            var owner = other.Content.Types?[0] ?? "started by an older version of this library";
            throw new ProjectionTablesException(
                projection.Name, tables, $"the table '{taken}' is that of the projection '{other.Key}' ({owner}), which was started on this store.");
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
