namespace EventSourcing;

/// <summary>Documents and checkpoints in memory, changed under the storage's commit lock.</summary>
internal sealed class InMemoryReadModels(Lock commit, Action throwIfDisposed) : IReadModelStorage
{
    private readonly Dictionary<string, Model> _models = new(StringComparer.Ordinal);

    public ValueTask<long> GetCheckpointAsync(string projection, CancellationToken cancellationToken = default)
    {
        Enter(projection, cancellationToken);
        lock (commit) return ValueTask.FromResult(_models.GetValueOrDefault(projection)?.Checkpoint ?? 0);
    }

    public ValueTask<IReadOnlyList<byte[]?>> LoadAsync(string projection, IReadOnlyList<string> keys, CancellationToken cancellationToken = default)
    {
        ArgumentNullException.ThrowIfNull(keys);
        foreach (var key in keys) StoredDocument.ThrowIfInvalidKey(key);
        Enter(projection, cancellationToken);
        var documents = new byte[]?[keys.Count];
        lock (commit)
        {
            if (_models.TryGetValue(projection, out var model))
            {
                for (var i = 0; i < keys.Count; i++) documents[i] = (byte[]?)model.Documents.GetValueOrDefault(keys[i])?.Clone();
            }
        }

        return ValueTask.FromResult<IReadOnlyList<byte[]?>>(documents);
    }

    public ValueTask<IReadOnlyList<StoredDocument>> ListAsync(string projection, string? afterKey, int limit, CancellationToken cancellationToken = default)
    {
        ArgumentOutOfRangeException.ThrowIfNegativeOrZero(limit);
        if (afterKey is not null) StoredDocument.ThrowIfInvalidKey(afterKey);
        Enter(projection, cancellationToken);
        lock (commit)
        {
            if (!_models.TryGetValue(projection, out var model)) return ValueTask.FromResult<IReadOnlyList<StoredDocument>>([]);
            var keys = model.SortedKeys ??= [.. model.Documents.Keys.Order(CodePointComparer.Instance)];
            var start = afterKey is null ? 0 : Array.BinarySearch(keys, afterKey, CodePointComparer.Instance) is var i && i < 0 ? ~i : i + 1;
            var documents = keys.Skip(start).Take(limit).Select(key => new StoredDocument(key, (byte[])model.Documents[key].Clone())).ToArray();
            return ValueTask.FromResult<IReadOnlyList<StoredDocument>>(documents);
        }
    }

    public ValueTask CommitAsync(ReadModelCommit commitment, CancellationToken cancellationToken = default)
    {
        ArgumentNullException.ThrowIfNull(commitment);
        commitment.Validate();
        Enter(commitment.Projection, cancellationToken);
        lock (commit)
        {
            var model = _models.GetValueOrDefault(commitment.Projection);
            var actual = model?.Checkpoint ?? 0;
            if (actual != commitment.ExpectedCheckpoint) return ValueTask.FromException(new CheckpointConflictException(commitment.Projection, commitment.ExpectedCheckpoint, actual));
            if (model is null) _models.Add(commitment.Projection, model = new Model());
            foreach (var change in commitment.Changes) model.Apply(change);
            model.Checkpoint = commitment.Checkpoint;
        }

        return ValueTask.CompletedTask;
    }

    private void Enter(string projection, CancellationToken cancellationToken)
    {
        ReadModelCommit.ThrowIfInvalidName(projection);
        throwIfDisposed();
        cancellationToken.ThrowIfCancellationRequested();
    }

    private sealed class Model
    {
        public long Checkpoint { get; set; }

        public Dictionary<string, byte[]> Documents { get; } = new(StringComparer.Ordinal);

        public string[]? SortedKeys { get; set; }

        public void Apply(DocumentChange change)
        {
            var before = Documents.Count;
            if (change.Data is { } data) Documents[change.Key] = data.ToArray();
            else Documents.Remove(change.Key);
            if (Documents.Count != before) SortedKeys = null;
        }
    }
}
