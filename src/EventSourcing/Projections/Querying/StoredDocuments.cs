using System.Text.Json;
using System.Text.Json.Serialization.Metadata;

namespace EventSourcing;

/// <summary>A read model's documents as the storage has them, and how they become values.</summary>
internal sealed class StoredDocuments<TDocument>(EventStore store, Projection projection, JsonTypeInfo<TDocument> json)
    where TDocument : class
{
    private readonly string _model = projection.Name;

    public ValueTask<IReadOnlyList<byte[]?>> LoadAsync(IReadOnlyList<string> keys, CancellationToken cancellationToken) => IsKnown
        ? store.Storage.ReadModels.LoadAsync(_model, keys, cancellationToken)
        : OnceKnownAsync(
            (Documents: store.Storage.ReadModels, _model, keys),
            static (of, ct) => of.Documents.LoadAsync(of._model, of.keys, ct),
            cancellationToken);

    public ValueTask<IReadOnlyList<StoredDocument>> QueryAsync(DocumentQuery query, CancellationToken cancellationToken) => IsKnown
        ? store.Storage.ReadModels.QueryAsync(_model, query, cancellationToken)
        : OnceKnownAsync(
            (Documents: store.Storage.ReadModels, _model, query),
            static (of, ct) => of.Documents.QueryAsync(of._model, of.query, ct),
            cancellationToken);

    public ValueTask<long> CountAsync(IReadOnlyList<FieldCondition> conditions, CancellationToken cancellationToken) => IsKnown
        ? store.Storage.ReadModels.CountAsync(_model, conditions, cancellationToken)
        : OnceKnownAsync(
            (Documents: store.Storage.ReadModels, _model, conditions),
            static (of, ct) => of.Documents.CountAsync(of._model, of.conditions, ct),
            cancellationToken);

    /// <summary>
    /// Whether the name is known to belong to the projection's class, which does not change while the store is open, and to lead to the
    /// documents. After that, a read costs nothing more.
    /// </summary>
    private bool IsKnown =>
        store.Signals.KnownOwners.ContainsKey((_model, projection.GetType())) && store.Signals.SeenReadModels.ContainsKey(_model);

    /// <exception cref="SubscriberNameTakenException">The read model belongs to another class.</exception>
    /// <exception cref="ReadModelDamagedException">A read model serves, but is not found under its name.</exception>
    public async ValueTask ThrowIfOfAnotherAsync(CancellationToken cancellationToken)
    {
        if (IsKnown) return;
        byte[]? stored;
        try
        {
            var documents = new ControlDocuments(store.Storage.ReadModels);
            stored = await documents.FindStoredAsync(ControlDocuments.Directory, _model, cancellationToken).ConfigureAwait(false);
        }
        catch (ReadModelDamagedException)
        {
            // The same as if the record alone cannot be read.
            return;
        }

        // If the record cannot be read, the read model that serves goes on serving; the projection reports the damage.
        if (stored is null || RecordJson.TryRead<DirectoryRecord>(stored) is not { } directory) return;
        directory.ThrowIfOfAnother(projection);
        await new ServedReadModel(store, _model).ThrowUnlessSeenAsync(cancellationToken).ConfigureAwait(false);
        if (directory.Types is not null) store.Signals.KnownOwners.TryAdd((_model, projection.GetType()), true);
    }

    private async ValueTask<T> OnceKnownAsync<TState, T>(
        TState of, Func<TState, CancellationToken, ValueTask<T>> read, CancellationToken cancellationToken)
    {
        await ThrowIfOfAnotherAsync(cancellationToken).ConfigureAwait(false);
        return await read(of, cancellationToken).ConfigureAwait(false);
    }

    /// <exception cref="DocumentSerializationException">The bytes cannot be read as the document.</exception>
    public TDocument Decode(string key, ReadOnlySpan<byte> data)
    {
        try
        {
            return JsonSerializer.Deserialize(data, json) ?? throw new JsonException("The stored JSON is null.");
        }
        catch (Exception e)
        {
            // Any exception may be thrown here: the document's own constructor and converters run.
            throw new DocumentSerializationException(_model, key, Names.MessageOf(e), e);
        }
    }
}
