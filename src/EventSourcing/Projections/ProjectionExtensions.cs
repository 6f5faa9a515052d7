using System.Diagnostics.CodeAnalysis;

namespace EventSourcing;

/// <summary>Projections and reactors on an <see cref="EventStore"/>.</summary>
public static class ProjectionExtensions
{
    /// <summary>
    /// Starts projections in the background. Each goes on from the position that it has reached, and stays level with the log.
    /// </summary>
    /// <param name="store">The store.</param>
    /// <param name="projections">The projections, each name once.</param>
    /// <returns>The running projections; dispose them before the store.</returns>
    /// <exception cref="ArgumentException">
    /// There is none, two have one name, or one is not valid: the message says what is wrong.
    /// </exception>
    /// <exception cref="StoreReadOnlyException">The store was opened read-only.</exception>
    /// <exception cref="SubscriberNameTakenException">
    /// A projection has the name of another class that runs on this store object. If the other class runs elsewhere or was started before,
    /// the projection fails with this error once it has read the store: see <see cref="RunningSubscribers.Completion"/>; waits throw it
    /// too.
    /// </exception>
    /// <exception cref="NotSupportedException">
    /// JSON cannot handle a document, or the storage has no tables and a projection needs some.
    /// </exception>
    public static RunningProjections StartProjections(this EventStore store, params IReadOnlyList<Projection> projections) =>
        StartProjections(store, new ProjectionOptions(), projections);

    /// <summary>Starts projections in the background, with options of your own.</summary>
    /// <param name="store">The store.</param>
    /// <param name="options">How they run.</param>
    /// <param name="projections">The projections, each name once.</param>
    /// <returns>The running projections; dispose them before the store.</returns>
    /// <exception cref="ArgumentException">
    /// There is none, two have one name, or one is not valid: the message says what is wrong.
    /// </exception>
    /// <exception cref="StoreReadOnlyException">The store was opened read-only.</exception>
    /// <exception cref="SubscriberNameTakenException">As above.</exception>
    /// <exception cref="NotSupportedException">
    /// JSON cannot handle a document, or the storage has no tables and a projection needs some.
    /// </exception>
    public static RunningProjections StartProjections(
        this EventStore store, ProjectionOptions options, params IReadOnlyList<Projection> projections)
    {
        Validate(store, options, projections);
        store.ThrowIfReadOnly("run projections");
        return new RunningProjections(store, projections, options);
    }

    /// <summary>
    /// Starts reactors in the background. Each goes on from the position that it has reached; a new one begins at its
    /// <see cref="Reactor.Start"/>. What fails is tried again for some hours before it is parked, since services that are down come back.
    /// </summary>
    /// <param name="store">The store.</param>
    /// <param name="reactors">The reactors, each name once.</param>
    /// <returns>
    /// The running reactors, once their places in the log are stored: <see cref="StartFrom.Now"/> means now. Dispose them before the
    /// store.
    /// </returns>
    /// <exception cref="ArgumentException">
    /// There is none, two have one name, or one is not valid: the message says what is wrong.
    /// </exception>
    /// <exception cref="StoreReadOnlyException">The store was opened read-only.</exception>
    /// <exception cref="SubscriberNameTakenException">One has the name of another class on this store.</exception>
    /// <exception cref="StoreBusyException">Another process held the write lock for too long; nothing was started.</exception>
    /// <exception cref="StorageFailedException">
    /// The medium failed before their places were stored, for example because the disk is full; nothing was started.
    /// </exception>
    public static Task<RunningReactors> StartReactorsAsync(this EventStore store, params IReadOnlyList<Reactor> reactors) =>
        StartReactorsAsync(store, ProjectionOptions.ForReactors, reactors);

    /// <summary>Starts reactors in the background, with options of your own.</summary>
    /// <param name="store">The store.</param>
    /// <param name="options">How they run.</param>
    /// <param name="reactors">The reactors, each name once.</param>
    /// <returns>The running reactors, once their places in the log are stored. Dispose them before the store.</returns>
    /// <exception cref="ArgumentException">
    /// There is none, two have one name, one is not valid, or one is to start beyond the end of the log: the message says what is wrong.
    /// </exception>
    /// <exception cref="StoreReadOnlyException">The store was opened read-only.</exception>
    /// <exception cref="SubscriberNameTakenException">One has the name of another class on this store.</exception>
    /// <exception cref="StoreBusyException">Another process held the write lock for too long; nothing was started.</exception>
    /// <exception cref="StorageFailedException">
    /// The medium failed before their places were stored, for example because the disk is full; nothing was started.
    /// </exception>
    public static async Task<RunningReactors> StartReactorsAsync(
        this EventStore store, ProjectionOptions options, params IReadOnlyList<Reactor> reactors)
    {
        Validate(store, options, reactors);
        store.ThrowIfReadOnly("run reactors");
        var running = new RunningReactors(store, reactors, options);
        try
        {
            await running.PlacedAsync().ConfigureAwait(false);
            return running;
        }
        catch
        {
            await running.DisposeAsync().ConfigureAwait(false);
            throw;
        }
    }

