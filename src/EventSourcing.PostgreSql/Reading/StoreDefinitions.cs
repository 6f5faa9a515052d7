using System.Security.Cryptography;
using Npgsql;

namespace EventSourcing;

/// <summary>What the server's catalogue says of the tables, indexes, triggers, functions and the view of a store.</summary>
internal sealed class StoreDefinitions(NpgsqlConnection connection, StoreServer server)
{
    /// <summary>The definitions of a new store, which is made and rolled back; null if the role or the session may not make one.</summary>
    public async ValueTask<Dictionary<(string Kind, string Name), string>?> ReadNewAsync(CancellationToken cancellationToken)
    {
        var pristine = new SchemaSql($"es_audit_{RandomNumberGenerator.GetHexString(24, lowercase: true)}");
        try
        {
            var batch = new NpgsqlBatch(connection);
            await using (batch.ConfigureAwait(false))
            {
                batch.Add("BEGIN ISOLATION LEVEL READ COMMITTED");
                batch.Add($"CREATE SCHEMA {pristine.Quoted}");
                foreach (var statement in pristine.Statements) batch.Add(statement);
                await batch.ExecuteNonQueryAsync(cancellationToken).ConfigureAwait(false);
            }

            return await ReadAsync(pristine, cancellationToken).ConfigureAwait(false);
        }
        catch (PostgresException failure) when (
            failure.SqlState is PostgresErrorCodes.InsufficientPrivilege or PostgresErrorCodes.ReadOnlySqlTransaction)
        {
            return null;
        }
        finally
        {
            if (connection.FullState == System.Data.ConnectionState.Open)
                await connection.ExecuteAsync("ROLLBACK", CancellationToken.None).ConfigureAwait(false);
        }
    }

    /// <summary>The definitions of a store by what they are of, with the name of the schema and the keys of its locks taken out.</summary>
    public async ValueTask<Dictionary<(string Kind, string Name), string>> ReadAsync(SchemaSql of, CancellationToken cancellationToken)
    {
        var definitions = new Dictionary<(string, string), string>();
        var tables = string.Join(", ", SchemaSql.Tables.Append("event_log").Select(table => $"'{table}'"));
        var schema = $"'{of.Schema.Replace("'", "''", StringComparison.Ordinal)}'";
        var ofTables = $"JOIN pg_catalog.pg_namespace n ON n.oid = c.relnamespace WHERE n.nspname = {schema} AND c.relname IN ({tables})";
        var triggers = $"FROM pg_catalog.pg_trigger t JOIN pg_catalog.pg_class c ON c.oid = t.tgrelid {ofTables} AND NOT t.tgisinternal";
        await EachAsync(
            connection,
            $"""
            SELECT 'table', c.relname, concat_ws(' ', c.relkind::text, c.relpersistence::text)
                FROM pg_catalog.pg_class c {ofTables} AND c.relkind <> 'v'
            UNION ALL SELECT 'column', c.relname || '.' || a.attname,
                    concat_ws(' ', pg_catalog.format_type(a.atttypid, a.atttypmod), a.attnotnull::text,
                        a.attcollation::regcollation::text, a.attidentity::text)
                FROM pg_catalog.pg_attribute a JOIN pg_catalog.pg_class c ON c.oid = a.attrelid
                {ofTables} AND a.attnum > 0 AND NOT a.attisdropped
            UNION ALL SELECT 'constraint', c.relname || '.' || k.conname, pg_catalog.pg_get_constraintdef(k.oid)
                FROM pg_catalog.pg_constraint k JOIN pg_catalog.pg_class c ON c.oid = k.conrelid {ofTables} AND k.contype <> 'n'
            UNION ALL SELECT 'index', c.relname || '.' || i.relname, pg_catalog.pg_get_indexdef(x.indexrelid)
                FROM pg_catalog.pg_index x JOIN pg_catalog.pg_class i ON i.oid = x.indexrelid
                JOIN pg_catalog.pg_class c ON c.oid = x.indrelid {ofTables}
            UNION ALL SELECT 'trigger', c.relname || '.' || t.tgname,
                pg_catalog.pg_get_triggerdef(t.oid) || ' ' || t.tgenabled::text {triggers}
            UNION ALL SELECT 'disabled trigger', c.relname || '.' || t.tgname, '' {triggers} AND t.tgenabled = 'D'
            UNION ALL SELECT 'function', p.proname, pg_catalog.pg_get_functiondef(p.oid)
                FROM pg_catalog.pg_proc p JOIN pg_catalog.pg_namespace n ON n.oid = p.pronamespace
                WHERE n.nspname = {schema} AND p.proname IN ({string.Join(", ", SchemaSql.Functions.Select(function => $"'{function}'"))})
            UNION ALL SELECT 'body of the function', p.proname,
                p.prosecdef::text || ' ' || p.provolatile::text
                    || ' [' || coalesce(pg_catalog.array_to_string(p.proconfig, ';'), '') || '] ' || p.prosrc
                FROM pg_catalog.pg_proc p JOIN pg_catalog.pg_namespace n ON n.oid = p.pronamespace
                WHERE n.nspname = {schema} AND p.proname IN ({string.Join(", ", SchemaSql.Functions.Select(function => $"'{function}'"))})
            UNION ALL SELECT 'view', c.relname, pg_catalog.pg_get_viewdef(c.oid) FROM pg_catalog.pg_class c {ofTables} AND c.relkind = 'v'
            UNION ALL SELECT 'rule', c.relname || '.' || r.rulename, ''
                FROM pg_catalog.pg_rewrite r JOIN pg_catalog.pg_class c ON c.oid = r.ev_class {ofTables} AND r.rulename <> '_RETURN'
            UNION ALL SELECT 'row security', c.relname, '' FROM pg_catalog.pg_class c {ofTables} AND c.relrowsecurity
            UNION ALL SELECT 'child', c.relname || '.' || h.inhrelid::regclass::text, ''
                FROM pg_catalog.pg_inherits h JOIN pg_catalog.pg_class c ON c.oid = h.inhparent {ofTables}
            UNION ALL SELECT 'invalid index', c.relname || '.' || x.indexrelid::regclass::text, ''
                FROM pg_catalog.pg_index x JOIN pg_catalog.pg_class c ON c.oid = x.indrelid
                {ofTables} AND NOT (x.indisvalid AND x.indisready)
            """,
            row =>
            {
                var definition = of.WithoutSchema(row.GetString(2));

                // The store's name may be part of something else in the same text, as of an alias. It is taken out there on both sides.
                definition = definition.Replace(server.Sql.Quoted + ".", "", StringComparison.Ordinal)
                    .Replace(server.Sql.Schema + ".", "", StringComparison.Ordinal);
                definitions[(row.GetString(0), row.GetString(1))] = definition;
            },
            cancellationToken).ConfigureAwait(false);
        return definitions;
    }

    /// <summary>Runs a query, however long it takes.</summary>
    public static async ValueTask EachAsync(
        NpgsqlConnection connection, string sql, Action<NpgsqlDataReader> add, CancellationToken cancellationToken)
    {
        var command = new NpgsqlCommand(sql, connection) { CommandTimeout = 0 };
        await using (command.ConfigureAwait(false))
        {
            var reader = await command.ExecuteReaderAsync(cancellationToken).ConfigureAwait(false);
            await using (reader.ConfigureAwait(false))
            {
                while (await reader.ReadAsync(cancellationToken).ConfigureAwait(false)) add(reader);
            }
        }
    }
}
