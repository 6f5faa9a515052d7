using Npgsql;

namespace EventSourcing;

/// <summary>
/// Read models in the same schema as the events. A commit does not take the lock that orders appends: it takes the lock of read models,
/// shared with other commits, and locks the documents that it guards.
/// </summary>
internal sealed class PostgresReadModels(
    PostgresEventStorage storage, StoreServer server, ReadModelTables tables, UserCode userCode, PostgresEventStorageOptions options)
        : IReadModelStorage
{
    private const int Attempts = 4;

    public TableSupport Tables => PostgresTables.Instance;

    public async ValueTask<IReadOnlyList<byte[]?>> LoadAsync(string model, IReadOnlyList<string> keys,
        CancellationToken cancellationToken = default)
    {
        ValidateLoad(model, keys);
        return await storage.ReadAsync(
            (tables, model, keys), static (connection, of, token) =>
                LoadAsync(connection, of.tables, of.model, of.keys, isWithinTransaction: false, token),
                cancellationToken).ConfigureAwait(false);
    }

    public async ValueTask<IReadOnlyList<StoredDocument>> QueryAsync(string model, DocumentQuery query,
        CancellationToken cancellationToken = default)
    {
        ReadModelDefinition.ThrowIfInvalidName(model);
        ArgumentNullException.ThrowIfNull(query);
        query.Validate();
        return await storage.ReadAsync(
            (tables, model, query),
            static async (connection, of, token) =>
            {
                DocumentSelection? selection = null;
                return await of.tables.AskAsync(
                    connection,
                    of.model,
                    isWithinTransaction: false,
                    (batch, table) =>
                    {
                        selection = DocumentSelection.Of(table, of.query, of.model);
                        selection.AddTo(batch);
                        return selection.Count > 0;
                    },
                    (reader, _, ofRead) => selection!.ReadAsync(reader, ofRead),
                    token).ConfigureAwait(false);
            },
            cancellationToken).ConfigureAwait(false) ?? [];
    }

    public async ValueTask<long> CountAsync(string model, IReadOnlyList<FieldCondition> conditions,
        CancellationToken cancellationToken = default)
    {
        ReadModelDefinition.ThrowIfInvalidName(model);
        FieldCondition.Validate(conditions);
        return await storage.ReadAsync(
            (tables, model, conditions),
            static (connection, of, token) => of.tables.AskAsync(
                connection,
                of.model,
                isWithinTransaction: false,
                (batch, table) => DocumentSelection.TryAddCountTo(batch, table, of.conditions, of.model),
                static async (reader, _, ofRead) => await reader.ReadAsync(ofRead).ConfigureAwait(false) ? reader.GetInt64(0) : 0,
                token),
            cancellationToken).ConfigureAwait(false);
    }

    public async ValueTask CommitAsync(ReadModelCommit commit, CancellationToken cancellationToken = default)
    {
        ArgumentNullException.ThrowIfNull(commit);
        commit.Validate();
        storage.ThrowIfReadOnly("change read models");
        cancellationToken.ThrowIfCancellationRequested();
        userCode.ThrowIfWithin(UserCode.Kind.Write, "write to it");
        await server.OpenAsync(cancellationToken).ConfigureAwait(false);
        using var running = storage.Enter();
        var context = commit.Tables is null ? null : ExecutionContext.Capture();
        for (var attempt = 1; ; attempt++)
        {
            try
            {
                await CommitOnceAsync(commit, context, cancellationToken).ConfigureAwait(false);
                return;
            }
            catch (UnfinishedCommitException unfinished)
            {
                tables.Clear();
                if (attempt < Attempts) continue;
                if (Failure.IsToBeRepeated(unfinished.Cause)) throw new StoreBusyException(server.Name, TimeSpan.Zero, unfinished.Cause);
                throw server.Typed(unfinished.Cause);
            }
        }
    }

    public static void ValidateLoad(string model, IReadOnlyList<string> keys)
    {
        ReadModelDefinition.ThrowIfInvalidName(model);
        ArgumentNullException.ThrowIfNull(keys);
        foreach (var key in keys) StoredDocument.ThrowIfInvalidKey(key);
    }

    /// <summary>Loads documents through a connection.</summary>
    public static async ValueTask<IReadOnlyList<byte[]?>> LoadAsync(
        NpgsqlConnection connection, ReadModelTables tables, string model, IReadOnlyList<string> keys, bool isWithinTransaction,
            CancellationToken cancellationToken)
    {
        var found = await tables.AskAsync(
            connection,
            model,
            isWithinTransaction,
            (batch, table) =>
            {
                batch.Add($"SELECT key, data FROM {table.Quoted} WHERE key = ANY ($1)").With((string[])[.. keys]);
                return true;
            },
            static async (reader, table, token) =>
            {
                var documents = new Dictionary<string, byte[]>(StringComparer.Ordinal);
                while (await reader.ReadAsync(token).ConfigureAwait(false))
                {
                    var key = reader.GetString(0);
                    documents.Add(key, table.DataAt(reader, 1, key));
                }

                return documents;
            },
            cancellationToken).ConfigureAwait(false);
        var loaded = new byte[]?[keys.Count];
        if (found is null) return loaded;
        var given = new HashSet<string>(StringComparer.Ordinal);
        for (var i = 0; i < loaded.Length; i++)
        {
            if (found.TryGetValue(keys[i], out var document)) loaded[i] = given.Add(keys[i]) ? document : [.. document];
        }

        return loaded;
    }

    private async ValueTask CommitOnceAsync(ReadModelCommit commit, ExecutionContext? context, CancellationToken cancellationToken)
    {
        var changes = new ReadModelChanges(commit, server, tables, userCode);
        var isCommitting = false;
        var standby = new StandbyConfirmation();
        NpgsqlConnection? connection = null;
        try
        {
            connection = changes.HasTables
                ? await server.ConnectForAppAsync(cancellationToken).ConfigureAwait(false)
                : await server.ConnectAsync(cancellationToken).ConfigureAwait(false);
            standby.Watch(connection);
            var first = changes.BatchOn(connection);
            await using (first.ConfigureAwait(false))
            {
                var results = CommitSettings.Begin(first, server, options, changes.NeedsExclusiveLock);
                await changes.CheckAsync(first, results, prepare: null, cancellationToken).ConfigureAwait(false);
            }

            if (!changes.HasAny)
            {
                await connection.ExecuteAsync("ROLLBACK", CancellationToken.None).ConfigureAwait(false);
                return;
            }

            var last = changes.BatchOn(connection);
            await using (last.ConfigureAwait(false))
            {
                await changes.WriteAsync(connection, last, context, cancellationToken).ConfigureAwait(false);
                last.Add("COMMIT");
                cancellationToken.ThrowIfCancellationRequested();
                isCommitting = true;
                await last.ExecuteNonQueryAsync(CancellationToken.None).ConfigureAwait(false);
            }

            await standby.PayAsync(connection, server.Name).ConfigureAwait(false);
        }
        catch (Exception failure) when (CauseOf(failure, changes) is { } cause)
        {
            if (!isCommitting && Failure.IsOfConnection(cause))
            {
                server.DropIdle();
                throw new UnfinishedCommitException(cause);
            }

            if (Failure.IsToBeRepeated(cause) || (!isCommitting && Failure.IsOfTable(cause))) throw new UnfinishedCommitException(cause);
            if (Failure.IsLockTimeout(cause) && !changes.IsAppRunning)
                throw new StoreBusyException(server.Name, options.BusyTimeout, cause);
            if (Failure.Typed(cause, server.Name, server.Sql.Schema, isCommitting) is var typed && typed != failure) throw typed;
            throw;
        }
        finally
        {
            if (connection is not null) await connection.DisposeAsync().ConfigureAwait(false);
        }
    }

    /// <summary>What a commit has failed with, if that is not the fault of the app's SQL; else null.</summary>
    private static Exception? CauseOf(Exception failure, ReadModelChanges changes) =>
        !changes.IsAppRunning || Failure.IsOfMove(failure) ? failure : Failure.ServerCauseIn(failure);

    /// <summary>
    /// Nothing was written, and the commit is to be tried again: another transaction came first, a table was made anew, or the connection
    /// was gone before the commit was sent.
    /// </summary>
    private sealed class UnfinishedCommitException(Exception cause) : Exception(cause.Message, cause)
    {
        public Exception Cause => InnerException!;
    }
}