    /// <summary>
    /// Declares projections that run inline: every append through a store that is opened with these options also changes their read
    /// models, in its own transaction. If a projection fails on an event, the append is refused.
    /// </summary>
    /// <remarks>
    /// <para>The first append brings the projections up to date before it is made, so none can come too early; if that fails, it is
    /// refused, and the next one tries again. To have it done when the app starts, call
    /// <see cref="StartInlineProjectionsAsync(EventStore, CancellationToken)"/>.</para>
    /// <para>Declare them in every process that appends. If a process appends without them, the next append of a process that has declared
    /// them catches up first. When a new version of a projection goes live, processes of the old version can no longer append: stop those
    /// first.</para>
    /// </remarks>
    /// <param name="options">The options.</param>
    /// <param name="projections">The projections, each name once. The store checks them when it is opened.</param>
    /// <returns>The options with these projections, besides those that they declared before.</returns>
    /// <exception cref="ArgumentException">There is no projection.</exception>
    public static EventStoreOptions WithInlineProjections(this EventStoreOptions options, params IReadOnlyList<Projection> projections)
    {
        ArgumentNullException.ThrowIfNull(options);
        ArgumentNullException.ThrowIfNull(projections);
        if (projections.Count == 0) throw new ArgumentException("There is no projection to run inline.", nameof(projections));
        IReadOnlyList<Projection> before = options.Inline?.Target is DeclaredInline declared ? declared.Projections : [];
        return options with { Inline = new DeclaredInline([.. before, .. projections]).Open };
    }

    /// <summary>
    /// Brings the inline projections up to date that the store's options declare (<see cref="WithInlineProjections"/>). Otherwise the first
    /// append does it. If appends are refused with <see cref="InlineProjectionException"/>, call this again. A version that another one
    /// has replaced, as when a release is taken back, waits until that one has been gone for the length of a lease (5 s).
    /// </summary>
    /// <param name="store">The store.</param>
    /// <param name="cancellationToken">Ends the wait until they are up to date.</param>
    /// <returns>A task that completes when they are up to date.</returns>
    /// <exception cref="InvalidOperationException">
    /// The store has no inline projections; or another version of one serves and is running elsewhere.
    /// </exception>
    /// <exception cref="StoreReadOnlyException">The store was opened read-only.</exception>
    /// <exception cref="ProjectionParkedException">
    /// Something of a projection is still parked from its time in the background; resume or skip it first.
    /// </exception>
    /// <exception cref="ProjectionFailedException">A projection fails on a stored event.</exception>
    /// <exception cref="SubscriberNameTakenException">One has the name of another class on this store.</exception>
    /// <exception cref="StoreBusyException">Another process held the write lock for too long; call it again.</exception>
    /// <exception cref="StorageFailedException">The medium failed, for example because the disk is full; call it again.</exception>
    public static async Task StartInlineProjectionsAsync(this EventStore store, CancellationToken cancellationToken = default)
    {
        ArgumentNullException.ThrowIfNull(store);
        if (store.InlineReadModels is not InlineProjections inline)
            throw new InvalidOperationException(
                "The store has no inline projections. Declare them: new EventStoreOptions().WithInlineProjections(…).");
        store.ThrowIfReadOnly("run projections");
        await inline.BringUpToDateAsync(cancellationToken).ConfigureAwait(false);
    }

    /// <summary>Puts the read models of projections in place and folds what they have not seen yet, and leaves them at that.</summary>
    internal static async ValueTask BringUpToDateAsync(
        EventStore store, IReadOnlyList<Projection> projections, CancellationToken cancellationToken)
    {
        var running = new RunningProjections(store, projections, new ProjectionOptions { OnFailure = FailureMode.Stop, RetryDelays = [] });
        await using (running.ConfigureAwait(false))
        {
            await running.PutInPlaceAsync(cancellationToken).ConfigureAwait(false);
            await running.CatchUpAsync(Timeout.InfiniteTimeSpan, cancellationToken).ConfigureAwait(false);
        }

        foreach (var projection in projections)
        {
            var parked = await new ProjectionAdmin(store).GetParkedAsync(projection.Name, cancellationToken).ConfigureAwait(false);
            if (parked.Count > 0) throw new ProjectionParkedException(parked[0], parked[0].Position);
        }
    }

