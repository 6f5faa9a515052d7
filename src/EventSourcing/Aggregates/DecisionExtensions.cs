namespace EventSourcing;

/// <summary>
/// Decisions over queries on an <see cref="EventStore"/>: where a rule spans streams (a unique e-mail address, a course
/// that is full), the events that a query finds are its consistency boundary instead of one stream.
/// </summary>
public static class DecisionExtensions
{
    /// <summary>
    /// Reads all events that a query matches, and the head of the log in the same view: what a decision is based on.
    /// </summary>
    /// <param name="store">The store.</param>
    /// <param name="query">The events that matter to the decision.</param>
    /// <param name="cancellationToken">Cancels the read.</param>
    /// <returns>The events in order of position, and the position up to which there are no others.</returns>
    /// <exception cref="UnknownEventTypeException">An event's name is not in the store's types.</exception>
    public static async Task<QueryResult> QueryAsync(this EventStore store, EventQuery query, CancellationToken cancellationToken = default)
    {
        ArgumentNullException.ThrowIfNull(store);
        ArgumentNullException.ThrowIfNull(query);
        var (events, head) = await store.EventReader.FoldAsync(store.EventReader.FilterOf(query), after: 0, new List<RecordedEvent>(), Add, cancellationToken).ConfigureAwait(false);
        return new QueryResult(events, head);

        static List<RecordedEvent> Add(List<RecordedEvent> events, RecordedEvent e)
        {
            events.Add(e);
            return events;
        }
    }

    /// <summary>
    /// Reads the events that a query matches, decides, and appends the decision on condition that no further event
    /// matches the query by then. On a conflict it reads again and decides again, up to
    /// <see cref="EventStoreOptions.MaxConflictRetries"/> times, so <paramref name="decide"/> must do nothing but decide.
    /// </summary>
    /// <param name="store">The store.</param>
    /// <param name="query">The events that matter to the decision. Those that it appends must match it where they matter to the next one.</param>
    /// <param name="decide">
    /// From the events to what is to be appended; nothing where there is nothing to do. It throws where a rule forbids
    /// the decision.
    /// </param>
    /// <param name="metadata">The metadata of the events.</param>
    /// <param name="commandId">
    /// An id of the command's own, the same one whenever it is repeated: then it takes effect once, and every repetition, in any
    /// process and whatever has happened since, decides nothing and returns the original result. A command that led to no event
    /// leaves nothing behind, so its repetition decides again.
    /// </param>
    /// <param name="cancellationToken">Cancels the read, or the append while it waits for its turn; then nothing was written.</param>
    /// <returns>Where the events stand; where nothing was decided, a result without streams at the head that was read.</returns>
    /// <exception cref="ArgumentException">The command's id is empty, or an event brings an id of its own beside it.</exception>
    /// <exception cref="AppendConditionFailedException">Every try met a conflict; nothing was written.</exception>
    /// <exception cref="WrongExpectedVersionException">A stream of the decision is not as it expects, at every try; nothing was written.</exception>
    public static Task<AppendResult> DecideAsync(
        this EventStore store,
        EventQuery query,
        Func<IReadOnlyList<RecordedEvent>, IReadOnlyList<StreamAppend>> decide,
        EventMetadata? metadata = null,
        Guid? commandId = null,
        CancellationToken cancellationToken = default)
    {
        ArgumentNullException.ThrowIfNull(store);
        ArgumentNullException.ThrowIfNull(query);
        ArgumentNullException.ThrowIfNull(decide);
        return new LogCommand(store, metadata, commandId, cancellationToken).RunAsync(
            async () =>
            {
                var (events, head) = await store.QueryAsync(query, cancellationToken).ConfigureAwait(false);
                return new LogDecision(decide(events), [new AppendCondition(query, head)], head);
            },
            store.Options.MaxConflictRetries);
    }

    /// <summary>
    /// Makes a state that decisions over a query are based on, and that remembers what it has read: keep it, and each decision
    /// reads only what is new. Nothing is read yet.
    /// </summary>
    /// <typeparam name="TState">The state: a value that is never changed, but replaced.</typeparam>
    /// <param name="store">The store.</param>
    /// <param name="query">The events that matter to the decisions. Those that they append must match it if they matter to the next one.</param>
    /// <param name="initial">The state before the first event.</param>
    /// <param name="evolve">The state after an event. It must not fail, decide, read the clock or do I/O.</param>
    /// <returns>The model.</returns>
    /// <exception cref="ArgumentException">The query names a type that is not in the store's types.</exception>
    public static DecisionModel<TState> DecisionModel<TState>(this EventStore store, EventQuery query, TState initial, Func<TState, RecordedEvent, TState> evolve)
    {
        ArgumentNullException.ThrowIfNull(store);
        ArgumentNullException.ThrowIfNull(query);
        ArgumentNullException.ThrowIfNull(evolve);
        return new DecisionModel<TState>(store, query, initial, evolve);
    }
}

/// <summary>What a query found.</summary>
/// <param name="Events">The matching events in order of position.</param>
/// <param name="Head">The head of the log in that view: give it as <see cref="AppendCondition.After"/>.</param>
public sealed record QueryResult(IReadOnlyList<RecordedEvent> Events, long Head);
