namespace EventSourcing;

/// <summary>
/// State that is a fold of events, as a value: each event gives the state after it. Declare it on a partial record, class or struct with a
/// method <c>Apply(TEvent)</c> per event that returns the new state; the source generator writes the rest. Instances are never changed.
/// </summary>
/// <example>
/// <code>
/// public readonly partial record struct Balance(decimal Amount) : IState&lt;Balance&gt;
/// {
///     Balance Apply(MoneyDeposited e) => this with { Amount = Amount + e.Amount };
/// }
/// </code>
/// </example>
/// <typeparam name="TSelf">The state.</typeparam>
public interface IState<TSelf>
    where TSelf : IState<TSelf>
{
    /// <summary>The state before the first event. Generated if the type can be made without arguments.</summary>
    static abstract TSelf Initial { get; }

    /// <summary>
    /// A text that changes whenever the fold or the shape of the state does: snapshots with another one are not used. Generated. It is
    /// <see langword="null"/> if neither the generator nor the app sets it; a decider of this state must then set one in its
    /// <see cref="SnapshotPolicy"/>.
    /// </summary>
    static virtual string? Fingerprint => null;

    /// <summary>The state after an event; an event without a method of its own leaves it as it is. Generated.</summary>
    /// <param name="event">What happened.</param>
    /// <returns>The state after it.</returns>
    TSelf Apply(object @event);
}
