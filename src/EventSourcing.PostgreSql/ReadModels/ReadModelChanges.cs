using System.Globalization;
using Npgsql;

namespace EventSourcing;

/// <summary>
/// A commit of read models within a transaction that holds the lock of read models: all of it is checked before anything is written.
/// If any of it fails, the transaction is to be rolled back.
/// </summary>
internal sealed class ReadModelChanges(ReadModelCommit commit, StoreServer server, ReadModelTables tables, UserCode userCode)
{
    private const string MayCommit = "eventsourcing.may_commit";

    private readonly SchemaSql _sql = server.Sql;
    private readonly Dictionary<string, DocumentTable> _models = new(StringComparer.Ordinal);
    private readonly Dictionary<string, string> _aliases = new(StringComparer.Ordinal);
    private readonly Dictionary<(string Model, string Key), byte[]> _guarded = [];
    private readonly HashSet<string> _mended = new(StringComparer.Ordinal);
    private string? _transaction;

    /// <summary>
    /// Whether no other commit may run beside it: it changes the catalogue, or requires that a document is absent, which cannot be
    /// locked.
    /// </summary>
    public bool NeedsExclusiveLock =>
        commit.Drops.Count > 0 || commit.Creates.Count > 0 || commit.Aliases.Count > 0
            || commit.Guards.Any(guard => guard.Expected is null);

    /// <summary>Whether it has anything besides guards.</summary>
    public bool HasAny => HasTables || commit.Changes.Count + commit.Drops.Count + commit.Creates.Count + commit.Aliases.Count > 0;

    /// <summary>Whether SQL of the app runs in it.</summary>
    public bool HasTables => commit.Tables is not null;

    /// <summary>Whether the SQL of the app is running, or has failed.</summary>
    public bool IsAppRunning { get; private set; }

    /// <summary>A batch of statements that write the commit.</summary>
    public NpgsqlBatch BatchOn(NpgsqlConnection connection) => server.WriteBatch(connection, commit.Changes.Count);

