namespace EventSourcing.Operations;

/// <summary>A type of events, as it is stored; upcasters are not applied.</summary>
/// <param name="Name">The stored name of the type.</param>
/// <param name="Count">The number of events of that type; exact.</param>
/// <param name="FirstPosition">The position of the first of them.</param>
/// <param name="LastPosition">The position of the last of them.</param>
public readonly record struct EventTypeSummary(string Name, long Count, long FirstPosition, long LastPosition);
