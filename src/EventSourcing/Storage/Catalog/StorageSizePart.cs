namespace EventSourcing;

/// <summary>A part of what a store takes on its medium.</summary>
/// <param name="Name">Its name for people, such as that of a file. Not of the same meaning in every storage.</param>
/// <param name="Bytes">Its size.</param>
public readonly record struct StorageSizePart(string Name, long Bytes);
