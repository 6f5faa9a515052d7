namespace EventSourcing.Ledger;

/// <summary>The catalogue of a <see cref="CheckedStorage"/>.</summary>
internal sealed class CheckedCatalog(IStorageCatalog inner, Checkpointer checkpointer) : IStorageCatalog
{
    public async ValueTask<StreamPage> ListStreamsAsync(StreamListing listing, CancellationToken cancellationToken = default)
    {
        await checkpointer.OpenAsync(cancellationToken).ConfigureAwait(false);
        return await inner.ListStreamsAsync(listing, cancellationToken).ConfigureAwait(false);
    }

    public async ValueTask<IReadOnlyList<EventTypeSummary>> ListEventTypesAsync(CancellationToken cancellationToken = default)
    {
        await checkpointer.OpenAsync(cancellationToken).ConfigureAwait(false);
        return await inner.ListEventTypesAsync(cancellationToken).ConfigureAwait(false);
    }

    public async ValueTask<IReadOnlyList<ReadModelSummary>> ListReadModelsAsync(CancellationToken cancellationToken = default)
    {
        await checkpointer.OpenAsync(cancellationToken).ConfigureAwait(false);
        return await inner.ListReadModelsAsync(cancellationToken).ConfigureAwait(false);
    }

    public async ValueTask<StorageSize?> GetSizeAsync(CancellationToken cancellationToken = default)
    {
        await checkpointer.OpenAsync(cancellationToken).ConfigureAwait(false);
        return await inner.GetSizeAsync(cancellationToken).ConfigureAwait(false);
    }
}
