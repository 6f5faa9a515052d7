using Npgsql;

namespace EventSourcing;

/// <summary>
/// Keeps events and read models in a PostgreSQL database: the contract of <see cref="IEventStorage"/>, for any number of threads,
/// processes and hosts. Thread-safe.
/// </summary>
public sealed class PostgresEventStorage : IEventStorage
{
    private readonly PostgresEventStorageOptions _options;

    /// <summary>Describes the store; nothing is opened yet.</summary>
    /// <param name="connectionString">The connection string, as Npgsql takes it.</param>
    /// <param name="options">The schema, the clock, the limits and the time limits.</param>
    /// <exception cref="ArgumentException">The connection string cannot be used.</exception>
    public PostgresEventStorage(string connectionString, PostgresEventStorageOptions? options = null)
    {
        ArgumentException.ThrowIfNullOrWhiteSpace(connectionString);
        _options = options ?? new PostgresEventStorageOptions();
    }

    /// <summary>Describes the store; nothing is opened yet. The data source stays the app's: it is not disposed.</summary>
    /// <param name="dataSource">The data source of the app, for example one with a password that changes.</param>
    /// <param name="options">The schema, the clock, the limits and the time limits.</param>
    public PostgresEventStorage(NpgsqlDataSource dataSource, PostgresEventStorageOptions? options = null)
    {
        ArgumentNullException.ThrowIfNull(dataSource);
        _options = options ?? new PostgresEventStorageOptions();
    }

    /// <summary>
    /// The SQL that makes a store in a schema, for an administrator to run where the app's role may not create tables.
    /// </summary>
    /// <param name="schema">The schema's name.</param>
    /// <returns>The script, one transaction. Where the store exists, it fails and changes nothing.</returns>
    /// <exception cref="ArgumentException">The name cannot be that of a schema.</exception>
    public static string Script(string schema = "eventsourcing") => throw new NotImplementedException(schema);

    /// <summary>The schema of the store.</summary>
    public string Schema => _options.Schema;

    /// <inheritdoc/>
    public EventStorageOptions Options => _options;

    /// <inheritdoc/>
    public bool IsReadOnly => _options.ReadOnly;

    /// <inheritdoc/>
    public IReadModelStorage ReadModels => throw new NotImplementedException();

    /// <inheritdoc/>
    public ILedgerStorage Ledger => throw new NotImplementedException();

    /// <inheritdoc/>
    public IStorageCatalog Catalog => throw new NotImplementedException();

    /// <inheritdoc/>
    public ValueTask<AppendResult> AppendAsync(AppendRequest request, CancellationToken cancellationToken = default) => throw new NotImplementedException();

    /// <inheritdoc/>
    public ValueTask<EventPage> ReadStreamAsync(StreamRead read, CancellationToken cancellationToken = default) => throw new NotImplementedException();

    /// <inheritdoc/>
    public ValueTask<EventPage> ReadLogAsync(LogRead read, CancellationToken cancellationToken = default) => throw new NotImplementedException();

    /// <inheritdoc/>
    public ValueTask<long> GetHeadAsync(CancellationToken cancellationToken = default) => throw new NotImplementedException();

    /// <inheritdoc/>
    public ValueTask<long> GetPositionAsync(Guid eventId, CancellationToken cancellationToken = default) => throw new NotImplementedException();

    /// <inheritdoc/>
    public ValueTask<long> WaitForEventsAsync(long position, CancellationToken cancellationToken = default) => throw new NotImplementedException();

    /// <summary>Runs SQL of the app on the store's database, to read.</summary>
    /// <typeparam name="T">What the query returns; not a reader, which ends with it.</typeparam>
    /// <param name="query">The query; it is called once.</param>
    /// <param name="cancellationToken">Ends the wait for a connection, and is handed to the query.</param>
    /// <returns>What the query returned. What it throws is thrown as it is.</returns>
    public ValueTask<T> QueryAsync<T>(Func<NpgsqlConnection, CancellationToken, ValueTask<T>> query, CancellationToken cancellationToken = default) => throw new NotImplementedException();

    /// <summary>Lets the group commit and the reads in progress finish, refuses what waits behind them, and closes the connections.</summary>
    /// <returns>A task that completes when the connections are closed.</returns>
    public ValueTask DisposeAsync() => throw new NotImplementedException();
}
