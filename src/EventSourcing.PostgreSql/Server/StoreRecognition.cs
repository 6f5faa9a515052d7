using System.Globalization;
using Npgsql;

namespace EventSourcing;

/// <summary>Recognises the store in a schema, and makes it if there is none.</summary>
internal sealed class StoreRecognition(SchemaSql sql, string name, PostgresEventStorageOptions options, ServerCheck check)
{
    /// <summary>Recognises the store, and makes it if it may.</summary>
    /// <param name="connection">The connection.</param>
    /// <param name="source">Where the connection comes from.</param>
    /// <param name="isKnown">Whether there was a store already, which is not made again.</param>
    /// <param name="cancellationToken">Cancels it.</param>
    public async ValueTask<StoreMark> RecogniseAsync(
        NpgsqlConnection connection, NpgsqlDataSource source, bool isKnown, CancellationToken cancellationToken)
    {
        var found = await check.ReadAsync(connection, cancellationToken).ConfigureAwait(false);
        check.ThrowIfUnfit(found);
        await check.ThrowIfSharedAsync(connection, found, source, cancellationToken).ConfigureAwait(false);
        if (found.HasStore) return await ReadMarkAsync(connection, cancellationToken).ConfigureAwait(false);
        if (isKnown) throw Removed();

        // First: in a schema of something else no store is made, so the advice of the next error would be wrong.
        ThrowIfTaken(found);
        if (options.ReadOnly)
            throw new IncompatibleStoreException(name,
                $"there is no store in the schema '{options.Schema}', and a store that is opened read-only is not made. "
                + "Check the database and the schema, or open it without the option ReadOnly.");
        try
        {
            return await CreateAsync(connection, cancellationToken).ConfigureAwait(false);
        }
        catch (PostgresException failure) when (
            failure.SqlState is PostgresErrorCodes.UniqueViolation or PostgresErrorCodes.DuplicateSchema)
        {
            // Another client has made the schema meanwhile.
            return await CreateAsync(connection, cancellationToken).ConfigureAwait(false);
        }
    }

    /// <summary>Makes the store, under a lock: of two processes that come at once, the second finds what the first has made.</summary>
    private async ValueTask<StoreMark> CreateAsync(NpgsqlConnection connection, CancellationToken cancellationToken)
    {
        var transaction = await connection.BeginTransactionAsync(System.Data.IsolationLevel.ReadCommitted,
            cancellationToken).ConfigureAwait(false);
        await using (transaction.ConfigureAwait(false))
        {
            // Limits that a role has for its queries must not cut this short.
            await connection.ExecuteAsync(
                string.Create(CultureInfo.InvariantCulture, $"""
                    SELECT set_config('statement_timeout', '0', true), set_config('idle_in_transaction_session_timeout', '0', true),
                        set_config('lock_timeout', '0', true);
                    SELECT pg_advisory_xact_lock({sql.CreationKey})
                    """),
                cancellationToken).ConfigureAwait(false);
            var found = await check.ReadAsync(connection, cancellationToken).ConfigureAwait(false);
            if (!found.HasStore)
            {
                ThrowIfTaken(found);
                try
                {
                    // One round trip for all of it.
                    var batch = new NpgsqlBatch(connection, transaction);
                    await using (batch.ConfigureAwait(false))
                    {
                        if (!found.HasSchema) batch.Add($"CREATE SCHEMA {sql.Quoted}");
                        foreach (var statement in sql.Statements) batch.Add(statement);
                        await batch.ExecuteNonQueryAsync(cancellationToken).ConfigureAwait(false);
                    }
                }
                catch (PostgresException failure) when (failure.SqlState == PostgresErrorCodes.InsufficientPrivilege)
                {
                    throw new IncompatibleStoreException(name,
                        $"there is no store in the schema '{options.Schema}', and the role may not make one. "
                        + "Let an administrator run the script that PostgresEventStorage.Script returns.",
                        failure);
                }
            }

            var mark = await ReadMarkAsync(connection, cancellationToken).ConfigureAwait(false);
            await transaction.CommitAsync(cancellationToken).ConfigureAwait(false);
            return mark;
        }
    }

