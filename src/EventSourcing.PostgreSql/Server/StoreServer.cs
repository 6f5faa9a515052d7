using System.Collections.Concurrent;
using System.Globalization;
using Npgsql;

namespace EventSourcing;

/// <summary>
/// The connections to the server, and the store in it: it is recognised, and made if need be, when it is first used. What the server
/// promises is read back then, and again on every connection that is opened to write.
/// </summary>
internal sealed class StoreServer : IAsyncDisposable
{
    /// <summary>How many rows even a slow server writes in a second.</summary>
    private const int RowsPerSecond = 100;

    private const int OldestServer = 130000;
    private const int MaxCompared = 10_000;
    private const int LooksForPooler = 3;
    private const int OpeningAttempts = 3;

    private readonly PostgresEventStorageOptions _options;
    private readonly NpgsqlDataSource _internal;
    private readonly NpgsqlDataSource _forApp;
    private readonly NpgsqlDataSource _forWriting;
    private readonly List<NpgsqlDataSource> _owned = [];
    private readonly SemaphoreSlim _opening = new(1, 1);
    private volatile StoreMark? _mark;
    private volatile StoreMark? _lastMark;
    private volatile bool _disposed;

    /// <summary>
    /// The sessions of the app's data source that were compared with what this process has seen. Our own data sources compare each session
    /// as it is opened.
    /// </summary>
    private readonly ConcurrentDictionary<(string? Host, int Port, int Process), bool> _compared = [];

    /// <summary>Connections of our own, from a connection string.</summary>
    /// <exception cref="ArgumentException">The string cannot be used.</exception>
    public StoreServer(string connectionString, PostgresEventStorageOptions options)
    {
        _options = options;
        Sql = new SchemaSql(options.Schema);
        var given = ConnectionSettings.Read(connectionString, options.ThroughPooler);
        Name = NameOf(given, options.Schema);
        Seen = new SeenLog(Sql, Name, options.ReadOnly);
        KeepAlive(given);
        _forApp = SourceOf(given, isCompared: true);
        var ours = new NpgsqlConnectionStringBuilder(given.ConnectionString)
        {
            NoResetOnClose = true,
            ReadBufferSize = 64 * 1024,
        };
        if (!options.ThroughPooler && ours.MaxAutoPrepare == 0) (ours.MaxAutoPrepare, ours.AutoPrepareMinUsages) = (100, 2);
        _internal = SourceOf(ours, isCompared: true);
        ours.Pooling = false; // the one connection that appends has settings of its own
        ours.MaxAutoPrepare = 0;
        _forWriting = SourceOf(ours, isCompared: false); // whoever writes compares with its other checks
    }

    /// <summary>Connections of a data source of the app's.</summary>
    public StoreServer(NpgsqlDataSource dataSource, PostgresEventStorageOptions options)
    {
        _options = options;
        Sql = new SchemaSql(options.Schema);
        _internal = _forApp = _forWriting = dataSource;
        Name = NameOf(ConnectionSettings.Check(dataSource), options.Schema);
        Seen = new SeenLog(Sql, Name, options.ReadOnly);
    }

    /// <summary>The store, for messages: without the password.</summary>
    public string Name { get; }

    public SchemaSql Sql { get; }

    /// <summary>What this process has seen of the log, and whether the server has lost it.</summary>
    public SeenLog Seen { get; }

    /// <summary>The mark of the store as it was last read; it was opened before.</summary>
    public StoreMark Mark => _lastMark ?? throw new InvalidOperationException("The store has not been opened.");

    /// <summary>A connection for statements of the library.</summary>
    public ValueTask<NpgsqlConnection> ConnectAsync(CancellationToken cancellationToken) => ConnectAsync(_internal, cancellationToken);

    /// <summary>
    /// Lets no connection be used again that is idle: one of them turned out to be gone, so the others may be from before the server
    /// restarted too.
    /// </summary>
    public void DropIdle()
    {
        _internal.Clear();
        _forApp.Clear();
        _compared.Clear();
    }

    /// <summary>A connection that the caller keeps for itself, to append on it.</summary>
    public ValueTask<NpgsqlConnection> ConnectToWriteAsync(CancellationToken cancellationToken) =>
        ConnectionSettings.OpenOutsideAsync(_forWriting, cancellationToken);

    /// <summary>A connection on which code of the app may run: what it leaves there is gone when the connection is used again.</summary>
    public ValueTask<NpgsqlConnection> ConnectForAppAsync(CancellationToken cancellationToken) => ConnectAsync(_forApp, cancellationToken);

