namespace EventSourcing.Operations;

/// <summary>What became of an import.</summary>
/// <param name="Stored">The number of events that were stored.</param>
/// <param name="AlreadyStored">The number of events at the beginning that were stored already, by an import before this one.</param>
/// <param name="Position">The position of the last event of the import; 0 if it had none.</param>
public readonly record struct ImportResult(long Stored, long AlreadyStored, long Position);
