namespace EventSourcing;

/// <summary>How much space a store takes on its medium, in bytes.</summary>
/// <param name="TotalBytes">The size of all its parts together, such as the files of a database.</param>
/// <param name="FreeBytes">
/// How much of that is unused. The next writes use it first, and only then does the store grow on the medium.
/// </param>
/// <param name="Parts">The parts, such as files or tables, each with its size.</param>
public sealed record StorageSize(long TotalBytes, long FreeBytes, IReadOnlyList<StorageSizePart> Parts);
