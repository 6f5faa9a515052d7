namespace EventSourcing;

/// <summary>What <see cref="EventTraces"/> keeps of an event: where it stands, and what it belongs to.</summary>
/// <param name="Id">The event's id.</param>
/// <param name="Position">Its position in the log.</param>
/// <param name="Stream">Its stream.</param>
/// <param name="Version">Its version in that stream.</param>
/// <param name="Type">The name of its type.</param>
/// <param name="RecordedAt">When it was recorded.</param>
/// <param name="Correlation">The conversation that it belongs to, or <see langword="null"/>.</param>
/// <param name="Causation">What caused it, or <see langword="null"/>.</param>
public sealed record EventTrace(
    Guid Id, long Position, string Stream, long Version, string Type, DateTimeOffset RecordedAt, string? Correlation, string? Causation);
