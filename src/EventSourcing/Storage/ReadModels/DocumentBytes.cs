namespace EventSourcing.Storage;

/// <summary>Bytes of documents as they are read.</summary>
internal static class DocumentBytes
{
    /// <summary>The bytes of a document; null if there is none. C# by itself would convert null to empty memory.</summary>
    public static ReadOnlyMemory<byte>? AsMemoryOrNull(this byte[]? stored) =>
        stored is null ? default(ReadOnlyMemory<byte>?) : new ReadOnlyMemory<byte>(stored);
}
