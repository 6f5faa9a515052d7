namespace EventSourcing;

/// <summary>
/// One stream of a decider, addressed by its id. The handle holds no state and may be kept, copied and shared; every call
/// loads afresh.
/// </summary>
/// <typeparam name="TState">The decider's state.</typeparam>
/// <typeparam name="TCommand">The decider's commands.</typeparam>
public readonly partial struct DeciderHandle<TState, TCommand>
{
    private readonly EventStore _store;
    private readonly Decider<TState, TCommand> _decider;

    internal DeciderHandle(EventStore store, Decider<TState, TCommand> decider, string id)
    {
        _store = store;
        _decider = decider;
        Id = id;
        Stream = StreamName.For(decider.Category, id);
    }

    /// <summary>Which one of its kind this is.</summary>
    public string Id { get; }

    /// <summary>The name of its stream: the category, a hyphen, the id.</summary>
    public string Stream { get; }

    /// <summary>
    /// Loads the state, decides, and appends what was decided, expecting the version loaded. A stream without events begins with the
    /// initial state. On a conflict it reads the new events. If <see cref="Decider{TState, TCommand}.ConflictsWith"/> finds no conflict
    /// among them, the decided events are appended as they are. Otherwise it decides again, up to
    /// <see cref="EventStoreOptions.MaxConflictRetries"/> times.
    /// </summary>
    /// <param name="command">The command.</param>
    /// <param name="metadata">The metadata of the events.</param>
    /// <param name="commandId">
    /// An id of the command's own, the same one whenever it is repeated. The command then takes effect once: every repetition, in any
    /// process and whatever has happened since, decides nothing and returns the original result. A command that led to no event stores
    /// nothing, so its repetition decides again.
    /// </param>
    /// <param name="cancellationToken">Cancels the load, or the append while it waits for its turn; then nothing was written.</param>
    /// <returns>Where the events stand; if there are none, where the stream's last event stands.</returns>
    /// <exception cref="ArgumentException">The command's id is empty, or an event has an id of its own besides the command's.</exception>
    /// <exception cref="CommandIdReusedException">The id was given to a command with another fingerprint; nothing was written.</exception>
    /// <exception cref="InvalidOperationException">The call comes from within a command on the same stream. It did nothing.</exception>
    /// <exception cref="InvalidOperationException">The decider returned null; nothing was written.</exception>
    /// <exception cref="WrongExpectedVersionException">Every try met a conflict; nothing was written.</exception>
    public async Task<AppendResult> DecideAsync(
        TCommand command, EventMetadata? metadata = null, CommandId? commandId = null, CancellationToken cancellationToken = default)
    {
        var decider = _decider;
        return await new StreamCommand<TState>(
            _store,
            new DeciderFold<TState, TCommand>(decider, Stream),
            state => ValueTask.FromResult<IReadOnlyList<object>>(
                [.. MissingAnswer.ThrowIfNull(decider.Decide(state, command), "its events")]),
            metadata,
            commandId,
            cancellationToken).UpdateAsync(notFound: null).ConfigureAwait(false);
    }

    /// <summary>Folds the state from the stream's events.</summary>
    /// <param name="asOf">The point in the past to fold it at; by default now.</param>
    /// <param name="cancellationToken">Cancels the load.</param>
    /// <returns>The state and its version; if there are no events, the initial state at version 0.</returns>
    /// <exception cref="UnknownEventTypeException">One of its events is not in the store's types.</exception>
    public async Task<StateAt<TState>> LoadAsync(AsOf asOf = default, CancellationToken cancellationToken = default)
    {
        var load = new StateLoad<TState>(_store, new DeciderFold<TState, TCommand>(_decider, Stream), isForCommand: false);
        await load.LoadAsync(asOf, cancellationToken).ConfigureAwait(false);
        load.Due?.Enqueue();
        return new StateAt<TState>(load.State, load.Version);
    }
}

/// <summary>A state, and the version of the stream at which it is the state.</summary>
/// <typeparam name="TState">The state.</typeparam>
/// <param name="State">The state.</param>
/// <param name="Version">The version of the last event in it; 0 if there is none.</param>
public readonly record struct StateAt<TState>(TState State, long Version);
