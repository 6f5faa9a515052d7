namespace EventSourcing;

/// <summary>The decision of a command on more than one stream.</summary>
/// <param name="Streams">What to append; none if there is nothing to do.</param>
/// <param name="Conditions">What must hold when it is appended.</param>
/// <param name="Head">The position up to which the log was read.</param>
internal sealed record LogDecision(IReadOnlyList<StreamAppend> Streams, IReadOnlyList<AppendCondition>? Conditions, long Head);
