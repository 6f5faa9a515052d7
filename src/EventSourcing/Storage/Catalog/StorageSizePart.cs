namespace EventSourcing.Operations;

/// <summary>A part of a store on its medium.</summary>
/// <param name="Name">Its name for display, such as that of a file. Its meaning depends on the storage.</param>
/// <param name="Bytes">Its size.</param>
public readonly record struct StorageSizePart(string Name, long Bytes);
