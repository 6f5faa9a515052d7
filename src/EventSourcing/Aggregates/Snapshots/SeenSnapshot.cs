namespace EventSourcing;

/// <summary>What was stored of a stream's snapshot when a load began.</summary>
/// <param name="Document">The document; null if there was none.</param>
/// <param name="Guard">What must still hold if a snapshot of that load is to be written.</param>
/// <param name="ErasedAt">The position of the record of the last erasure that was known of then; 0 for none.</param>
internal readonly record struct SeenSnapshot(byte[]? Document, DocumentGuard Guard, long ErasedAt);
