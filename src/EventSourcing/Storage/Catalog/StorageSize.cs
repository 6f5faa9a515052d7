namespace EventSourcing.Operations;

/// <summary>How much space a store takes on its medium, in bytes.</summary>
/// <param name="TotalBytes">The size of all its parts together, such as the files of a database.</param>
/// <param name="FreeBytes">
/// How much of that is unused. The next writes use it first, and only then does the store grow on the medium.
/// </param>
/// <param name="Parts">The parts, such as files or tables, each with its size.</param>
public sealed record StorageSize(long TotalBytes, long FreeBytes, IReadOnlyList<StorageSizePart> Parts)
{
    /// <summary>
    /// How much of it is a write-ahead log that the store itself has; <see langword="null"/> if it has none, or if the log belongs to a
    /// whole server.
    /// </summary>
    public long? WriteAheadLogBytes { get; init; }
}
