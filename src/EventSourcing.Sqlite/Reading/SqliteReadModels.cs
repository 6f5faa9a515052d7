namespace EventSourcing;

/// <summary>Documents and checkpoints in the same file as the events.</summary>
internal sealed class SqliteReadModels(SqliteEventStorage storage, CommitQueue commits) : IReadModelStorage
{
    public ValueTask<long> GetCheckpointAsync(string projection, CancellationToken cancellationToken = default)
    {
        ReadModelCommit.ThrowIfInvalidName(projection);
        return storage.ReadAsync(
            projection,
            static (database, name) => database.Prepare("SELECT checkpoint FROM projections WHERE name = ?1").Bind(1, name).Scalar() ?? 0,
            cancellationToken);
    }

    public ValueTask<IReadOnlyList<byte[]?>> LoadAsync(string projection, IReadOnlyList<string> keys, CancellationToken cancellationToken = default)
    {
        ReadModelCommit.ThrowIfInvalidName(projection);
        ArgumentNullException.ThrowIfNull(keys);
        foreach (var key in keys) StoredDocument.ThrowIfInvalidKey(key);
        return storage.ReadAsync((projection, keys), Load, cancellationToken);

        static IReadOnlyList<byte[]?> Load(Database database, (string Projection, IReadOnlyList<string> Keys) of)
        {
            var documents = new byte[]?[of.Keys.Count];
            if (IdOf(database, of.Projection) is not { } id) return documents;
            var select = database.Prepare("SELECT data FROM documents WHERE projection = ?1 AND key = ?2").Bind(1, id);
            for (var i = 0; i < documents.Length; i++)
            {
                select.Bind(2, of.Keys[i]);
                documents[i] = select.Step() ? select.Bytes(0).ToArray() : null;
                select.Reset();
            }

            return documents;
        }
    }

    public ValueTask<IReadOnlyList<StoredDocument>> ListAsync(string projection, string? afterKey, int limit, CancellationToken cancellationToken = default)
    {
        ReadModelCommit.ThrowIfInvalidName(projection);
        ArgumentOutOfRangeException.ThrowIfNegativeOrZero(limit);
        if (afterKey is not null) StoredDocument.ThrowIfInvalidKey(afterKey);
        return storage.ReadAsync((projection, afterKey, limit), List, cancellationToken);

        static IReadOnlyList<StoredDocument> List(Database database, (string Projection, string? AfterKey, int Limit) of)
        {
            if (IdOf(database, of.Projection) is not { } id) return [];

            // No key is empty, so every key comes after the empty text.
            var select = database.Prepare("SELECT key, data FROM documents WHERE projection = ?1 AND key > ?2 ORDER BY key LIMIT ?3")
                .Bind(1, id).Bind(2, of.AfterKey ?? "").Bind(3, of.Limit);
            var documents = new List<StoredDocument>();
            while (select.Step()) documents.Add(new StoredDocument(select.Text(0), select.Bytes(1).ToArray()));
            select.Reset();
            return documents;
        }
    }

    public async ValueTask CommitAsync(ReadModelCommit commit, CancellationToken cancellationToken = default)
    {
        ArgumentNullException.ThrowIfNull(commit);
        commit.Validate();
        await commits.CommitAsync(new ReadModelWork(commit), cancellationToken).ConfigureAwait(false);
    }

    private static long? IdOf(Database database, string projection) =>
        database.Prepare("SELECT id FROM projections WHERE name = ?1").Bind(1, projection).Scalar();
}
