namespace EventSourcing;

/// <summary>
/// Decisions over queries on an <see cref="EventStore"/>. If a rule spans streams (a unique e-mail address, a course that is full), its
/// consistency boundary is the events that a query finds, instead of one stream.
/// </summary>
public static class DecisionExtensions
{
    /// <summary>
    /// Reads all events that a query matches, and the head of the log in the same view: what a decision is based on.
    /// </summary>
    /// <param name="store">The store.</param>
    /// <param name="query">The events that matter to the decision.</param>
    /// <param name="cancellationToken">Cancels the read.</param>
    /// <returns>The events in order of position, and the position up to which no other event matches.</returns>
    /// <exception cref="UnknownEventTypeException">An event's name is not in the store's types.</exception>
    public static async Task<QueryResult> QueryAsync(this EventStore store, EventQuery query, CancellationToken cancellationToken = default)
    {
        ArgumentNullException.ThrowIfNull(store);
        ArgumentNullException.ThrowIfNull(query);
        var (events, head) = await store.EventReader.FoldAsync(
            store.EventReader.FilterOf(query), after: 0, new List<RecordedEvent>(), Add, cancellationToken).ConfigureAwait(false);
        return new QueryResult(events, head);

        static List<RecordedEvent> Add(List<RecordedEvent> events, RecordedEvent e)
        {
            events.Add(e);
            return events;
        }
    }

    /// <summary>
    /// Reads the events that a query matches, decides, and appends the decision on condition that no further event matches the query by
    /// then. On a conflict it reads and decides again, up to <see cref="EventStoreOptions.MaxConflictRetries"/> times, so
    /// <paramref name="decide"/> must do nothing but decide.
    /// </summary>
    /// <param name="store">The store.</param>
    /// <param name="query">
    /// The events that matter to the decision. If the appended events matter to the next decision, the query must match them too.
    /// </param>
    /// <param name="decide">
    /// Returns what to append, from the events; nothing if there is nothing to do. It throws if a rule forbids the decision.
    /// </param>
    /// <param name="metadata">The metadata of the events.</param>
    /// <param name="commandId">
    /// An id of the command's own, the same one whenever it is repeated. The command then takes effect once: every repetition, in any
    /// process and whatever has happened since, decides nothing and returns the original result. A command that led to no event stores
    /// nothing, so its repetition decides again.
    /// </param>
    /// <param name="cancellationToken">Cancels the read, or the append while it waits for its turn; then nothing was written.</param>
    /// <returns>Where the events stand; if nothing was decided, a result without streams at the head that was read.</returns>
    /// <exception cref="ArgumentException">The command's id is empty, or an event has an id of its own besides the command's.</exception>
    /// <exception cref="CommandIdReusedException">The id was given to a command with another fingerprint; nothing was written.</exception>
    /// <exception cref="InvalidOperationException">The decision returned null; nothing was written.</exception>
    /// <exception cref="AppendConditionFailedException">Every try met a conflict; nothing was written.</exception>
    /// <exception cref="WrongExpectedVersionException">
    /// At every try, a stream of the decision was not as it expects; nothing was written.
    /// </exception>
    public static Task<AppendResult> DecideAsync(
        this EventStore store,
        EventQuery query,
        Func<IReadOnlyList<RecordedEvent>, IReadOnlyList<StreamAppend>> decide,
        EventMetadata? metadata = null,
        CommandId? commandId = null,
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
    /// Makes a state for decisions over a query. It remembers what it has read: keep it, and each decision reads only new events. Nothing
    /// is read yet.
    /// </summary>
    /// <typeparam name="TState">The state: a value that is never changed, but replaced.</typeparam>
    /// <param name="store">The store.</param>
    /// <param name="query">
    /// The events that matter to the decisions. If the appended events matter to the next decision, the query must match them too.
    /// </param>
    /// <param name="initial">The state before the first event.</param>
    /// <param name="evolve">The state after an event. It must not fail, decide, read the clock or do I/O.</param>
    /// <returns>The model.</returns>
    /// <exception cref="ArgumentException">The query names a type that is not in the store's types.</exception>
    public static DecisionModel<TState> DecisionModel<TState>(
        this EventStore store, EventQuery query, TState initial, Func<TState, RecordedEvent, TState> evolve)
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
