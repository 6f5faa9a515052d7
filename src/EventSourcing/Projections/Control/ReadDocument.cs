namespace EventSourcing;

/// <summary>A document of ours as it was read, by which its change is guarded.</summary>
internal sealed record ReadDocument<T>(string Model, string Key, ReadOnlyMemory<byte>? Stored, T Content)
    where T : class, IControlRecord
{
    /// <summary>Lets a commit take effect only if the document still is as it was read.</summary>
    public DocumentGuard Guard => new(Model, Key, Stored);

    /// <summary>The document as it is stored.</summary>
    public ReadOnlyMemory<byte> Bytes => Stored.GetValueOrDefault();

    public DocumentChange Deletion => new(Model, Key, null);
}
