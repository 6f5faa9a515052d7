using System.Globalization;
using System.Text;
using Npgsql;

namespace EventSourcing;

/// <summary>
/// The aliases of read models, each with the view by which people and tools see what it stands for. A view stays when its alias moves to
/// another read model, so that rights on it and views upon it stay too.
/// </summary>
internal sealed class ReadModelViews(SchemaSql sql, ReadModelTables tables)
{
    /// <summary>Lets an alias stand for a read model.</summary>
    public async ValueTask SetAsync(
        NpgsqlConnection connection, string alias, DocumentTable table, CancellationToken cancellationToken)
    {
        tables.Learn(alias, null);
        var view = await FindAsync(connection, alias, cancellationToken).ConfigureAwait(false);
        if (view is not null)
        {
            await ReplaceAsync(connection, QuotedOf(view), table.ViewSql(sql), cancellationToken).ConfigureAwait(false);
        }
        else
        {
            view = await FreeNameAsync(connection, $"read_model_{alias}", cancellationToken).ConfigureAwait(false);
            await connection.ExecuteAsync($"CREATE VIEW {QuotedOf(view)} AS {table.ViewSql(sql)}", cancellationToken).ConfigureAwait(false);
        }

        await ScalarAsync(
            connection,
            string.Create(CultureInfo.InvariantCulture, $"""
                INSERT INTO {sql.Quoted}.read_model_aliases (alias, model, view_name) VALUES ($1, {table.Id}, $2)
                ON CONFLICT (alias) DO UPDATE SET model = excluded.model, view_name = excluded.view_name
                """),
            cancellationToken,
            alias,
            view).ConfigureAwait(false);
    }

    /// <summary>Removes the aliases of a read model, but for those that the commit gives to another one.</summary>
    public async ValueTask RemoveAsync(
        NpgsqlConnection connection, DocumentTable table, HashSet<string> moved, CancellationToken cancellationToken)
    {
        foreach (var alias in await ListAsync(connection, string.Create(CultureInfo.InvariantCulture,
            $"SELECT alias FROM {sql.Quoted}.read_model_aliases WHERE model = {table.Id}"), cancellationToken).ConfigureAwait(false))
        {
            if (moved.Contains(alias)) continue;
            tables.Learn(alias, null);
            if (await FindAsync(connection, alias, cancellationToken).ConfigureAwait(false) is { } view)
                await connection.ExecuteAsync($"DROP VIEW {QuotedOf(view)}", cancellationToken).ConfigureAwait(false);
            await ScalarAsync(connection, $"DELETE FROM {sql.Quoted}.read_model_aliases WHERE alias = $1", cancellationToken,
                alias).ConfigureAwait(false);
        }
    }

    /// <summary>
    /// Lets a view show another table. The server takes the new definition if it has the columns of the old one, and perhaps more after
    /// them. Otherwise the view is made anew, and the rights on it are given again. If it belonged to another role, that role may go on
    /// reading it, and so may views of that role upon it.
    /// </summary>
    private static async ValueTask ReplaceAsync(
        NpgsqlConnection connection, string view, string definition, CancellationToken cancellationToken)
    {
        var name = view.Replace("'", "''", StringComparison.Ordinal);

        // Only the right to read: to write by the view never was a right of that role, since the table is not its own.
        var formerOwner = await ListAsync(
            connection,
            $"""
            SELECT format('GRANT SELECT ON %s TO %I WITH GRANT OPTION', '{name}'::regclass, r.rolname)
            FROM pg_catalog.pg_class c JOIN pg_catalog.pg_roles r ON r.oid = c.relowner
            WHERE c.oid = '{name}'::regclass AND r.rolname <> current_user AND EXISTS (
                SELECT FROM pg_catalog.aclexplode(coalesce(c.relacl, pg_catalog.acldefault('r', c.relowner))) a
                WHERE a.grantee = c.relowner AND a.privilege_type = 'SELECT')
            """,
            cancellationToken).ConfigureAwait(false);
        await connection.ExecuteAsync("SAVEPOINT eventsourcing_view", cancellationToken).ConfigureAwait(false);
        try
        {
            await connection.ExecuteAsync($"CREATE OR REPLACE VIEW {view} AS {definition}", cancellationToken).ConfigureAwait(false);

            // A view reads its table with the rights of its owner, and the table is this role's.
            await connection.ExecuteAsync($"ALTER VIEW {view} OWNER TO CURRENT_USER", cancellationToken).ConfigureAwait(false);
        }
        catch (PostgresException refused) when (refused.SqlState == PostgresErrorCodes.InvalidTableDefinition)
        {
            await connection.ExecuteAsync("ROLLBACK TO SAVEPOINT eventsourcing_view", cancellationToken).ConfigureAwait(false);
            var grants = await ListAsync(
                connection,
                $"""
                SELECT format('GRANT %s ON %s TO %s%s', a.privilege_type, '{name}'::regclass, coalesce(quote_ident(r.rolname), 'PUBLIC'),
                    CASE WHEN a.is_grantable THEN ' WITH GRANT OPTION' END)
                FROM pg_catalog.pg_class c, pg_catalog.aclexplode(c.relacl) a LEFT JOIN pg_catalog.pg_roles r ON r.oid = a.grantee
                WHERE c.oid = '{name}'::regclass AND a.grantee <> c.relowner
                """,
                cancellationToken).ConfigureAwait(false);
            await connection.ExecuteAsync($"DROP VIEW {view}", cancellationToken).ConfigureAwait(false);
            await connection.ExecuteAsync($"CREATE VIEW {view} AS {definition}", cancellationToken).ConfigureAwait(false);
            foreach (var grant in grants) await connection.ExecuteAsync(grant, cancellationToken).ConfigureAwait(false);
        }

        foreach (var grant in formerOwner) await connection.ExecuteAsync(grant, cancellationToken).ConfigureAwait(false);
        await connection.ExecuteAsync("RELEASE SAVEPOINT eventsourcing_view", cancellationToken).ConfigureAwait(false);
    }

