using Microsoft.Data.Sqlite;
using SQLitePCL;

namespace EventSourcing;

/// <summary>
/// A commit of read models within the writer's transaction: all of it is checked before anything is written. Some parts can
/// be refused only by SQL: the app's own SQL, and statements that make or drop tables. They run within a savepoint, so that
/// their failure undoes this commit and not the others that share the transaction.
/// </summary>
internal sealed class ReadModelChanges(ReadModelCommit commit)
{
    private readonly List<string> _mended = [];

    /// <summary>Whether it has parts that SQL may refuse and that are not known to succeed.</summary>
    public bool NeedsSavepoint =>
        commit.Tables is not null || commit.Drops.Count > 0 || commit.Creates.Count > 0 || commit.Aliases.Count > 0;

    /// <summary>Whether it has anything besides guards.</summary>
    public bool HasAny => NeedsSavepoint || commit.Changes.Count > 0;

    /// <summary>Throws if a guard does not hold or a change cannot be made; nothing is written by then.</summary>
    public void Check(LogEnd log)
    {
        _mended.Clear();
        foreach (var definition in commit.Creates)
        {
            if (!commit.Drops.Contains(definition.Name)
                && log.TableOf(definition.Name) is { } table && TableRepair.IsNeeded(log.Database, table, definition))
                _mended.Add(definition.Name);
        }

        ReadModelDecision.ThrowIfRefused(commit, new Facts(log, _mended));

        string? probed = null;
        foreach (var change in commit.Changes)
        {
            if (change.Model == probed) continue;
            probed = change.Model;
            if (!commit.Drops.Contains(probed) && !_mended.Contains(probed)) log.TableOf(probed)?.Probe(log.Database);
        }
    }

    /// <summary>Writes what was checked. If it throws anything but a failure of the database, nothing of it is left.</summary>
    public async ValueTask WriteAsync(LogEnd log, UserCode userCode, ExecutionContext? context, CancellationToken cancellationToken)
    {
        if (!NeedsSavepoint)
        {
            WriteAlone(log);
            return;
        }

        var database = log.Database;
        if (commit.Tables is not null && database.Connection is null) throw new ReopenException();
        database.Execute("SAVEPOINT event_store_work");
        try
        {
            ChangeModels(log);
            WriteDocuments(log);
            if (commit.Tables is { } tables) await RunAsync(log, tables, userCode, context, cancellationToken).ConfigureAwait(false);
            Release(database);
        }
        catch (Exception failure) when (failure is not TransactionLostException)
        {
            Undo(log, failure);
            if (failure is SqliteFailure { IsOfDatabase: false } refused) throw refused.ToTyped(log.Path, whileCommitting: false);
            throw;
        }
    }

    /// <summary>
    /// Writes the documents without a savepoint, which would cost something in every commit. A trigger or an index that was
    /// added to their tables may refuse them: then only the caller of this commit is told, and the other writes of the
    /// transaction begin again.
    /// </summary>
    public void WriteAlone(LogEnd log)
    {
        try
        {
            WriteDocuments(log);
        }
        catch (EventSourcingException refusal)
        {
            throw new TransactionLostException(refusal);
        }
    }

    private void WriteDocuments(LogEnd log)
    {
        for (var i = 0; i < commit.Changes.Count; i++)
        {
            var change = commit.Changes[i];
            var table = log.TableOf(change.Model)!;
            try
            {
                table.Write(log.Database, change);
            }
            catch (SqliteFailure failure) when (DocumentTable.IsOfTable(failure))
            {
                throw table.Damaged(failure);
            }
            catch (SqliteFailure failure) when (failure.Fault is SqliteFault.Limit or SqliteFault.Misuse)
            {
                throw failure.ToTyped(log.Path, whileCommitting: false);
            }
        }
    }

    private static async ValueTask RunAsync(
        LogEnd log, TableWork tables, UserCode userCode, ExecutionContext? context, CancellationToken cancellationToken)
    {
        var database = log.Database;
        var schema = database.SchemaVersions;
        database.RefuseCommits(true);
        try
        {
            await userCode.RunAsync(context, UserCode.Kind.Write, (database, tables, cancellationToken), static async of =>
            {
                await of.tables(of.database.Connection!, of.cancellationToken).ConfigureAwait(false);
                return true;
            }).ConfigureAwait(false);
        }
        finally
        {
            if (database.IsIntact) database.RefuseCommits(false);
        }

        if (!database.InTransaction) throw Lost(null);
        if (database.EndStatements())
        {
            log.ReopenAfterThis(); // the reader may be read further at any time, and it is on this connection
            throw new InvalidOperationException(
                "The SQL of the commit left a reader open. Nothing of the commit was written; "
                + "dispose readers and commands before returning.");
        }

        if (database.SchemaVersions != schema && Schema.FlawIn(database, Schema.Statements) is { } flaw)
            throw new InvalidOperationException(
                $"The SQL of the commit has changed what is the store's own: {flaw}. Nothing of the commit was written; "
                + "keep to tables of your own.");

        if (!Schema.IsOfThisVersion(database))
            throw new InvalidOperationException(
                "The SQL of the commit has changed a mark by which the file is known to be a store "
                + "(PRAGMA user_version or application_id). Nothing of the commit was written; "
                + "keep the version of tables of your own in one of them.");

        if (database.LacksForeignRows)
            throw new SqliteException(
                "SQLite Error 19: 'FOREIGN KEY constraint failed'. "
                + "A deferred foreign key is still violated at the end of the commit's SQL.",
                19,
                787);
    }

    /// <summary>
    /// Ends the savepoint. That fails if the app's own SQL has already ended it, and then that SQL can no longer be undone
    /// alone.
    /// </summary>
    private static void Release(Database database)
    {
        try
        {
            database.Execute("RELEASE event_store_work");
        }
        catch (SqliteFailure failure) when (!failure.IsOfDatabase)
        {
            throw Lost(failure);
        }
    }

