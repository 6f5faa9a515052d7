namespace EventSourcing;

/// <summary>A document of the library as it was read; a change of it is guarded by that.</summary>
internal sealed record ReadDocument<T>(string Model, string Key, ReadOnlyMemory<byte>? Stored, T Content)
    where T : class, IControlRecord
{
    /// <summary>Lets a commit take effect only if the document is still as it was read.</summary>
    public DocumentGuard Guard => new(Model, Key, Stored);

    /// <summary>The document as it is stored.</summary>
    public ReadOnlyMemory<byte> Bytes => Stored.GetValueOrDefault();

    public DocumentChange Deletion => new(Model, Key, null);
}