    /// <summary>
    /// Reads what the commit is decided on, after the statements that a batch has already, and decides.
    /// </summary>
    /// <param name="batch">Has the statements before; its transaction is open afterwards.</param>
    /// <param name="results">How many of these statements have results.</param>
    /// <param name="prepare">Prepares the batch, if its connection is used for many commits.</param>
    /// <param name="cancellationToken">Cancels it.</param>
    /// <exception cref="ReadModelConflictException">A guarded document is not as expected.</exception>
    /// <exception cref="ArgumentException">A change cannot be made.</exception>
    public async ValueTask CheckAsync(
        NpgsqlBatch batch, int results, Func<NpgsqlBatch, ValueTask>? prepare, CancellationToken cancellationToken)
    {
        string[] names =
        [
            .. commit.Guards.Select(guard => guard.Model)
                .Concat(commit.Drops).Concat(commit.Creates.Select(definition => definition.Name))
                .Concat(commit.Aliases.SelectMany(alias => (string[])[alias.Alias, alias.Model]))
                .Concat(commit.Changes.Select(change => change.Model)).Distinct(StringComparer.Ordinal),
        ];
        batch.Add($"{DocumentTable.Select(_sql)} WHERE m.name = ANY ($1)").With(names);
        batch.Add(
            $"SELECT a.alias, m.name FROM {_sql.Quoted}.read_model_aliases a JOIN {_sql.Quoted}.read_models m ON m.id = a.model "
            + "WHERE a.alias = ANY ($1)").With(names);
        var guards = commit.Guards.GroupBy(guard => guard.Model, StringComparer.Ordinal)
            .Select(group => (Model: group.Key,
            Keys: (string[])[.. group.Select(guard => guard.Key).Distinct(StringComparer.Ordinal)])).ToList();
        var known = guards.FindAll(guard => tables.Find(guard.Model) is { } table && table.ReadModel == guard.Model);
        var believed = known.ConvertAll(guard => tables.Find(guard.Model)!);
        for (var i = 0; i < known.Count; i++) AddGuardTo(batch, believed[i], known[i].Keys);
        if (prepare is not null) await prepare(batch).ConfigureAwait(false);
        var reader = await batch.ExecuteReaderAsync(cancellationToken).ConfigureAwait(false);
        await using (reader.ConfigureAwait(false))
        {
            for (var i = 0; i < results; i++) await reader.NextResultAsync(cancellationToken).ConfigureAwait(false);
            while (await reader.ReadAsync(cancellationToken).ConfigureAwait(false))
            {
                var table = DocumentTable.At(reader, _sql);
                _models.Add(table.ReadModel, table);
            }

            await reader.NextResultAsync(cancellationToken).ConfigureAwait(false);
            while (await reader.ReadAsync(cancellationToken).ConfigureAwait(false)) _aliases.Add(reader.GetString(0), reader.GetString(1));
            for (var i = 0; i < known.Count; i++)
            {
                await reader.NextResultAsync(cancellationToken).ConfigureAwait(false);
                if (_models.GetValueOrDefault(known[i].Model)?.Id == believed[i].Id)
                    await ReadGuardsAsync(reader, known[i].Model, cancellationToken).ConfigureAwait(false);
                else known[i] = default;
            }
        }

        foreach (var name in names)
            tables.Learn(name, _models.GetValueOrDefault(name) ?? (_aliases.ContainsKey(name) ? tables.Find(name) : null));
        foreach (var definition in commit.Creates)
        {
            if (!commit.Drops.Contains(definition.Name) && _models.GetValueOrDefault(definition.Name) is { IsThere: false })
                _mended.Add(definition.Name);
        }

        foreach (var (model, keys) in guards.Except(known))
        {
            if (_models.GetValueOrDefault(model) is { } table && !_mended.Contains(model))
                await ReadGuardsAsync(batch.Connection!, table, keys, cancellationToken).ConfigureAwait(false);
        }

        ReadModelDecision.ThrowIfRefused(commit, new Facts(this));
    }

    /// <summary>
    /// Writes what was checked, and runs the SQL of the app. The last of its statements are put into a batch, which is to commit.
    /// </summary>
    public async ValueTask WriteAsync(NpgsqlConnection connection, NpgsqlBatch last, ExecutionContext? context,
        CancellationToken cancellationToken)
    {
        if (commit.Drops.Count + commit.Creates.Count + commit.Aliases.Count > 0)
            await ChangeModelsAsync(connection, cancellationToken).ConfigureAwait(false);
        if (commit.Tables is not { } app)
        {
            AddDocumentsTo(last);
            return;
        }

        var before = BatchOn(connection);
        await using (before.ConfigureAwait(false))
        {
            AddDocumentsTo(before);
            before.Add($"INSERT INTO {_sql.Quoted}.commit_gate VALUES (pg_current_xact_id())");
            before.Add("SELECT set_config('search_path', $1, true)").With($"{_sql.Quoted}, public");
            before.Add("SELECT pg_current_xact_id()::text");
            var reader = await before.ExecuteReaderAsync(cancellationToken).ConfigureAwait(false);
            await using (reader.ConfigureAwait(false))
            {
                await reader.NextResultAsync(cancellationToken).ConfigureAwait(false);
                await reader.ReadAsync(cancellationToken).ConfigureAwait(false);
                _transaction = reader.GetString(0);
            }
        }

        IsAppRunning = true;
        try
        {
            await userCode.RunAsync(context, UserCode.Kind.Write, (connection, app, cancellationToken), static async of =>
            {
                await of.app(of.connection, of.cancellationToken).ConfigureAwait(false);
                return true;
            }).ConfigureAwait(false);
        }
        catch (Exception failure) when (Failure.RefusedCommitIn(failure) is { } refusal)
        {
            // The refusal has ended the transaction. What the code concluded may be wrong: it no longer finds its tables, for example.
            throw Ended(refusal);
        }

        IsAppRunning = false;
        await ThrowIfLostAsync(connection, cancellationToken).ConfigureAwait(false);
        last.Add($"DELETE FROM {_sql.Quoted}.commit_gate");
        last.Add($"SELECT set_config('{MayCommit}', pg_current_xact_id()::text, true)");
    }

