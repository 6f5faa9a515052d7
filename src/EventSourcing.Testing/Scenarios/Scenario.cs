using System.Diagnostics.CodeAnalysis;

namespace EventSourcing.Testing;

/// <summary>
/// Given some events, when something is done, then this is the outcome: examples of aggregates, deciders, decisions over queries and
/// projections, in any test framework. They run on a store in memory. Events go through JSON and back as in the app, and the clock stands
/// still until the scenario moves it. An outcome that differs is a <see cref="ScenarioException"/> that shows the difference.
/// </summary>
/// <example>
/// <code>
/// await Scenario.For&lt;Account&gt;()
///     .Given(new AccountOpened("Ann"), new MoneyDeposited(100))
///     .When(a => a.Withdraw(30))
///     .ThenAsync(new MoneyWithdrawn(30));
/// </code>
/// </example>
public static class Scenario
{
    /// <summary>Begins a scenario of an aggregate.</summary>
    /// <typeparam name="T">The aggregate's class.</typeparam>
    /// <param name="types">The events; by default those of the aggregate's assembly.</param>
    /// <param name="options">The store's options, such as JSON's.</param>
    /// <returns>The scenario, of an aggregate without events.</returns>
    public static AggregateScenario<T> For<[DynamicallyAccessedMembers(DynamicallyAccessedMemberTypes.PublicParameterlessConstructor)] T>(
        EventTypes? types = null, EventStoreOptions? options = null)
        where T : Aggregate, new() => new(new ScenarioStore(types ?? EventTypes.FromAssemblyOf<T>(), options));

    /// <summary>Begins a scenario of a decider.</summary>
    /// <typeparam name="TState">The decider's state.</typeparam>
    /// <typeparam name="TCommand">The decider's commands.</typeparam>
    /// <param name="decider">The decider.</param>
    /// <param name="types">The events; by default those of the state's assembly.</param>
    /// <param name="options">The store's options, such as JSON's.</param>
    /// <returns>The scenario, of a stream without events.</returns>
    public static DeciderScenario<TState, TCommand> For<TState, TCommand>(
        Decider<TState, TCommand> decider, EventTypes? types = null, EventStoreOptions? options = null)
    {
        ArgumentNullException.ThrowIfNull(decider);
        return new(new ScenarioStore(types ?? EventTypes.FromAssemblyOf<TState>(), options), decider);
    }

    /// <summary>Begins a scenario of a projection of documents.</summary>
    /// <typeparam name="TDocument">The document.</typeparam>
    /// <param name="projection">The projection.</param>
    /// <param name="types">The events; by default those of the projection's assembly.</param>
    /// <param name="options">The store's options, such as JSON's.</param>
    /// <returns>The scenario, of an empty log.</returns>
    public static ProjectionScenario<TDocument> For<[DynamicallyAccessedMembers(JsonMembers)] TDocument>(
        Projection<TDocument> projection, EventTypes? types = null, EventStoreOptions? options = null)
        where TDocument : class
    {
        ArgumentNullException.ThrowIfNull(projection);
        return new(new ScenarioStore(types ?? EventTypes.FromAssembly(projection.GetType().Assembly), options), projection);
    }

    /// <summary>Begins a scenario of a decision over a query (<see cref="DecisionExtensions.DecideAsync"/>).</summary>
    /// <param name="types">The events.</param>
    /// <param name="options">The store's options, such as JSON's.</param>
    /// <returns>The scenario, of an empty log.</returns>
    public static DecisionScenario ForDecision(EventTypes types, EventStoreOptions? options = null)
    {
        ArgumentNullException.ThrowIfNull(types);
        return new(new ScenarioStore(types, options));
    }

    internal const DynamicallyAccessedMemberTypes JsonMembers =
        DynamicallyAccessedMemberTypes.PublicConstructors | DynamicallyAccessedMemberTypes.PublicProperties
        | DynamicallyAccessedMemberTypes.PublicFields;
}
