namespace EventSourcing;

/// <summary>A command of a batch, and what it came to on the state before it.</summary>
/// <param name="Command">The command.</param>
/// <param name="State">The state that it acted on.</param>
/// <param name="Raised">What it raised; none if it came to nothing.</param>
/// <param name="Events">The same as bytes.</param>
/// <param name="Error">Why it came to nothing, if by an error.</param>
internal sealed record DecidedCommand<TState>(
    StreamCommand<TState> Command, TState State, IReadOnlyList<object> Raised, IReadOnlyList<NewEvent> Events, Exception? Error);
