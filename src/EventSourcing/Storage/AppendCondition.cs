namespace EventSourcing;

/// <summary>A guard over the whole log: no event after <paramref name="After"/> matches <paramref name="Query"/>.</summary>
/// <param name="Query">The events that would conflict.</param>
/// <param name="After">The position up to which the writer knows the log, exclusive; 0 checks from the start.</param>
public readonly record struct AppendCondition(EventQuery Query, long After);
