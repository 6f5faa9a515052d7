namespace EventSourcing;

/// <summary>What a file holds, each answer read from one snapshot on a connection that only reads.</summary>
internal sealed class SqliteCatalog(SqliteEventStorage storage) : IStorageCatalog
{
    public ValueTask<StreamPage> ListStreamsAsync(StreamListing listing, CancellationToken cancellationToken = default)
    {
        ArgumentNullException.ThrowIfNull(listing);
        listing.Validate();
        return storage.ReadAsync(listing, CatalogReader.ReadStreams, cancellationToken);
    }

    public ValueTask<IReadOnlyList<EventTypeSummary>> ListEventTypesAsync(CancellationToken cancellationToken = default) =>
        storage.ReadAsync(0, static (database, _) => CatalogReader.ReadEventTypes(database), cancellationToken);

    public ValueTask<IReadOnlyList<ReadModelSummary>> ListReadModelsAsync(CancellationToken cancellationToken = default) =>
        storage.ReadAsync(0, static (database, _) => CatalogReader.ReadReadModels(database), cancellationToken);

    public ValueTask<StorageSize?> GetSizeAsync(CancellationToken cancellationToken = default) =>
        storage.ReadAsync(0, static (database, _) => (StorageSize?)CatalogReader.ReadSize(database), cancellationToken);
}