    /// <summary>Reads the mark of the store.</summary>
    /// <exception cref="IncompatibleStoreException">It is none, or one that this version cannot use.</exception>
    public async ValueTask<StoreMark> ReadMarkAsync(NpgsqlConnection connection, CancellationToken cancellationToken)
    {
        try
        {
            var command = new NpgsqlCommand(
                $"""
                SELECT application, version, id, lock_key, models_key, EXISTS (
                    SELECT 1 FROM pg_catalog.pg_proc p JOIN pg_catalog.pg_namespace n ON n.oid = p.pronamespace
                    WHERE n.nspname = $1 AND p.proname = 'append_events' AND pg_catalog.strpos(p.prosrc, $2) > 0),
                    ARRAY(SELECT k.name FROM pg_catalog.unnest($3) AS k(name) WHERE NOT EXISTS (
                        SELECT 1 FROM pg_catalog.pg_index x JOIN pg_catalog.pg_class i ON i.oid = x.indexrelid
                        JOIN pg_catalog.pg_namespace n ON n.oid = i.relnamespace
                        WHERE n.nspname = $1 AND i.relname = k.name AND x.indisunique AND x.indisvalid)),
                    ARRAY(SELECT c.relname::text FROM pg_catalog.pg_class c JOIN pg_catalog.pg_namespace n ON n.oid = c.relnamespace
                        WHERE n.nspname = $1 AND c.relname = ANY ($4) AND c.relpersistence <> 'p')
                FROM {sql.Quoted}.store
                """,
                connection);
            await using (command.ConfigureAwait(false))
            {
                command.Parameters.Add(new NpgsqlParameter<string> { TypedValue = options.Schema });
                command.Parameters.Add(new NpgsqlParameter<string> { TypedValue = $"{sql.Quoted}.events" });
                command.Parameters.Add(new NpgsqlParameter<string[]> { TypedValue = SchemaSql.UniqueIndexes });
                command.Parameters.Add(new NpgsqlParameter<string[]> { TypedValue = [.. SchemaSql.Tables] });
                var reader = await command.ExecuteReaderAsync(cancellationToken).ConfigureAwait(false);
                await using (reader.ConfigureAwait(false))
                {
                    if (!await reader.ReadAsync(cancellationToken).ConfigureAwait(false) || reader.GetString(0) != SchemaSql.Application)
                        throw OfAnother();
                    var version = reader.GetInt32(1);
                    if (version > SchemaSql.Version)
                        throw new IncompatibleStoreException(name,
                            string.Create(CultureInfo.InvariantCulture,
                            $"its schema has version {version}, and this version of EventSourcing.PostgreSql knows versions up to "
                            + $"{SchemaSql.Version}. Use a newer package."));
                    if (!options.ReadOnly && !reader.GetBoolean(5))
                        throw new IncompatibleStoreException(name,
                            $"the schema '{options.Schema}' was made under another name, and its functions still write to the schema "
                            + "of that name. Give the schema its name back, or open it with the option ReadOnly and copy it into a new "
                            + "store.");
                    if (!options.ReadOnly && reader.GetFieldValue<string[]>(6) is [var missing, ..])
                        throw new IncompatibleStoreException(name,
                            $"its unique index '{missing}' is missing, as after a restore that was cut short. Without it, an event could "
                            + "be stored twice. Restore it whole, or open it with the option ReadOnly and copy it into a new store.");
                    if (!options.ReadOnly && reader.GetFieldValue<string[]>(7) is [var unlogged, ..])
                        throw new IncompatibleStoreException(name,
                            $"its table '{unlogged}' is UNLOGGED, so the server would empty it after a crash. "
                            + "Run ALTER TABLE … SET LOGGED, or open it with the option ReadOnly.");
                    return version < 1
                        ? throw new StoreCorruptedException(name,
                            string.Create(CultureInfo.InvariantCulture,
                            $"it is marked as an event store of schema version {version}, which never was."))
                        : new StoreMark(reader.GetGuid(2), reader.GetInt64(3), reader.GetInt64(4));
                }
            }
        }
        catch (PostgresException failure) when (Failure.IsOfTable(failure))
        {
            throw OfAnother(failure);
        }
        catch (InvalidCastException failure)
        {
            throw OfAnother(failure);
        }
    }

    /// <summary>The error if a store that was there is there no more.</summary>
    public StorageFailedException Removed() => new(
        name, outcomeIsUnknown: false, new InvalidOperationException("The store was removed while it was in use."));

    private void ThrowIfTaken(in FoundServer found)
    {
        if (found.AnyRelation is { } other)
            throw new IncompatibleStoreException(name,
                $"the schema '{options.Schema}' has tables of something else, for example '{other}'. Choose another schema.");
    }

    private IncompatibleStoreException OfAnother(Exception? cause = null) =>
        new(name, $"the table 'store' in the schema '{options.Schema}' is not that of an event store. Choose another schema.", cause);
}

/// <summary>What the mark of a store says.</summary>
/// <param name="Id">The store's identity, given when it was made.</param>
/// <param name="LockKey">The key of the advisory lock that orders appends.</param>
/// <param name="ModelsKey">The key of the advisory lock of read models.</param>
internal sealed record StoreMark(Guid Id, long LockKey, long ModelsKey);
