namespace EventSourcing;

/// <summary>A state that a decision is based on.</summary>
/// <typeparam name="TState">The state.</typeparam>
/// <param name="State">The state.</param>
/// <param name="Position">The position up to which the log was read: give it as <see cref="AppendCondition.After"/>.</param>
public sealed record DecisionState<TState>(TState State, long Position);
