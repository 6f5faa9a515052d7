namespace EventSourcing.Operations;

/// <summary>The snapshots of a store. They only affect how long loads take. Get it by <c>store.Snapshots()</c>.</summary>
public sealed class SnapshotAdmin
{
    private readonly EventStore _store;

    internal SnapshotAdmin(EventStore store) => _store = store;

    private static ReadModelDefinition Directory { get; } = new(SnapshotCache.Directory, []);

    /// <summary>Waits until this store object has written or given up the snapshots that are pending: for tests.</summary>
    /// <param name="cancellationToken">Ends the wait.</param>
    /// <returns>A task that completes then.</returns>
    public Task FlushAsync(CancellationToken cancellationToken = default) => SnapshotCache.Of(_store).FlushAsync(cancellationToken);

    /// <summary>Deletes all snapshots. Later loads replay all events, and take new ones.</summary>
    /// <param name="cancellationToken">Cancels while the deletion waits for its turn.</param>
    /// <returns>A task that completes when they are gone.</returns>
    public async Task DeleteAsync(CancellationToken cancellationToken = default)
    {
        _store.ThrowIfReadOnly("delete snapshots");
        await FlushAsync(cancellationToken).ConfigureAwait(false);
        while (true)
        {
            var page = await _store.Storage.ReadModels.QueryAsync(
                SnapshotCache.Directory, new DocumentQuery(), cancellationToken).ConfigureAwait(false);
            if (page.Count == 0) return;
            await DropAsync([.. page.Select(document => document.Key)], cancellationToken).ConfigureAwait(false);
        }
    }

    /// <summary>Deletes all snapshots of an aggregate's class.</summary>
    /// <typeparam name="T">The aggregate's class.</typeparam>
    /// <param name="cancellationToken">Cancels while the deletion waits for its turn.</param>
    /// <returns>A task that completes when they are gone.</returns>
    public Task DeleteAsync<T>(CancellationToken cancellationToken = default)
        where T : Aggregate, new() =>
        DeleteAsync(AggregateFold<T>.CategoryOfStreams, cancellationToken);

    /// <summary>Deletes all snapshots of the streams of a category: of an aggregate or a decider.</summary>
    /// <param name="category">The category.</param>
    /// <param name="cancellationToken">Cancels while the deletion waits for its turn.</param>
    /// <returns>A task that completes when they are gone.</returns>
    public async Task DeleteAsync(string category, CancellationToken cancellationToken = default)
    {
        ArgumentException.ThrowIfNullOrEmpty(category);
        _store.ThrowIfReadOnly("delete snapshots");
        await FlushAsync(cancellationToken).ConfigureAwait(false);
        await DropAsync([category], cancellationToken).ConfigureAwait(false);
    }

    private ValueTask DropAsync(IReadOnlyList<string> categories, CancellationToken cancellationToken) =>
        _store.Storage.ReadModels.CommitAsync(
            new ReadModelCommit
            {
                Drops = [.. categories.Select(SnapshotCache.ModelOf)],
                Creates = [Directory],
                Changes = [.. categories.Select(category => new DocumentChange(SnapshotCache.Directory, category, null))],
            },
            cancellationToken);
}
