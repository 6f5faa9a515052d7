namespace EventSourcing;

/// <summary>Read models in the same file as the events.</summary>
internal sealed class SqliteReadModels(SqliteEventStorage storage, GroupCommit<WriteWork> commits) : IReadModelStorage
{
    public TableSupport Tables => SqliteTables.Instance;

    public ValueTask<IReadOnlyList<byte[]?>> LoadAsync(
        string model, IReadOnlyList<string> keys, CancellationToken cancellationToken = default)
    {
        ValidateLoad(model, keys);
        return storage.ReadAsync(
            (model, keys),
            static (database, of) => DocumentTable.Load(database, DocumentCatalog.Resolve(database, of.model), of.keys),
            cancellationToken);
    }

    public async ValueTask<IReadOnlyList<StoredDocument>> QueryAsync(
        string model, DocumentQuery query, CancellationToken cancellationToken = default)
    {
        ReadModelDefinition.ThrowIfInvalidName(model);
        ArgumentNullException.ThrowIfNull(query);
        query.Validate();
        var answer = await storage.ReadAsync(
            (model, query),
            static (database, of) => Answer<IReadOnlyList<StoredDocument>>.From(
                database,
                of,
                static (database, of) => Of(database, of.model, of, static (database, table, of) =>
                    (IReadOnlyList<StoredDocument>)DocumentSelection.Of(table, of.query, of.model).Read(database, of.query.Limit)) ?? []),
            cancellationToken).ConfigureAwait(false);
        return answer.Content;
    }

    public async ValueTask<long> CountAsync(
        string model, IReadOnlyList<FieldCondition> conditions, CancellationToken cancellationToken = default)
    {
        ReadModelDefinition.ThrowIfInvalidName(model);
        FieldCondition.Validate(conditions);
        var answer = await storage.ReadAsync(
            (model, conditions),
            static (database, of) => Answer<long>.From(
                database,
                of,
                static (database, of) => Of(database, of.model, of, static (database, table, of) =>
                    DocumentSelection.Count(database, table, of.conditions, of.model))),
            cancellationToken).ConfigureAwait(false);
        return answer.Content;
    }

    public async ValueTask CommitAsync(ReadModelCommit commit, CancellationToken cancellationToken = default)
    {
        ArgumentNullException.ThrowIfNull(commit);
        commit.Validate();
        storage.ThrowIfReadOnly("change read models");
        await new ReadModelWork(commit, storage.UserCode, cancellationToken).CommitAsync(commits, cancellationToken).ConfigureAwait(false);
    }

    public static void ValidateLoad(string model, IReadOnlyList<string> keys)
    {
        ReadModelDefinition.ThrowIfInvalidName(model);
        ArgumentNullException.ThrowIfNull(keys);
        foreach (var key in keys) StoredDocument.ThrowIfInvalidKey(key);
    }

    /// <summary>Queries the table of a read model; returns the default if there is none.</summary>
    /// <exception cref="ReadModelDamagedException">The table is missing, or not as it was made.</exception>
    private static T? Of<TState, T>(Database database, string model, TState state, Func<Database, DocumentTable, TState, T> ask)
    {
        if (DocumentCatalog.Resolve(database, model) is not { } table) return default;
        try
        {
            return ask(database, table, state);
        }
        catch (SqliteFailure failure) when (DocumentTable.IsOfTable(failure))
        {
            throw table.Damaged(failure);
        }
    }

    /// <summary>
    /// The result of a read, or why the query does not fit the read model: that is an error of the caller, and no reason to
    /// close the connection.
    /// </summary>
    private readonly struct Answer<T>
    {
        private readonly T? _result;
        private readonly Exception? _misfit;

        private Answer(T? result, Exception? misfit) => (_result, _misfit) = (result, misfit);

        public T Content => _misfit is null ? _result! : throw _misfit;

        public static Answer<T> From<TState>(Database database, TState of, Func<Database, TState, T> read)
        {
            try
            {
                return new Answer<T>(read(database, of), null);
            }
            catch (Exception misfit) when (misfit is UnknownFieldException or ArgumentException)
            {
                return new Answer<T>(default, misfit);
            }
        }
    }
}
