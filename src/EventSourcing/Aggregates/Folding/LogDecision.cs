namespace EventSourcing;

/// <summary>What a command on more than one stream has come to.</summary>
/// <param name="Streams">What is to be appended; none if there is nothing to do.</param>
/// <param name="Conditions">What must hold then.</param>
/// <param name="Head">The position up to which the log was looked at.</param>
internal sealed record LogDecision(IReadOnlyList<StreamAppend> Streams, IReadOnlyList<AppendCondition>? Conditions, long Head);