    private static void Undo(LogEnd log, Exception failure)
    {
        var database = log.Database;
        log.ForgetTables();
        if (!database.InTransaction)
        {
            // SQLite itself ends a transaction when the disk is full or fails.
            if (failure is SqliteFailure own) throw own;
            throw database.IsIntact && FailureOfDatabaseIn(failure) is { } theirs
                ? new SqliteFailure(theirs.SqliteExtendedErrorCode, theirs.Message)
                : Lost(failure);
        }

        if (database.EndStatements()) log.ReopenAfterThis();
        try
        {
            database.Execute("ROLLBACK TO event_store_work; RELEASE event_store_work");
        }
        catch (SqliteFailure undoing) when (!undoing.IsOfDatabase)
        {
            throw Lost(undoing);
        }

        // The event that met a full disk did not cause it, even if the transaction has survived.
        if (FailureOfDatabaseIn(failure)
            is { SqliteErrorCode: raw.SQLITE_FULL or raw.SQLITE_IOERR or raw.SQLITE_NOMEM or raw.SQLITE_CORRUPT } medium)
            throw new SqliteFailure(medium.SqliteExtendedErrorCode, medium.Message);
    }

    /// <summary>
    /// The error of SQLite that says that the database fails, however the app's code has wrapped it; null if there is none.
    /// </summary>
    private static SqliteException? FailureOfDatabaseIn(Exception failure)
    {
        for (Exception? cause = failure; cause is not null; cause = cause.InnerException)
        {
            if (cause is SqliteException theirs && SqliteFailure.IsOfDatabaseCode(theirs.SqliteErrorCode)) return theirs;
        }

        return null;
    }

    private static TransactionLostException Lost(Exception? cause) => new(new InvalidOperationException(
        "The SQL of the commit ended the storage's transaction or savepoint, or closed its connection, "
        + "or did not pass on an error for which SQLite did. Nothing was written. Leave COMMIT, "
        + "ROLLBACK and the connection to the storage: throw to undo everything, use a savepoint of your own to undo a part.",
        cause));

    private void ChangeModels(LogEnd log)
    {
        var database = log.Database;
        foreach (var name in commit.Drops)
        {
            if (log.TableOf(name) is not { } table) continue;
            foreach (var alias in AliasesOf(database, table)) RemoveAlias(database, alias);
            DocumentCatalog.Drop(database, table);
            log.ForgetTables();
        }

        foreach (var definition in commit.Creates)
        {
            var known = log.TableOf(definition.Name);
            if (known is not null && !_mended.Contains(definition.Name)) continue;
            if (known is null) DocumentCatalog.Create(database, definition);
            else TableRepair.Run(database, known, definition);
            log.ForgetTables();
        }

        foreach (var (alias, model) in commit.Aliases)
        {
            if (AliasedBy(database, alias) == model) continue;
            RemoveAlias(database, alias);
            var table = log.TableOf(model)!;
            var view = Identifier.Free(database, $"read_model_{alias}");
            database.Execute($"CREATE VIEW {Identifier.Quote(view)} AS {table.ViewSql()}");
            database.Prepare("INSERT INTO read_model_aliases (alias, model, view_name) VALUES (?1, ?2, ?3)")
                .Bind(1, alias).Bind(2, table.Id).Bind(3, view).Run();
        }
    }

    private static string? AliasedBy(Database database, string alias)
    {
        var select = database.Prepare("SELECT m.name FROM read_model_aliases a JOIN read_models m ON m.id = a.model WHERE a.alias = ?1")
            .Bind(1, alias);
        var model = select.Step() ? select.Text(0) : null;
        select.Reset();
        return model;
    }

    private static List<string> AliasesOf(Database database, DocumentTable table)
    {
        var select = database.Prepare("SELECT alias FROM read_model_aliases WHERE model = ?1").Bind(1, table.Id);
        var aliases = new List<string>();
        while (select.Step()) aliases.Add(select.Text(0));
        select.Reset();
        return aliases;
    }

    private static void RemoveAlias(Database database, string alias)
    {
        // Only if it is still a view: the app may have dropped it, and made something else of that name.
        var select = database.Prepare(
            "SELECT m.name FROM read_model_aliases a JOIN sqlite_master m ON m.name = a.view_name AND m.type = 'view' "
            + "WHERE a.alias = ?1").Bind(1, alias);
        var view = select.Step() ? select.Text(0) : null;
        select.Reset();
        if (view is not null) database.Execute($"DROP VIEW {Identifier.Quote(view)}");
        database.Prepare("DELETE FROM read_model_aliases WHERE alias = ?1").Bind(1, alias).Run();
    }
    /// <summary>The facts within the writer's transaction. A damaged read model that the commit makes anew counts as gone.</summary>
    private readonly struct Facts(LogEnd log, List<string> mended) : IReadModelFacts
    {
        public ReadModelDefinition? DefinitionOf(string model) => TableOf(model)?.Definition;

        public string? ModelOf(string alias) => AliasedBy(log.Database, alias);

        public bool IsMet(in DocumentGuard guard) =>
            Stored(guard.Model) is { } table ? table.Has(log.Database, guard) : guard.Expected is null;

        /// <summary>The table as stored: if only the catalogue is repaired, its documents are there.</summary>
        private DocumentTable? Stored(string model) =>
            log.TableOf(model) is { } table && !(mended.Count > 0 && mended.Contains(model) && TableRepair.IsMissing(log.Database, table))
                ? table
                : null;

        private DocumentTable? TableOf(string model) => mended.Count > 0 && mended.Contains(model) ? null : log.TableOf(model);
    }
}
