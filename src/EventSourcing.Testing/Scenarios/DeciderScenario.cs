namespace EventSourcing.Testing;

/// <summary>A scenario of one stream of a decider. Immutable: what several tests share can be given once and extended by each.</summary>
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

    /// <summary>Sets the clock for everything given and done after this.</summary>
    /// <param name="now">The instant; not before the one last set. The clock begins with the year 2000.</param>
    /// <returns>The scenario at that time.</returns>
    public DeciderScenario<TState, TCommand> At(DateTimeOffset now) => new(_store.At(now), _decider);

    /// <summary>Moves the clock on for everything given and done after this.</summary>
    /// <param name="time">How far; not negative.</param>
    /// <returns>The scenario at that time.</returns>
    public DeciderScenario<TState, TCommand> After(TimeSpan time) => new(_store.At(_store.Now + time), _decider);

    /// <summary>Decides a command, on the state folded from the given events.</summary>
    /// <param name="command">The command.</param>
    /// <returns>The outcome, to state what is expected of it.</returns>
    public ScenarioOutcome<TState> When(TCommand command) => When(_ => command);

    /// <summary>Decides a command that is made from the scenario's clock.</summary>
    /// <param name="command">Makes the command.</param>
    /// <returns>The outcome, to state what is expected of it.</returns>
    public ScenarioOutcome<TState> When(Func<TimeProvider, TCommand> command)
    {
        ArgumentNullException.ThrowIfNull(command);
        var decider = _decider;
        return new(
            _store,
            (store, called) => store.Decider(Calling(decider, called), Id).DecideAsync(command(called.Clock)),
            async (store, asOf) => (await store.Decider(decider, Id).LoadAsync(asOf).ConfigureAwait(false)).State);
    }

    /// <summary>The decider, which tells when it is called. It takes no snapshots: a scenario has few events.</summary>
    private static Decider<TState, TCommand> Calling(Decider<TState, TCommand> decider, ScenarioCommand called) => new(
        decider.Category,
        decider.Initial,
        (state, command) => called.Call(() => decider.Decide(state, command)),
        decider.Evolve)
    {
        ConflictsWith = decider.ConflictsWith,
    };
}