    /// <summary>
    /// How long the server may take for statements that write, in seconds; 0 is without a limit. If its host is gone, nothing else ends the
    /// wait: the system sends what was not received again and again, for a quarter of an hour or longer.
    /// </summary>
    /// <param name="connection">The connection: its <c>Command Timeout</c> is added to the wait for a lock.</param>
    /// <param name="weight">Roughly how many rows are written; each adds its share.</param>
    public int SecondsToWrite(NpgsqlConnection connection, long weight)
    {
        if (connection.CommandTimeout == 0) return 0;
        var seconds = Math.Ceiling(_options.BusyTimeout.TotalSeconds) + connection.CommandTimeout + (weight / RowsPerSecond);
        return (int)Math.Min(seconds, int.MaxValue / 1000);
    }

    /// <summary>A batch of statements that write; see <see cref="SecondsToWrite"/>.</summary>
    public NpgsqlBatch WriteBatch(NpgsqlConnection connection, long weight = 0) =>
        new(connection) { Timeout = SecondsToWrite(connection, weight) };

    /// <summary>Recognises the store, and makes it if there is none; at once if that was done before.</summary>
    /// <exception cref="IncompatibleStoreException">It is not a store that this version can use, or the server does not keep its promises.</exception>
    /// <exception cref="StorageFailedException">The server cannot be reached, or refuses the connection.</exception>
    public ValueTask OpenAsync(CancellationToken cancellationToken) =>
        _mark is null ? new ValueTask(OpenOnceAsync(cancellationToken)) : default;

    /// <summary>Forgets the store: it was removed, or may have been changed. The next call recognises it anew.</summary>
    public void Forget() => _mark = null;

    /// <summary>Checks, on a connection that is to write, that the server is the primary and that the store is the one that was opened.</summary>
    public async ValueTask VerifyAsync(NpgsqlConnection connection, CancellationToken cancellationToken)
    {
        var found = await ReadServerAsync(connection, cancellationToken).ConfigureAwait(false);
        ThrowIfUnfit(found);
        var mark = found.HasStore ? await ReadMarkAsync(connection, cancellationToken).ConfigureAwait(false) : throw Removed();
        Remember(mark);
    }

    /// <summary>The error for callers.</summary>
    public Exception Typed(Exception failure, bool outcomeIsUnknown = false)
    {
        if (failure is PostgresException && Failure.IsOfTable(failure)) Forget();
        return Failure.Typed(failure, Name, Sql.Schema, outcomeIsUnknown);
    }

    public async ValueTask DisposeAsync()
    {
        _disposed = true;
        foreach (var source in _owned) await source.DisposeAsync().ConfigureAwait(false);
    }

    /// <summary>A connection that does not lead to a server which has lost what this process has seen.</summary>
    private async ValueTask<NpgsqlConnection> ConnectAsync(NpgsqlDataSource source, CancellationToken cancellationToken)
    {
        ObjectDisposedException.ThrowIf(_disposed, typeof(PostgresEventStorage));
        Seen.ThrowIfLost();
        var connection = await ConnectionSettings.OpenOutsideAsync(source, cancellationToken).ConfigureAwait(false);
        var session = _owned.Count > 0 ? default : (connection.Host, connection.Port, connection.ProcessID);
        if (!Seen.IsLost && (_owned.Count > 0 || _compared.ContainsKey(session))) return connection;
        try
        {
            await Seen.CheckAsync(connection, cancellationToken).ConfigureAwait(false);
            if (_compared.Count >= MaxCompared) _compared.Clear();
            _compared[session] = true;
            return connection;
        }
        catch
        {
            await connection.DisposeAsync().ConfigureAwait(false);
            throw;
        }
    }

    /// <summary>
    /// Connections to the host, or to the right one of several: the primary, which may be another after a failover, or for reading alone
    /// a standby if there is one. The string may say otherwise.
    /// </summary>
    private NpgsqlDataSource SourceOf(NpgsqlConnectionStringBuilder settings, bool isCompared)
    {
        if (settings.TargetSessionAttributes is null && !IsSeveral(settings.Host))
        {
            var single = BuilderOf(settings, isCompared).Build();
            _owned.Add(single);
            return single;
        }

        // The driver takes the wish for a kind of host from the source, and refuses it in the string.
        var shared =
            new NpgsqlConnectionStringBuilder(settings.ConnectionString) { TargetSessionAttributes = null, HostRecheckSeconds = 1 };
        var wish = settings.TargetSessionAttributes?.Replace("-", "", StringComparison.Ordinal);
        var source = BuilderOf(shared, isCompared).BuildMultiHost();
        _owned.Add(source);
        return source.WithTargetSession(wish is not null ? Enum.Parse<TargetSessionAttributes>(wish, ignoreCase: true)
            : _options.ReadOnly ? TargetSessionAttributes.PreferStandby : TargetSessionAttributes.Primary);
    }

