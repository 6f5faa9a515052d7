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

    private const int MaxCompared = 10_000;
    private const int OpeningAttempts = 3;

    private readonly PostgresEventStorageOptions _options;
    private readonly NpgsqlDataSource _internal;
    private readonly NpgsqlDataSource _forApp;
    private readonly NpgsqlDataSource _forWriting;
    private readonly List<NpgsqlDataSource> _owned = [];
    private readonly ServerCheck _check;
    private readonly StoreRecognition _recognition;
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
        _check = new ServerCheck(Sql, Name, options);
        _recognition = new StoreRecognition(Sql, Name, options, _check);
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
        _check = new ServerCheck(Sql, Name, options);
        _recognition = new StoreRecognition(Sql, Name, options, _check);
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
    /// <exception cref="IncompatibleStoreException">
    /// It is not a store that this version can use, or the server does not keep its promises.
    /// </exception>
    /// <exception cref="StorageFailedException">The server cannot be reached, or refuses the connection.</exception>
    public ValueTask OpenAsync(CancellationToken cancellationToken) =>
        _mark is null ? new ValueTask(OpenOnceAsync(cancellationToken)) : default;

    /// <summary>Forgets the store: it was removed, or may have been changed. The next call recognises it anew.</summary>
    public void Forget() => _mark = null;

    /// <summary>
    /// Checks, on a connection that is to write, that the server is the primary and that the store is the one that was opened.
    /// </summary>
    public async ValueTask VerifyAsync(NpgsqlConnection connection, CancellationToken cancellationToken)
    {
        var found = await _check.ReadAsync(connection, cancellationToken).ConfigureAwait(false);
        _check.ThrowIfUnfit(found);
        if (!found.HasStore)
        {
            Forget();
            throw _recognition.Removed();
        }

        Remember(await _recognition.ReadMarkAsync(connection, cancellationToken).ConfigureAwait(false));
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
                    {
                        var isKnown = _lastMark is not null;
                        Remember(await _recognition.RecogniseAsync(connection, _internal, isKnown, cancellationToken)
                            .ConfigureAwait(false));
                    }
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

}
