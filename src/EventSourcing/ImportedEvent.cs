namespace EventSourcing.Operations;

/// <summary>
/// An event of another system, to be stored with the instant at which it happened: see
/// <see cref="EventStore.ImportAsync(IAsyncEnumerable{ImportedEvent}, IProgress{long}, CancellationToken)"/>.
/// </summary>
/// <param name="Stream">The stream's name.</param>
/// <param name="Event">The payload, or an <see cref="EventData"/> to give an id, metadata or tags.</param>
/// <param name="RecordedAt">When it was recorded; stored in UTC, to the precision of 100 ns.</param>
public sealed record ImportedEvent(string Stream, object Event, DateTimeOffset RecordedAt);