    /// <summary>Lets the system notice within half a minute that the server's host is gone, unless the app says otherwise.</summary>
    private static void KeepAlive(NpgsqlConnectionStringBuilder settings)
    {
        settings.TcpKeepAlive = true;
        if (settings.TcpKeepAliveTime == 0) settings.TcpKeepAliveTime = 10;
        if (settings.TcpKeepAliveInterval == 0) settings.TcpKeepAliveInterval = 2;
    }

    private NpgsqlDataSourceBuilder BuilderOf(NpgsqlConnectionStringBuilder settings, bool isCompared)
    {
        var builder = new NpgsqlDataSourceBuilder(settings.ConnectionString);

        // A pool opens connections unseen, and after a failover they lead to another server.
        if (isCompared)
        {
            builder.UsePhysicalConnectionInitializer(
                static _ => throw new NotSupportedException("Connections are opened asynchronously."),
                connection => Seen.CompareAsync(connection, CancellationToken.None).AsTask());
        }

        return builder;
    }

    /// <summary>Of several hosts, each may come with its own port.</summary>
    private static string NameOf(NpgsqlConnectionStringBuilder of, string schema) => string.Create(CultureInfo.InvariantCulture,
        $"{of.Host}{(IsSeveral(of.Host) ? "" : $":{of.Port}")}/{of.Database ?? of.Username}/{schema}");

    private static bool IsSeveral(string? hosts) => hosts?.Contains(',', StringComparison.Ordinal) == true;

    private async Task OpenOnceAsync(CancellationToken cancellationToken)
    {
        ObjectDisposedException.ThrowIf(_disposed, typeof(PostgresEventStorage));
        await _opening.WaitAsync(cancellationToken).ConfigureAwait(false);
        try
        {
            for (var attempt = 1; _mark is null; attempt++)
            {
                var connection = await ConnectAsync(cancellationToken).ConfigureAwait(false);
                try
                {
                    await using (connection.ConfigureAwait(false))
                        Remember(await RecogniseAsync(connection, cancellationToken).ConfigureAwait(false));
                }
                catch (Exception failure) when (attempt < OpeningAttempts && Failure.IsOfConnection(failure))
                {
                    DropIdle(); // the session had ended: those of the app's pool may be from before a restart of the server
                }
            }
        }
        catch (Exception failure) when (failure is not (EventSourcingException or OperationCanceledException)
            && Typed(failure) is var typed && typed != failure)
        {
            throw typed;
        }
        finally
        {
            _opening.Release();
        }
    }

    /// <summary>Keeps the mark: what this process knows of a store is true of no other.</summary>
    private void Remember(StoreMark mark)
    {
        if (_lastMark is { } known && known.Id != mark.Id)
            throw new IncompatibleStoreException(Name, "another store has taken its place while it was in use. Open it anew.");
        _lastMark = _mark = mark;
    }

