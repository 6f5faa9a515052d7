namespace EventSourcing.Testing;

/// <summary>A scenario of one stream of a decider. Immutable: what several tests share is given once and gone on from.</summary>
/// <typeparam name="TState">The decider's state.</typeparam>
/// <typeparam name="TCommand">The decider's commands.</typeparam>
public sealed class DeciderScenario<TState, TCommand>
{
    private const string Id = "1";
    private readonly ScenarioStore _store;
    private readonly Decider<TState, TCommand> _decider;

    internal DeciderScenario(ScenarioStore store, Decider<TState, TCommand> decider)
    {
        _store = store;
        _decider = decider;
    }

    /// <summary>Events that the stream has.</summary>
    /// <param name="events">The events in order: payloads, or <see cref="EventData"/> around them.</param>
    /// <returns>The scenario with them.</returns>
    public DeciderScenario<TState, TCommand> Given(params object[] events)
    {
        var decider = _decider;
        return new(_store.Given(store => store.Decider(decider, Id).Stream, events), decider);
    }

    /// <summary>Sets the clock, for what is given and done after this.</summary>
    /// <param name="now">The instant; not before what it was set to last. It begins with the year 2000.</param>
    /// <returns>The scenario at that time.</returns>
    public DeciderScenario<TState, TCommand> At(DateTimeOffset now) => new(_store.At(now), _decider);

    /// <summary>Moves the clock on, for what is given and done after this.</summary>
    /// <param name="time">How far; not negative.</param>
    /// <returns>The scenario at that time.</returns>
    public DeciderScenario<TState, TCommand> After(TimeSpan time) => new(_store.At(_store.Now + time), _decider);

    /// <summary>Has a command decided, on the state folded from what was given.</summary>
    /// <param name="command">The command.</param>
    /// <returns>The outcome, to say what it is to be.</returns>
    public ScenarioOutcome<TState> When(TCommand command) => When(_ => command);

    /// <summary>Has a command decided that is made by the scenario's clock.</summary>
    /// <param name="command">Makes the command.</param>
    /// <returns>The outcome, to say what it is to be.</returns>
    public ScenarioOutcome<TState> When(Func<TimeProvider, TCommand> command)
    {
        ArgumentNullException.ThrowIfNull(command);
        var decider = _decider;
        return new(
            _store,
            (store, clock) => store.Decider(decider, Id).DecideAsync(command(clock)),
            async store => (await store.Decider(decider, Id).LoadAsync().ConfigureAwait(false)).State);
    }
}
