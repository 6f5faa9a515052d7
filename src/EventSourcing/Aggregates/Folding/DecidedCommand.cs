namespace EventSourcing;

/// <summary>A command of a batch, and its outcome on the state before it.</summary>
/// <param name="Command">The command.</param>
/// <param name="State">The state that it acted on.</param>
/// <param name="Raised">The events raised; none if the command came to nothing.</param>
/// <param name="Events">The same events as bytes.</param>
/// <param name="Error">Why it came to nothing, if by an error.</param>
internal sealed record DecidedCommand<TState>(
    StreamCommand<TState> Command, TState State, IReadOnlyList<object> Raised, IReadOnlyList<NewEvent> Events, Exception? Error);
