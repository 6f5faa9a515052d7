namespace EventSourcing;

/// <summary>An event of an aggregate and what it changed.</summary>
/// <param name="Event">The event.</param>
/// <param name="Changes">The public members that differ between the state before it and the state after it.</param>
public sealed record AggregateStep(RecordedEvent Event, IReadOnlyList<MemberChange> Changes);