    /// <summary>Folds the log into a read model that is not stored, as of any point.</summary>
    /// <typeparam name="TDocument">The document.</typeparam>
    /// <param name="store">The store.</param>
    /// <param name="projection">The projection.</param>
    /// <param name="key">The only document of interest, or <see langword="null"/> for all.</param>
    /// <param name="asOf">The position or instant; by default now. Not a version: versions belong to streams, and the log has none.</param>
    /// <param name="cancellationToken">Ends the fold.</param>
    /// <returns>The read model as of that point. Its documents are kept in memory.</returns>
    /// <exception cref="ArgumentException">The projection is not valid, or the point is a version.</exception>
    /// <exception cref="ProjectionFailedException">The projection fails on an event.</exception>
    public static async Task<LiveReadModel<TDocument>> ProjectAsync<[DynamicallyAccessedMembers(EventType.JsonMembers)] TDocument>(
        this EventStore store,
        Projection<TDocument> projection,
        string? key = null,
        AsOf asOf = default,
        CancellationToken cancellationToken = default)
        where TDocument : class
    {
        Validate(store, new ProjectionOptions(), [projection]);
        if (asOf.AtVersion is not null)
            throw new ArgumentException("The log has no versions, streams have. Project it as of a position or an instant.", nameof(asOf));
        var position = await store.EventReader.PositionOfAsync(asOf, cancellationToken).ConfigureAwait(false)
            ?? await store.GetHeadAsync(cancellationToken).ConfigureAwait(false);
        var documents = new Dictionary<string, TDocument>(StringComparer.Ordinal);
        var filter = projection.FilterFor(store);
        var read = new LogRead { UpTo = position, Filter = filter.Stored };
        var events = new List<FeedEvent>();
        await foreach (var page in store.Storage.PagesAsync(read, cancellationToken).ConfigureAwait(false))
        {
            events.Clear();
            for (var i = 0; i < page.Count; i++) FeedEvent.AddTo(events, store, page.Events[i], filter);
            foreach (var e in events)
            {
                try
                {
                    if (e.Failure is { } undecodable) throw undecodable;
                    projection.Handlers.ApplyTo(documents, e, key);
                }
                catch (Exception failure)
                {
                    throw new ProjectionFailedException(projection.Name, e, failure);
                }
            }
        }

        return new LiveReadModel<TDocument>(documents, position);
    }

    /// <summary>The stored read model of a projection, whether or not the projection is running.</summary>
    /// <typeparam name="TDocument">The document.</typeparam>
    /// <param name="store">The store.</param>
    /// <param name="projection">The projection.</param>
    /// <returns>The read model, to query.</returns>
    public static ReadModel<TDocument> ReadModel<[DynamicallyAccessedMembers(
        EventType.JsonMembers)] TDocument>(this EventStore store, Projection<TDocument> projection)
        where TDocument : class
    {
        ArgumentNullException.ThrowIfNull(store);
        ArgumentNullException.ThrowIfNull(projection);
        return new ReadModel<TDocument>(store, projection);
    }

    /// <summary>Administers projections and reactors: status, what is parked, resume, skip.</summary>
    /// <param name="store">The store.</param>
    /// <returns>The administration, from any process.</returns>
    public static ProjectionAdmin ProjectionAdmin(this EventStore store)
    {
        ArgumentNullException.ThrowIfNull(store);
        return new ProjectionAdmin(store);
    }

    /// <summary>
    /// Checks whether projections or reactors can run on a store, and starts nothing. What it finds is all that starting them would find
    /// in them before it reads the store, so an app can tell it early. The storage need not be open yet.
    /// </summary>
    /// <param name="store">The store.</param>
    /// <param name="subscribers">The projections or reactors, each name once.</param>
    /// <exception cref="ArgumentException">
    /// There is none, two have one name, or one is not valid: the message says what is wrong.
    /// </exception>
    /// <exception cref="NotSupportedException">
    /// JSON cannot handle a document, or the storage has no tables and a projection needs some.
    /// </exception>
    /// <exception cref="StoreReadOnlyException">The store was opened read-only.</exception>
    public static void CheckSubscribers(this EventStore store, params IReadOnlyList<Subscriber> subscribers)
    {
        Validate(store, new ProjectionOptions(), subscribers);
        store.ThrowIfReadOnly("run projections or reactors");
    }

    internal static void Validate(EventStore store, ProjectionOptions options, IReadOnlyList<Subscriber> subscribers)
    {
        ArgumentNullException.ThrowIfNull(store);
        ArgumentNullException.ThrowIfNull(options);
        ArgumentNullException.ThrowIfNull(subscribers);
        if (subscribers.Count == 0) throw new ArgumentException("There is nothing to start.", nameof(subscribers));
        foreach (var subscriber in subscribers)
        {
            ArgumentNullException.ThrowIfNull(subscriber, nameof(subscribers));
            subscriber.Validate(store);
            subscriber.FilterFor(store);
        }

        if (subscribers.GroupBy(subscriber => subscriber.Name, StringComparer.Ordinal).FirstOrDefault(group =>
            group.Count() > 1) is { } twice)
            throw new ArgumentException(
                $"Two are named '{twice.Key}': {string.Join(" and ", twice.Select(subscriber => subscriber.GetType()))}. "
                + "The name is that of the place in the log, so give each its own.",
                nameof(subscribers));
    }
}
