namespace EventSourcing.Operations;

/// <summary>A stream and its last event.</summary>
/// <param name="Name">The stream's name.</param>
/// <param name="Version">Its version: the number of its events.</param>
/// <param name="LastPosition">The position of its last event in the log.</param>
/// <param name="LastRecordedAt">When its last event was recorded, UTC.</param>
public readonly record struct StreamSummary(string Name, long Version, long LastPosition, DateTimeOffset LastRecordedAt);
