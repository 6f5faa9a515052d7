using System.Globalization;
using Npgsql;

namespace EventSourcing;

/// <summary>
/// The mark of a store that has moved: triggers that refuse every new event and every change of a document, and name the place. The server
/// refuses, so no process has to look for the mark, and older versions of this library write nothing either.
/// </summary>
internal sealed class MoveMark(StoreServer server, PostgresEventStorageOptions options)
{
    /// <summary>The name of the triggers.</summary>
    public const string Name = "store_moved";

    private const string Place = "eventsourcing.moved_to";

    private readonly SchemaSql _sql = server.Sql;

    private string Schema => $"'{_sql.Schema.Replace("'", "''", StringComparison.Ordinal)}'";

    /// <summary>Where the store has moved to; null if it has not.</summary>
    public async ValueTask<string?> ReadAsync(NpgsqlConnection connection, CancellationToken cancellationToken)
    {
        // Behind the only argument of the trigger stands a zero byte.
        var command = new NpgsqlCommand(
            $"""
            SELECT pg_catalog.convert_from(pg_catalog.substring(t.tgargs, 1, pg_catalog.octet_length(t.tgargs) - 1), 'UTF8')
            FROM pg_catalog.pg_trigger t
            JOIN pg_catalog.pg_class c ON c.oid = t.tgrelid
            JOIN pg_catalog.pg_namespace n ON n.oid = c.relnamespace
            WHERE n.nspname = {Schema} AND c.relname = 'events' AND t.tgname = '{Name}'
            """,
            connection);
        await using (command.ConfigureAwait(false))
            return await command.ExecuteScalarAsync(cancellationToken).ConfigureAwait(false) as string;
    }

    /// <summary>Sets the mark or takes it away, if the log ends at a position.</summary>
    /// <returns>Whether the log ends there.</returns>
    /// <exception cref="StoreMovedException">The store has moved elsewhere.</exception>
    /// <exception cref="StoreBusyException">Others held a lock for the whole <c>BusyTimeout</c>.</exception>
    /// <exception cref="IncompatibleStoreException">The role does not own the tables.</exception>
    public async ValueTask<bool> SetAsync(string? movedTo, long head, CancellationToken cancellationToken)
    {
        try
        {
            await server.OpenAsync(cancellationToken).ConfigureAwait(false);
            var connection = await server.ConnectAsync(cancellationToken).ConfigureAwait(false);
            await using (connection.ConfigureAwait(false))
                return await WriteAsync(connection, movedTo, head, cancellationToken).ConfigureAwait(false);
        }
        catch (Exception failure) when (Failure.IsLockTimeout(failure))
        {
            throw new StoreBusyException(server.Name, options.BusyTimeout, failure);
        }
        catch (PostgresException failure) when (failure.SqlState == PostgresErrorCodes.InsufficientPrivilege)
        {
            throw new IncompatibleStoreException(server.Name,
                $"the role may not mark it as moved, since it does not own each of its tables: the server says '{failure.MessageText}'. "
                + "Nothing was written. Use a role that is a member of every role that owns one, those of read models included.",
                failure);
        }
        catch (Exception failure) when (server.Typed(failure, outcomeIsUnknown: true) is var typed && typed != failure)
        {
            throw typed;
        }
    }

