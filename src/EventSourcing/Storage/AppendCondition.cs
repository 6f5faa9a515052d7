namespace EventSourcing;

/// <summary>A guard over the whole log: no event after <paramref name="After"/> matches <paramref name="Query"/>.</summary>
/// <param name="Query">The events that would conflict.</param>
/// <param name="After">
/// The position up to which the writer knows the log, exclusive; 0 checks from the start. Take it from what was read: a position beyond the
/// end of the log is no error, and lets the events pass that are appended up to it.
/// </param>
public readonly record struct AppendCondition(EventQuery Query, long After);