    private async ValueTask ThrowIfLostAsync(NpgsqlConnection connection, CancellationToken cancellationToken)
    {
        bool isSame, canWrite;
        try
        {
            var command = new NpgsqlCommand(
                "SELECT pg_current_xact_id_if_assigned()::text, current_setting('transaction_read_only') = 'off'", connection);
            await using (command.ConfigureAwait(false))
            {
                var reader = await command.ExecuteReaderAsync(cancellationToken).ConfigureAwait(false);
                await using (reader.ConfigureAwait(false))
                {
                    await reader.ReadAsync(cancellationToken).ConfigureAwait(false);
                    (isSame, canWrite) = (!reader.IsDBNull(0) && reader.GetString(0) == _transaction, reader.GetBoolean(1));
                }
            }
        }
        catch (PostgresException failure) when (failure.SqlState == PostgresErrorCodes.InFailedSqlTransaction)
        {
            throw new InvalidOperationException(
                "A statement of the commit's SQL has failed, and the code went on. PostgreSQL refuses everything after such a failure, "
                + "so nothing of the commit was written. Let the error pass, or use a savepoint around what may fail.",
                failure);
        }
        catch (Exception failure) when (failure is InvalidOperationException or NpgsqlOperationInProgressException)
        {
            throw new InvalidOperationException(
                "The SQL of the commit left a reader open, or closed the connection. Nothing of the commit was written; "
                + "dispose readers and commands before returning.",
                failure);
        }

        if (!isSame) throw Ended(null);
        if (!canWrite)
            throw new InvalidOperationException(
                "The SQL of the commit has set the storage's transaction to READ ONLY. Nothing of the commit was written; "
                + "leave the transaction as it is.");
    }

    private static InvalidOperationException Ended(Exception? failure) => new(
        "The SQL of the commit ended the storage's transaction. Nothing of the commit was written. Leave COMMIT, "
        + "ROLLBACK and the connection to the storage: throw to undo everything, use a savepoint of your own to undo a part.",
        failure);

    private static void AddGuardTo(NpgsqlBatch batch, DocumentTable table, string[] keys) =>
        batch.Add($"SELECT key, data FROM {table.Quoted} WHERE key = ANY ($1) ORDER BY key FOR UPDATE").With(keys);

    private async ValueTask ReadGuardsAsync(NpgsqlDataReader reader, string model, CancellationToken cancellationToken)
    {
        while (await reader.ReadAsync(cancellationToken).ConfigureAwait(false))
            _guarded[(model, reader.GetString(0))] = reader.IsDBNull(1) ? [] : reader.GetFieldValue<byte[]>(1); // as it is loaded
    }

    private async ValueTask ReadGuardsAsync(NpgsqlConnection connection, DocumentTable table, string[] keys,
        CancellationToken cancellationToken)
    {
        var batch = BatchOn(connection);
        await using (batch.ConfigureAwait(false))
        {
            AddGuardTo(batch, table, keys);
            try
            {
                var reader = await batch.ExecuteReaderAsync(cancellationToken).ConfigureAwait(false);
                await using (reader.ConfigureAwait(false))
                    await ReadGuardsAsync(reader, table.ReadModel, cancellationToken).ConfigureAwait(false);
            }
            catch (PostgresException failure) when (Failure.IsOfTable(failure))
            {
                throw table.Damaged(failure);
            }
        }
    }

    private void AddDocumentsTo(NpgsqlBatch batch)
    {
        foreach (var group in commit.Changes.GroupBy(change => change.Model, StringComparer.Ordinal)
            .OrderBy(group => _models[group.Key].Id))
            _models[group.Key].AddChangesTo(batch, [.. group]);
    }

