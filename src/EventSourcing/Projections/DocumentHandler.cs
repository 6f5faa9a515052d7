namespace EventSourcing;

/// <summary>What an event does to documents.</summary>
/// <param name="Key">Returns the key of the one document that it changes; null if it may change several.</param>
/// <param name="Keys">Returns the keys of the documents that it changes; null if it changes one.</param>
/// <param name="Apply">Returns the document of a key after the event; null to delete it.</param>
internal sealed record DocumentHandler<TDocument>(
    Func<RecordedEvent, string>? Key,
    Func<RecordedEvent, IEnumerable<string>>? Keys,
    Func<TDocument?, string, RecordedEvent, TDocument?> Apply)
    where TDocument : class;