    private async ValueTask<bool> WriteAsync(
        NpgsqlConnection connection, string? movedTo, long head, CancellationToken cancellationToken)
    {
        var standby = new StandbyConfirmation();
        standby.Watch(connection);
        var transaction = await connection.BeginTransactionAsync(System.Data.IsolationLevel.ReadCommitted, cancellationToken)
            .ConfigureAwait(false);
        await using (transaction.ConfigureAwait(false))
        {
            await LockAsync(connection, cancellationToken).ConfigureAwait(false);
            var known = await ReadAsync(connection, cancellationToken).ConfigureAwait(false);
            var command = new NpgsqlCommand($"SELECT coalesce(max(position), 0) FROM {_sql.Quoted}.events", connection);
            await using (command.ConfigureAwait(false))
                if ((long)(await command.ExecuteScalarAsync(cancellationToken).ConfigureAwait(false))! != head) return false;
            if (known == movedTo)
            {
                // Whoever has set it may not have waited for the standby.
                await transaction.RollbackAsync(CancellationToken.None).ConfigureAwait(false);
                standby.Owe();
                await standby.PayAsync(connection, server.Name).ConfigureAwait(false);
                return true;
            }

            if (known is not null && movedTo is not null) throw new StoreMovedException(server.Name, known);
            await ChangeAsync(connection, movedTo, cancellationToken).ConfigureAwait(false);
            await transaction.CommitAsync(CancellationToken.None).ConfigureAwait(false);
        }

        await standby.PayAsync(connection, server.Name).ConfigureAwait(false);
        return true;
    }

    /// <summary>Takes both locks, in the order in which an append with read models does: then no write is under way.</summary>
    private async ValueTask LockAsync(NpgsqlConnection connection, CancellationToken cancellationToken)
    {
        var batch = server.WriteBatch(connection);
        await using (batch.ConfigureAwait(false))
        {
            batch.Add(string.Create(CultureInfo.InvariantCulture, $"""
                SELECT {StandbyConfirmation.Waits}, {StandbyConfirmation.KeepsWarnings},
                    set_config('lock_timeout', '{CommitSettings.LockTimeout(options.BusyTimeout)}', true),
                    set_config('statement_timeout', '0', true),
                    set_config('idle_in_transaction_session_timeout', '{(long)options.HolderTimeout.TotalMilliseconds}', true)
                """));
            batch.Add(string.Create(CultureInfo.InvariantCulture, $"SELECT pg_advisory_xact_lock({server.Mark.LockKey})"));
            batch.Add(CommitSettings.LockSql(server.Mark, isExclusive: true));
            await batch.ExecuteNonQueryAsync(cancellationToken).ConfigureAwait(false);
        }
    }

    private async ValueTask ChangeAsync(NpgsqlConnection connection, string? movedTo, CancellationToken cancellationToken)
    {
        var batch = server.WriteBatch(connection);
        await using (batch.ConfigureAwait(false))
        {
            batch.Add($"SELECT set_config('{Place}', $1, true)").With(movedTo ?? "");
            batch.Add($"""
                DO $do$
                DECLARE
                    found text;
                    place text := pg_catalog.current_setting('{Place}');
                BEGIN
                    FOR found IN
                        SELECT c.relname FROM pg_catalog.pg_class c JOIN pg_catalog.pg_namespace n ON n.oid = c.relnamespace
                        WHERE n.nspname = {Schema} AND c.relkind = 'r' AND (c.relname ~ '^documents_[0-9]+$'
                            OR c.relname IN ('events', 'read_models', 'read_model_aliases', 'commit_gate'))
                    LOOP
                        EXECUTE pg_catalog.format('DROP TRIGGER IF EXISTS {Name} ON %I.%I', {Schema}, found);
                        CONTINUE WHEN place = '';
                        EXECUTE pg_catalog.format(
                            'CREATE TRIGGER {Name} BEFORE %s ON %I.%I FOR EACH STATEMENT EXECUTE FUNCTION %I.refuse_move(%L)',
                            CASE WHEN found IN ('events', 'commit_gate') THEN 'INSERT' ELSE 'INSERT OR UPDATE OR DELETE' END,
                            {Schema}, found, {Schema}, place);
                        EXECUTE pg_catalog.format('ALTER TABLE %I.%I ENABLE ALWAYS TRIGGER {Name}', {Schema}, found);
                    END LOOP;
                END $do$
                """);
            await batch.ExecuteNonQueryAsync(cancellationToken).ConfigureAwait(false);
        }
    }
}
