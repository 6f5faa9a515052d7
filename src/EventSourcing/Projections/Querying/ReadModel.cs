using System.Diagnostics.CodeAnalysis;

namespace EventSourcing;

/// <summary>
/// The stored documents of a projection: by key (<c>FindAsync</c>), or by fields, in order and in pages (<see cref="Query"/>). It reads
/// what is committed; to read your own writes, wait for their position first. A read model that has not been built yet has no documents.
/// Thread-safe; holds no state.
/// </summary>
/// <typeparam name="TDocument">The document.</typeparam>
public sealed class ReadModel<[DynamicallyAccessedMembers(EventType.JsonMembers)] TDocument>
    where TDocument : class
{
    private readonly EventStore _store;
    private readonly Projection<TDocument> _projection;
    private readonly StoredDocuments<TDocument> _documents;

    internal ReadModel(EventStore store, Projection<TDocument> projection)
    {
        _store = store;
        _projection = projection;
        _documents = new StoredDocuments<TDocument>(store, projection, Projection<TDocument>.JsonOf(store));
    }

    /// <summary>Finds a document by its key.</summary>
    /// <param name="key">The key, compared ordinally.</param>
    /// <param name="cancellationToken">Cancels the read.</param>
    /// <returns>The document, or <see langword="null"/> if there is none.</returns>
    /// <exception cref="ArgumentException">The key is not valid: 1–200 characters without U+0000 or lone surrogates.</exception>
    /// <exception cref="SubscriberNameTakenException">The read model belongs to another class.</exception>
    /// <exception cref="DocumentSerializationException">The stored document cannot be read into its type.</exception>
    /// <exception cref="ReadModelDamagedException">The read model is damaged, or is not found under its name.</exception>
    public async Task<TDocument?> FindAsync(string key, CancellationToken cancellationToken = default)
    {
        ArgumentNullException.ThrowIfNull(key);
        var found = await FindAsync([key], cancellationToken).ConfigureAwait(false);
        return found[0];
    }

    /// <summary>Finds documents by their keys, all as of one snapshot.</summary>
    /// <param name="keys">The keys, compared ordinally; a key may occur twice.</param>
    /// <param name="cancellationToken">Cancels the read.</param>
    /// <returns>For each key, in this order, the document, or <see langword="null"/> if there is none.</returns>
    /// <exception cref="ArgumentException">A key is not valid: 1–200 characters without U+0000 or lone surrogates.</exception>
    /// <exception cref="DocumentSerializationException">A stored document cannot be read into its type.</exception>
    /// <exception cref="ReadModelDamagedException">The read model is damaged, or is not found under its name.</exception>
    public async Task<IReadOnlyList<TDocument?>> FindAsync(IReadOnlyList<string> keys, CancellationToken cancellationToken = default)
    {
        ArgumentNullException.ThrowIfNull(keys);
        var found = await _documents.LoadAsync(keys, cancellationToken).ConfigureAwait(false);
        return [.. found.Select((data, i) => data is null ? null : _documents.Decode(keys[i], data))];
    }

    /// <summary>All documents, to be filtered, ordered and read; ordered by key unless an order is given.</summary>
    /// <returns>The query; nothing is read yet.</returns>
    public ReadModelQuery<TDocument> Query() => new(_documents);

    /// <summary>The position up to which events are in this read model; 0 if its projection has never run.</summary>
    /// <param name="cancellationToken">Cancels the read.</param>
    /// <returns>The position.</returns>
    /// <exception cref="SubscriberNameTakenException">The read model belongs to another class.</exception>
    /// <exception cref="ReadModelDamagedException">The read model is damaged, or is not found under its name.</exception>
    public async Task<long> GetPositionAsync(CancellationToken cancellationToken = default)
    {
        await _documents.ThrowIfOfAnotherAsync(cancellationToken).ConfigureAwait(false);
        return await new ReadModelWait(_store, _projection.Name).PositionAsync(cancellationToken).ConfigureAwait(false);
    }

    /// <summary>Waits until this read model holds an event: read your own writes, even if another process runs the projection.</summary>
    /// <param name="position">The event's position; 0 is reached at once.</param>
    /// <param name="timeout">
    /// How long to wait, by the storage's clock, or <see cref="Timeout.InfiniteTimeSpan"/>; by default <see
    /// cref="RunningSubscribers.DefaultWait"/>.
    /// </param>
    /// <param name="cancellationToken">Ends the wait.</param>
    /// <returns>A task that completes when the read model holds everything up to the position, except what is parked.</returns>
    /// <exception cref="ReadModelLateException">
    /// The read model has not reached the position in time, perhaps because no process runs the projection. The event is stored.
    /// </exception>
    /// <exception cref="ProjectionParkedException">The event is held back in a parked stream or document.</exception>
    /// <exception cref="ReadModelDamagedException">The read model is damaged, or is not found under its name.</exception>
    public Task WaitForAsync(long position, TimeSpan? timeout = null, CancellationToken cancellationToken = default)
    {
        ArgumentOutOfRangeException.ThrowIfNegative(position);
        return WaitForAsync(position, position, timeout, cancellationToken);
    }

    /// <summary>
    /// Waits until this read model holds all events of an append: read your own writes, even if another process runs the projection.
    /// </summary>
    /// <param name="appended">What an append or a command returned.</param>
    /// <param name="timeout">
    /// How long to wait, by the storage's clock, or <see cref="Timeout.InfiniteTimeSpan"/>; by default <see
    /// cref="RunningSubscribers.DefaultWait"/>.
    /// </param>
    /// <param name="cancellationToken">Ends the wait.</param>
    /// <returns>A task that completes when the read model holds everything up to the last event, except what is parked.</returns>
    /// <exception cref="ReadModelLateException">
    /// The read model has not reached the events in time, perhaps because no process runs the projection. The events are stored.
    /// </exception>
    /// <exception cref="ProjectionParkedException">One of the events is held back in a parked stream or document.</exception>
    /// <exception cref="ReadModelDamagedException">The read model is damaged, or is not found under its name.</exception>
    public Task WaitForAsync(AppendResult appended, TimeSpan? timeout = null, CancellationToken cancellationToken = default)
    {
        ArgumentNullException.ThrowIfNull(appended);
        return WaitForAsync(appended.FirstPosition, appended.Position, timeout, cancellationToken);
    }

    private async Task WaitForAsync(long first, long last, TimeSpan? timeout, CancellationToken cancellationToken)
    {
        var wait = new ReadModelWait(_store, _projection.Name);
        try
        {
            await _documents.ThrowIfOfAnotherAsync(cancellationToken).ConfigureAwait(false);
            await wait.WaitAsync(
                first, last, timeout ?? RunningSubscribers.DefaultWait, fault: null, _projection, cancellationToken).ConfigureAwait(false);
            await _documents.ThrowIfOfAnotherAsync(cancellationToken).ConfigureAwait(false);
        }
        catch (Exception failure) when (first > 0 && ReadModelWait.IsOfStorage(failure))
        {
            throw new ReadModelLateException(_projection.Name, last, wait.Progress, failure);
        }
    }
}