    /// <summary>
    /// Drops and makes read models, and moves aliases. A view that shows a dropped read model is given to the next one before the table
    /// goes, since it could not be kept without one.
    /// </summary>
    private async ValueTask ChangeModelsAsync(NpgsqlConnection connection, CancellationToken cancellationToken)
    {
        var views = new ReadModelViews(_sql, tables);
        var moved = commit.Aliases.Select(alias => alias.Alias).ToHashSet(StringComparer.Ordinal);
        var removed = new Dictionary<string, DocumentTable>(StringComparer.Ordinal);
        foreach (var name in commit.Drops.Concat(_mended))
        {
            if (!_models.Remove(name, out var table)) continue;
            removed.Add(name, table);
            tables.Learn(name, null);
            await views.RemoveAsync(connection, table, moved, cancellationToken).ConfigureAwait(false);
            await connection.ExecuteAsync(string.Create(CultureInfo.InvariantCulture,
                $"DELETE FROM {_sql.Quoted}.read_models WHERE id = {table.Id}"), cancellationToken).ConfigureAwait(false);
        }

        await CreateAsync(connection, [.. commit.Creates.Where(definition => !_models.ContainsKey(definition.Name))
            .DistinctBy(definition => definition.Name, StringComparer.Ordinal)], cancellationToken).ConfigureAwait(false);
        foreach (var (alias, model) in commit.Aliases)
        {
            if (_aliases.GetValueOrDefault(alias) == model && !removed.ContainsKey(model)) continue;
            await views.SetAsync(connection, alias, _models[model], cancellationToken).ConfigureAwait(false);
        }

        foreach (var table in removed.Values)
            await connection.ExecuteAsync($"DROP TABLE IF EXISTS {table.Quoted}", cancellationToken).ConfigureAwait(false);
    }

    /// <summary>Makes read models: one round trip for their numbers, and one for their tables.</summary>
    private async ValueTask CreateAsync(NpgsqlConnection connection, List<ReadModelDefinition> definitions,
        CancellationToken cancellationToken)
    {
        if (definitions.Count == 0) return;
        var (numbers, tablesOf) = (BatchOn(connection), BatchOn(connection));
        await using (numbers.ConfigureAwait(false))
        await using (tablesOf.ConfigureAwait(false))
        {
            foreach (var definition in definitions)
            {
                numbers.Add($"INSERT INTO {_sql.Quoted}.read_models (name, fields) VALUES ($1, $2) RETURNING id").With(definition.Name)
                    .With(FieldList.Written(definition.Fields));
            }

            var reader = await numbers.ExecuteReaderAsync(cancellationToken).ConfigureAwait(false);
            await using (reader.ConfigureAwait(false))
            {
                foreach (var definition in definitions)
                {
                    await reader.ReadAsync(cancellationToken).ConfigureAwait(false);
                    var id = reader.GetInt32(0);
                    await reader.NextResultAsync(cancellationToken).ConfigureAwait(false);
                    foreach (var statement in DocumentTable.CreateSql(_sql, id, definition)) tablesOf.Add(statement);
                    var fields = FieldList.Written(definition.Fields);
                    _models.Add(definition.Name, new DocumentTable(_sql, id, definition.Name, fields, isThere: true));
                }
            }

            await tablesOf.ExecuteNonQueryAsync(cancellationToken).ConfigureAwait(false);
        }
    }

    /// <summary>The facts under the lock of read models. A damaged read model that the commit makes anew counts as gone.</summary>
    private readonly struct Facts(ReadModelChanges changes) : IReadModelFacts
    {
        public ReadModelDefinition? DefinitionOf(string model) => changes._mended.Contains(model) ? null
            : changes._models.GetValueOrDefault(model)?.Definition;

        public string? ModelOf(string alias) => changes._aliases.GetValueOrDefault(alias);

        public bool IsMet(in DocumentGuard guard) => guard.IsMetBy(changes._guarded.GetValueOrDefault((guard.Model, guard.Key)));
    }
}