    /// <summary>
    /// The view of an alias; null if there is none any more: the app may have dropped it, and made something else of that name.
    /// </summary>
    private async ValueTask<string?> FindAsync(NpgsqlConnection connection, string alias, CancellationToken cancellationToken) =>
        await ScalarAsync(
            connection,
            $"""
            SELECT a.view_name FROM {sql.Quoted}.read_model_aliases a
            JOIN pg_catalog.pg_class c ON c.relname = a.view_name AND c.relkind = 'v'
                AND c.relnamespace = '{sql.Quoted.Replace("'", "''", StringComparison.Ordinal)}'::regnamespace
            WHERE a.alias = $1
            """,
            cancellationToken,
            alias).ConfigureAwait(false) as string;

    /// <summary>A name that nothing in the schema has. The server cuts longer names off without an error, so they are cut here.</summary>
    private async ValueTask<string> FreeNameAsync(NpgsqlConnection connection, string wished, CancellationToken cancellationToken)
    {
        for (var i = 1; ; i++)
        {
            var suffix = i == 1 ? "" : string.Create(CultureInfo.InvariantCulture, $"_{i}");
            var name = wished;
            while (Encoding.UTF8.GetByteCount(name) > PostgresEventStorageOptions.MaxSchemaBytes - suffix.Length)
                name = name[..^(char.IsSurrogate(name[^1]) ? 2 : 1)];
            name += suffix;
            var taken = await ScalarAsync(
                connection,
                "SELECT 1 FROM pg_catalog.pg_class c JOIN pg_catalog.pg_namespace n ON n.oid = c.relnamespace WHERE n.nspname = $1 "
                + "AND c.relname = $2",
                cancellationToken,
                sql.Schema,
                name).ConfigureAwait(false);
            if (taken is null) return name;
        }
    }

    private string QuotedOf(string view) => $"{sql.Quoted}.{Identifier.Quote(view)}";

    private static async ValueTask<object?> ScalarAsync(
        NpgsqlConnection connection, string text, CancellationToken cancellationToken, params string[] values)
    {
        var command = new NpgsqlCommand(text, connection);
        await using (command.ConfigureAwait(false))
        {
            foreach (var value in values) command.Parameters.Add(new NpgsqlParameter<string> { TypedValue = value });
            return await command.ExecuteScalarAsync(cancellationToken).ConfigureAwait(false);
        }
    }

    private static async ValueTask<List<string>> ListAsync(NpgsqlConnection connection, string text, CancellationToken cancellationToken)
    {
        var texts = new List<string>();
        var command = new NpgsqlCommand(text, connection);
        await using (command.ConfigureAwait(false))
        {
            var reader = await command.ExecuteReaderAsync(cancellationToken).ConfigureAwait(false);
            await using (reader.ConfigureAwait(false))
            {
                while (await reader.ReadAsync(cancellationToken).ConfigureAwait(false)) texts.Add(reader.GetString(0));
            }
        }

        return texts;
    }
}
