using System.Diagnostics.CodeAnalysis;

namespace EventSourcing;

/// <summary>
/// A read model that is folded on demand and never stored: as of any point of the log, for tests, and for rare questions.
/// </summary>
/// <typeparam name="TDocument">The document.</typeparam>
public sealed class LiveReadModel<[DynamicallyAccessedMembers(EventType.JsonMembers)] TDocument>
    where TDocument : class
{
    internal LiveReadModel(IReadOnlyDictionary<string, TDocument> documents, long position)
    {
        Documents = documents;
        Position = position;
    }

    /// <summary>The documents by key.</summary>
    public IReadOnlyDictionary<string, TDocument> Documents { get; }

    /// <summary>The position up to which events are in the read model.</summary>
    public long Position { get; }

    /// <summary>Finds a document by its key.</summary>
    /// <param name="key">The key.</param>
    /// <returns>The document, or <see langword="null"/> if there is none.</returns>
    public TDocument? Find(string key) => Documents.GetValueOrDefault(key);
}
