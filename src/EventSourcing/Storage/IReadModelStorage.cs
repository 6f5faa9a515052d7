namespace EventSourcing;

/// <summary>
/// Where projections keep documents (bytes under a key) and the checkpoint up to which they have folded the log.
/// Documents and checkpoint change in one transaction, so that each event takes effect exactly once. Thread-safe.
/// </summary>
public interface IReadModelStorage
{
    /// <summary>The position up to which a projection has folded the log; 0 where it has not begun.</summary>
    /// <param name="projection">The projection's name.</param>
    /// <param name="cancellationToken">Cancels the read.</param>
    /// <returns>The checkpoint.</returns>
    ValueTask<long> GetCheckpointAsync(string projection, CancellationToken cancellationToken = default);

    /// <summary>Reads the documents under some keys, from one snapshot.</summary>
    /// <param name="projection">The projection's name.</param>
    /// <param name="keys">The keys, compared ordinally.</param>
    /// <param name="cancellationToken">Cancels the read.</param>
    /// <returns>A document or <see langword="null"/> for each key, in the order of the keys. The arrays are the caller's.</returns>
    /// <exception cref="ArgumentException">A name or key is not valid.</exception>
    ValueTask<IReadOnlyList<byte[]?>> LoadAsync(string projection, IReadOnlyList<string> keys, CancellationToken cancellationToken = default);

    /// <summary>Reads a projection's documents in the order of their keys (by Unicode code point).</summary>
    /// <param name="projection">The projection's name.</param>
    /// <param name="afterKey">The key to start after, or <see langword="null"/> for the first.</param>
    /// <param name="limit">The largest number to return, 1 or more.</param>
    /// <param name="cancellationToken">Cancels the read.</param>
    /// <returns>The documents; fewer than <paramref name="limit"/> only at the end.</returns>
    ValueTask<IReadOnlyList<StoredDocument>> ListAsync(string projection, string? afterKey, int limit, CancellationToken cancellationToken = default);

    /// <summary>
    /// Writes documents and moves the checkpoint, all or nothing, provided that the checkpoint still is where the
    /// writer believes it to be. A second runner of the same projection therefore cannot apply an event twice.
    /// </summary>
    /// <param name="commit">The documents and both checkpoints.</param>
    /// <param name="cancellationToken">Cancels while the commit waits for its turn.</param>
    /// <returns>A task that completes when the changes are as durable as the storage's appends.</returns>
    /// <exception cref="CheckpointConflictException">The checkpoint is elsewhere; nothing was written.</exception>
    ValueTask CommitAsync(ReadModelCommit commit, CancellationToken cancellationToken = default);
}

/// <summary>A document of a read model, as stored.</summary>
/// <param name="Key">Its key: 1–200 characters, compared ordinally.</param>
/// <param name="Data">Its bytes.</param>
public readonly record struct StoredDocument(string Key, ReadOnlyMemory<byte> Data)
{
    /// <summary>Throws where a text cannot be a key: empty, over 200 characters, with U+0000 or a lone surrogate.</summary>
    /// <param name="key">The text.</param>
    /// <exception cref="ArgumentException">Says what is wrong with it.</exception>
    public static void ThrowIfInvalidKey(string key) => Names.ThrowIfInvalidKey(key, "A document's key");
}

/// <summary>A change of one document.</summary>
/// <param name="Key">Its key: 1–200 characters, compared ordinally.</param>
/// <param name="Data">Its new bytes, or <see langword="null"/> to delete it.</param>
public readonly record struct DocumentChange(string Key, ReadOnlyMemory<byte>? Data);

/// <summary>Documents to write and the checkpoint to move with them.</summary>
/// <param name="Projection">The projection's name.</param>
/// <param name="ExpectedCheckpoint">Where the writer believes the checkpoint to be.</param>
/// <param name="Checkpoint">Where it goes: above <paramref name="ExpectedCheckpoint"/>.</param>
/// <param name="Changes">The documents, each key at most once.</param>
public sealed record ReadModelCommit(string Projection, long ExpectedCheckpoint, long Checkpoint, IReadOnlyList<DocumentChange> Changes)
{
    /// <summary>Throws where a text cannot be a projection's name: as for a stream's.</summary>
    /// <param name="projection">The text.</param>
    /// <exception cref="ArgumentException">Says what is wrong with it.</exception>
    public static void ThrowIfInvalidName(string projection) => Names.ThrowIfInvalid(projection, "A projection's name");

    /// <summary>Throws where a name, a key or a checkpoint is not valid. Every storage calls this first.</summary>
    /// <exception cref="ArgumentException">Says which and why.</exception>
    public void Validate()
    {
        ThrowIfInvalidName(Projection);
        ArgumentOutOfRangeException.ThrowIfNegative(ExpectedCheckpoint);
        ArgumentOutOfRangeException.ThrowIfLessThanOrEqual(Checkpoint, ExpectedCheckpoint);
        ArgumentNullException.ThrowIfNull(Changes);
        var keys = new HashSet<string>(StringComparer.Ordinal);
        foreach (var change in Changes)
        {
            StoredDocument.ThrowIfInvalidKey(change.Key);
            if (!keys.Add(change.Key)) throw new ArgumentException($"The document '{Names.Printable(change.Key)}' of '{Projection}' is changed twice in one commit.", nameof(Changes));
        }
    }
}
