using System.Globalization;
using System.Security.Cryptography;
using Npgsql;

namespace EventSourcing;

/// <summary>What the server at the end of a connection is and promises, and whether a store can rely on it.</summary>
internal sealed class ServerCheck(SchemaSql sql, string name, PostgresEventStorageOptions options)
{
    private const int OldestServer = 130000;
    private const int LooksForPooler = 3;

    /// <summary>Reads what the server is, and what is in the schema.</summary>
    public async ValueTask<FoundServer> ReadAsync(NpgsqlConnection connection, CancellationToken cancellationToken)
    {
        var command = new NpgsqlCommand(
            """
            SELECT pg_catalog.current_setting('server_version_num')::int, pg_catalog.pg_is_in_recovery(),
                pg_catalog.current_setting('server_encoding'), pg_catalog.current_setting('fsync'),
                pg_catalog.current_setting('full_page_writes'),
                EXISTS (SELECT 1 FROM pg_catalog.pg_namespace WHERE nspname = $1),
                pg_catalog.pg_backend_pid(), pg_catalog.current_setting('transaction_read_only'),
                pg_catalog.current_setting('client_encoding'),
                (SELECT c.relname FROM pg_catalog.pg_class c JOIN pg_catalog.pg_namespace n ON n.oid = c.relnamespace
                    WHERE n.nspname = $1 ORDER BY (c.relname = 'store') DESC LIMIT 1)
            """,
            connection);
        await using (command.ConfigureAwait(false))
        {
            command.Parameters.Add(new NpgsqlParameter<string> { TypedValue = sql.Schema });
            var reader = await command.ExecuteReaderAsync(cancellationToken).ConfigureAwait(false);
            await using (reader.ConfigureAwait(false))
            {
                await reader.ReadAsync(cancellationToken).ConfigureAwait(false);
                return new FoundServer(
                    reader.GetInt32(0), reader.GetBoolean(1), reader.GetString(2), reader.GetString(3) == "on",
                        reader.GetString(4) == "on", reader.GetBoolean(5), reader.GetInt32(6),
                        reader.GetString(7) == "on", reader.GetString(8), reader.IsDBNull(9) ? null : reader.GetString(9));
            }
        }
    }

    /// <exception cref="IncompatibleStoreException">The server does not keep the promises of a store.</exception>
    /// <exception cref="StorageFailedException">It takes no writes, and the store is to be written.</exception>
    public void ThrowIfUnfit(in FoundServer found)
    {
        if (found.Version < OldestServer)
            throw new IncompatibleStoreException(name,
                string.Create(CultureInfo.InvariantCulture,
                $"the server has version {found.Version / 10000}, and PostgreSQL 13 is the oldest that is supported. Use a newer server."));
        if (found.Encoding != "UTF8")
            throw new IncompatibleStoreException(name,
                $"the database has the encoding {found.Encoding}, which cannot hold every name. Use a database with ENCODING 'UTF8'.");
        if (found.ClientEncoding != "UTF8")
            throw new IncompatibleStoreException(name,
                $"the connection has the client encoding {found.ClientEncoding}, which would change names on their way. Use a connection "
                + "with Client Encoding=UTF8.");
        if (options.ReadOnly) return;
        if (found.IsStandby)
        {
            throw new StorageFailedException(name, outcomeIsUnknown: false, new StandbyException());
        }

        if (found.MayOnlyRead)
        {
            throw new StorageFailedException(name, outcomeIsUnknown: false, new InvalidOperationException(
                "Every transaction of this connection may only read: default_transaction_read_only is on for the role, the database or the "
                + "server. Some providers set it when the disk is nearly full. Set it off, or open the store with the option ReadOnly."));
        }

        if (!options.AllowLossOfAcknowledgedEvents && !(found.Syncs && found.WritesFullPages))
        {
            throw new IncompatibleStoreException(
                name,
                $"the server runs with {(found.Syncs ? "full_page_writes" : "fsync")} = off, so it may lose acknowledged events or damage "
                + "the store if it stops. Switch it on, or accept that by the option "
                + $"{nameof(PostgresEventStorageOptions.AllowLossOfAcknowledgedEvents)}.");
        }
    }

    /// <summary>
    /// Refuses a pooler that gives each transaction another session, unless the option says that there is one: a statement that was
    /// prepared could then be another client's. Such a pooler shows another process than the server does, and so does one that keeps
    /// sessions. In a session that is kept, a setting stays, and nobody else has it.
    /// </summary>
    public async ValueTask ThrowIfSharedAsync(
        NpgsqlConnection connection, FoundServer found, NpgsqlDataSource source, CancellationToken cancellationToken)
    {
        if (options.ThroughPooler || found.Process == connection.ProcessID) return;
        const string setting = "eventsourcing.session";
        for (var i = 0; i < LooksForPooler; i++)
        {
            var mark = RandomNumberGenerator.GetHexString(32);
            await TextAsync(connection, $"SELECT pg_catalog.set_config('{setting}', '{mark}', false)").ConfigureAwait(false);
            var other = await ConnectionSettings.OpenOutsideAsync(source, cancellationToken).ConfigureAwait(false);
            await using (other.ConfigureAwait(false))
            {
                // The transaction keeps the session that the pooler gave to it, so that the next statement gets another one.
                await other.ExecuteAsync("BEGIN", cancellationToken).ConfigureAwait(false);
                var isSeen = await TextAsync(other, $"SELECT pg_catalog.current_setting('{setting}', true)").ConfigureAwait(false) == mark;
                var isKept =
                    await TextAsync(connection, $"SELECT pg_catalog.current_setting('{setting}', true)").ConfigureAwait(false) == mark;
                await other.ExecuteAsync("ROLLBACK", CancellationToken.None).ConfigureAwait(false);
                if (isSeen || !isKept)
                    throw new IncompatibleStoreException(name,
                        "the connection string leads to a pooler that gives each transaction another session (of PgBouncer: "
                        + "pool_mode = transaction). Connect directly, or set the option "
                        + $"{nameof(PostgresEventStorageOptions.ThroughPooler)}.");
            }
        }

        async ValueTask<string?> TextAsync(NpgsqlConnection of, string sql)
        {
            var command = new NpgsqlCommand(sql, of);
            await using (command.ConfigureAwait(false))
                return await command.ExecuteScalarAsync(cancellationToken).ConfigureAwait(false) as string;
        }
    }
}

/// <summary>What a server is and promises, and what is in the schema.</summary>
internal readonly record struct FoundServer(int Version, bool IsStandby, string Encoding, bool Syncs, bool WritesFullPages,
    bool HasSchema, int Process, bool MayOnlyRead, string ClientEncoding, string? AnyRelation)
{
    public bool HasStore => AnyRelation == "store";
}