    private async ValueTask<StoreMark> RecogniseAsync(NpgsqlConnection connection, CancellationToken cancellationToken)
    {
        var found = await ReadServerAsync(connection, cancellationToken).ConfigureAwait(false);
        ThrowIfUnfit(found);
        await ThrowIfSharedAsync(connection, found, cancellationToken).ConfigureAwait(false);
        if (found.HasStore) return await ReadMarkAsync(connection, cancellationToken).ConfigureAwait(false);
        if (_lastMark is not null) throw Removed();
        ThrowIfTaken(found);
        if (_options.ReadOnly)
            throw new IncompatibleStoreException(Name,
                $"there is no store in the schema '{_options.Schema}', and a store that is opened read-only is not made. "
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
                    SELECT pg_advisory_xact_lock({Sql.CreationKey})
                    """),
                cancellationToken).ConfigureAwait(false);
            var found = await ReadServerAsync(connection, cancellationToken).ConfigureAwait(false);
            if (!found.HasStore)
            {
                ThrowIfTaken(found);
                try
                {
                    // One round trip for all of it.
                    var batch = new NpgsqlBatch(connection, transaction);
                    await using (batch.ConfigureAwait(false))
                    {
                        if (!found.HasSchema) batch.Add($"CREATE SCHEMA {Sql.Quoted}");
                        foreach (var statement in Sql.Statements) batch.Add(statement);
                        await batch.ExecuteNonQueryAsync(cancellationToken).ConfigureAwait(false);
                    }
                }
                catch (PostgresException failure) when (failure.SqlState == PostgresErrorCodes.InsufficientPrivilege)
                {
                    throw new IncompatibleStoreException(Name,
                        $"there is no store in the schema '{_options.Schema}', and the role may not make one. "
                        + "Let an administrator run the script that PostgresEventStorage.Script returns.",
                        failure);
                }
            }

            var mark = await ReadMarkAsync(connection, cancellationToken).ConfigureAwait(false);
            await transaction.CommitAsync(cancellationToken).ConfigureAwait(false);
            return mark;
        }
    }

    private async ValueTask<FoundServer> ReadServerAsync(NpgsqlConnection connection, CancellationToken cancellationToken)
    {
        var command = new NpgsqlCommand(
            """
            SELECT pg_catalog.current_setting('server_version_num')::int, pg_catalog.pg_is_in_recovery(), pg_catalog.current_setting('server_encoding'),
                pg_catalog.current_setting('fsync'), pg_catalog.current_setting('full_page_writes'),
                EXISTS (SELECT 1 FROM pg_catalog.pg_namespace WHERE nspname = $1),
                pg_catalog.pg_backend_pid(), pg_catalog.current_setting('transaction_read_only'),
                pg_catalog.current_setting('client_encoding'),
                (SELECT c.relname FROM pg_catalog.pg_class c JOIN pg_catalog.pg_namespace n ON n.oid = c.relnamespace WHERE n.nspname = $1 ORDER BY (c.relname = 'store') DESC LIMIT 1)
            """,
            connection);
        await using (command.ConfigureAwait(false))
        {
            command.Parameters.Add(new NpgsqlParameter<string> { TypedValue = _options.Schema });
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

    private async ValueTask<StoreMark> ReadMarkAsync(NpgsqlConnection connection, CancellationToken cancellationToken)
    {
        try
        {
            var command = new NpgsqlCommand(
                $"""
                SELECT application, version, id, lock_key, models_key, EXISTS (
                    SELECT 1 FROM pg_catalog.pg_proc p JOIN pg_catalog.pg_namespace n ON n.oid = p.pronamespace
                    WHERE n.nspname = $1 AND p.proname = 'append_events' AND pg_catalog.strpos(p.prosrc, $2) > 0)
                FROM {Sql.Quoted}.store
                """,
                connection);
            await using (command.ConfigureAwait(false))
            {
                command.Parameters.Add(new NpgsqlParameter<string> { TypedValue = _options.Schema });
                command.Parameters.Add(new NpgsqlParameter<string> { TypedValue = $"{Sql.Quoted}.events" });
                var reader = await command.ExecuteReaderAsync(cancellationToken).ConfigureAwait(false);
                await using (reader.ConfigureAwait(false))
                {
                    if (!await reader.ReadAsync(cancellationToken).ConfigureAwait(false) || reader.GetString(0) != SchemaSql.Application)
                        throw OfAnother();
                    var version = reader.GetInt32(1);
                    if (version > SchemaSql.Version)
                        throw new IncompatibleStoreException(Name,
                            string.Create(CultureInfo.InvariantCulture,
                            $"its schema has version {version}, and this version of EventSourcing.PostgreSql knows versions up to "
                            + $"{SchemaSql.Version}. Use a newer package."));
                    if (!_options.ReadOnly && !reader.GetBoolean(5))
                        throw new IncompatibleStoreException(Name,
                            $"the schema '{_options.Schema}' was made under another name, and its functions still write to the schema "
                            + "of that name. Give the schema its name back, or open it with the option ReadOnly and copy it into a new "
                            + "store.");
                    return version < 1
                        ? throw new StoreCorruptedException(Name,
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

    private void ThrowIfUnfit(in FoundServer found)
    {
        if (found.Version < OldestServer)
            throw new IncompatibleStoreException(Name,
                string.Create(CultureInfo.InvariantCulture,
                $"the server has version {found.Version / 10000}, and PostgreSQL 13 is the oldest that is supported. Use a newer server."));
        if (found.Encoding != "UTF8")
            throw new IncompatibleStoreException(Name,
                $"the database has the encoding {found.Encoding}, which cannot hold every name. Use a database with ENCODING 'UTF8'.");
        if (found.ClientEncoding != "UTF8")
            throw new IncompatibleStoreException(Name,
                $"the connection has the client encoding {found.ClientEncoding}, which would change names on their way. Use a connection "
                + "with Client Encoding=UTF8.");
        if (_options.ReadOnly) return;
        if (found.IsStandby)
        {
            throw new StorageFailedException(Name, outcomeIsUnknown: false, new StandbyException());
        }

        if (found.MayOnlyRead)
        {
            throw new StorageFailedException(Name, outcomeIsUnknown: false, new InvalidOperationException(
                "Every transaction of this connection may only read: default_transaction_read_only is on for the role, the database or the "
                + "server. Some providers set it when the disk is nearly full. Set it off, or open the store with the option ReadOnly."));
        }

        if (!_options.AllowLossOfAcknowledgedEvents && !(found.Syncs && found.WritesFullPages))
        {
            throw new IncompatibleStoreException(
                Name,
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
    private async ValueTask ThrowIfSharedAsync(NpgsqlConnection connection, FoundServer found, CancellationToken cancellationToken)
    {
        if (_options.ThroughPooler || found.Process == connection.ProcessID) return;
        const string setting = "eventsourcing.session";
        for (var i = 0; i < LooksForPooler; i++)
        {
            var mark = System.Security.Cryptography.RandomNumberGenerator.GetHexString(32);
            await TextAsync(connection, $"SELECT pg_catalog.set_config('{setting}', '{mark}', false)").ConfigureAwait(false);
            var other = await ConnectionSettings.OpenOutsideAsync(_internal, cancellationToken).ConfigureAwait(false);
            await using (other.ConfigureAwait(false))
            {
                // The transaction keeps the session that the pooler gave to it, so that the next statement gets another one.
                await other.ExecuteAsync("BEGIN", cancellationToken).ConfigureAwait(false);
                var isSeen = await TextAsync(other, $"SELECT pg_catalog.current_setting('{setting}', true)").ConfigureAwait(false) == mark;
                var isKept =
                    await TextAsync(connection, $"SELECT pg_catalog.current_setting('{setting}', true)").ConfigureAwait(false) == mark;
                await other.ExecuteAsync("ROLLBACK", CancellationToken.None).ConfigureAwait(false);
                if (isSeen || !isKept)
                    throw new IncompatibleStoreException(Name, $"""
                        the connection string leads to a pooler that gives each transaction another session (of PgBouncer: pool_mode = transaction). Connect directly, or set the option {nameof(PostgresEventStorageOptions.ThroughPooler)}.
                        """);
            }
        }

        async ValueTask<string?> TextAsync(NpgsqlConnection of, string sql)
        {
            var command = new NpgsqlCommand(sql, of);
            await using (command.ConfigureAwait(false))
                return await command.ExecuteScalarAsync(cancellationToken).ConfigureAwait(false) as string;
        }
    }

    private void ThrowIfTaken(in FoundServer found)
    {
        if (found.AnyRelation is { } other)
            throw new IncompatibleStoreException(Name,
                $"the schema '{_options.Schema}' has tables of something else, for example '{other}'. Choose another schema.");
    }

    private IncompatibleStoreException OfAnother(Exception? cause = null) =>
        new(Name, $"the table 'store' in the schema '{_options.Schema}' is not that of an event store. Choose another schema.", cause);

    private StorageFailedException Removed()
    {
        Forget();
        return new StorageFailedException(Name, outcomeIsUnknown: false,
            new InvalidOperationException("The store was removed while it was in use."));
    }

    private readonly record struct FoundServer(int Version, bool IsStandby, string Encoding, bool Syncs, bool WritesFullPages,
        bool HasSchema, int Process, bool MayOnlyRead, string ClientEncoding, string? AnyRelation)
    {
        public bool HasStore => AnyRelation == "store";
    }
}

/// <summary>What the mark of a store says.</summary>
/// <param name="Id">The store's identity, given when it was made.</param>
/// <param name="LockKey">The key of the advisory lock that orders appends.</param>
/// <param name="ModelsKey">The key of the advisory lock of read models.</param>
internal sealed record StoreMark(Guid Id, long LockKey, long ModelsKey);
