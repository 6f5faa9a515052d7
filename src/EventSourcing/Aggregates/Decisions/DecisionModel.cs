namespace EventSourcing;

/// <summary>
/// The state that decisions over a query are based on, folded from the events that the query finds. It remembers its fold and the position
/// up to which it has read, so that a decision reads only new events. Thread-safe; make one with <c>store.DecisionModel(…)</c>, and keep
/// it. It holds one state.
/// </summary>
/// <remarks>
/// A decision is never based on an outdated state: it is appended on condition that the query finds no further event by then. If the
/// payload of an event is erased, a model that has folded the event keeps the result of it; make a new model.
/// </remarks>
/// <typeparam name="TState">The state: a value that is never changed, but replaced.</typeparam>
public sealed class DecisionModel<TState>
{
    private readonly EventStore _store;
    private readonly EventFilter _filter;
    private readonly Func<TState, RecordedEvent, TState> _evolve;
    private readonly Lock _lock = new();
    private DecisionState<TState> _known;

    internal DecisionModel(EventStore store, EventQuery query, TState initial, Func<TState, RecordedEvent, TState> evolve)
    {
        _store = store;
        _filter = store.EventReader.FilterOf(query);
        _evolve = evolve;
        _known = new DecisionState<TState>(initial, Position: 0);
        Query = query;
    }

    /// <summary>The events that matter to the decisions.</summary>
    public EventQuery Query { get; }

    /// <summary>Reads the new events and folds them.</summary>
    /// <param name="cancellationToken">Cancels the read.</param>
    /// <returns>The state, and the position up to which no other event belongs to it.</returns>
    /// <exception cref="UnknownEventTypeException">An event's name is not in the store's types.</exception>
    public async Task<DecisionState<TState>> LoadAsync(CancellationToken cancellationToken = default)
    {
        DecisionState<TState> known;
        lock (_lock) known = _known;
        var (state, position) =
            await _store.EventReader.FoldAsync(_filter, known.Position, known.State, _evolve, cancellationToken).ConfigureAwait(false);
        var found = new DecisionState<TState>(state, position);
        lock (_lock)
        {
            if (position > _known.Position) _known = found;
        }

        return found;
    }

    /// <summary>
    /// Reads the new events, decides on the state, and appends the decision on condition that no further event matches the query by then.
    /// On a conflict it reads the new events and decides again, up to <see cref="EventStoreOptions.MaxConflictRetries"/> times, so
    /// <paramref name="decide"/> must do nothing but decide.
    /// </summary>
    /// <param name="decide">
    /// Returns what to append, from the state; nothing if there is nothing to do. It throws if a rule forbids the decision.
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
    public Task<AppendResult> DecideAsync(
        Func<TState, IReadOnlyList<StreamAppend>> decide,
        EventMetadata? metadata = null,
        CommandId? commandId = null,
        CancellationToken cancellationToken = default)
    {
        ArgumentNullException.ThrowIfNull(decide);
        return new LogCommand(_store, metadata, commandId, cancellationToken).RunAsync(
            async () =>
            {
                var (state, position) = await LoadAsync(cancellationToken).ConfigureAwait(false);
                return new LogDecision(decide(state), [new AppendCondition(Query, position)], position);
            },
            _store.Options.MaxConflictRetries);
    }
}
