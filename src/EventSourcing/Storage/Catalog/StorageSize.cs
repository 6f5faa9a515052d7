namespace EventSourcing;

/// <summary>How much room a store takes on its medium, in bytes.</summary>
/// <param name="TotalBytes">What all its parts take together, such as the files of a database.</param>
/// <param name="FreeBytes">
/// How much of that holds nothing and is used by what is written next: the store grows on the medium only after that.
/// </param>
/// <param name="Parts">The parts, such as files or tables, each with its size.</param>
public sealed record StorageSize(long TotalBytes, long FreeBytes, IReadOnlyList<StorageSizePart> Parts);
