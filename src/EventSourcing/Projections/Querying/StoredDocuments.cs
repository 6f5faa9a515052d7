using System.Text.Json;
using System.Text.Json.Serialization.Metadata;

namespace EventSourcing;

/// <summary>A read model's documents as the storage has them, and how they become values.</summary>
internal sealed class StoredDocuments<TDocument>(EventStore store, string model, JsonTypeInfo<TDocument> json)
    where TDocument : class
{
    public ValueTask<IReadOnlyList<byte[]?>> LoadAsync(IReadOnlyList<string> keys, CancellationToken cancellationToken) =>
        store.Storage.ReadModels.LoadAsync(model, keys, cancellationToken);

    public ValueTask<IReadOnlyList<StoredDocument>> QueryAsync(DocumentQuery query, CancellationToken cancellationToken) =>
        store.Storage.ReadModels.QueryAsync(model, query, cancellationToken);

    public ValueTask<long> CountAsync(IReadOnlyList<FieldCondition> conditions, CancellationToken cancellationToken) =>
        store.Storage.ReadModels.CountAsync(model, conditions, cancellationToken);

    /// <exception cref="DocumentSerializationException">The bytes do not make the document.</exception>
    public TDocument Decode(string key, ReadOnlySpan<byte> data)
    {
        try
        {
            return JsonSerializer.Deserialize(data, json) ?? throw new JsonException("The stored JSON is null.");
        }
        catch (Exception e)
        {
            // Whatever it is: the document's own constructor and converters run in there.
            throw new DocumentSerializationException(model, key, e.Message, e);
        }
    }
}
