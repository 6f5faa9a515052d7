using Npgsql;

namespace EventSourcing;

/// <summary>
/// Keeps events and read models in a schema of a PostgreSQL database: the contract of <see cref="IEventStorage"/>, for any number of
/// threads, processes and hosts. PostgreSQL 13 or newer. Thread-safe.
/// </summary>
/// <remarks>
/// <para>An append that has returned survives what the server's <c>synchronous_commit</c> promises: at least a loss of power of the
/// server, and with a synchronous standby the loss of the server. A session, role or database with <c>synchronous_commit</c> =
/// <c>off</c> or <c>local</c> does not weaken that: the storage sets it to <c>on</c> for its own transactions.</para>
/// <para>Concurrent appends of a process share one transaction (group commit), each with its own result. Processes take turns by an
/// advisory lock, in the order in which they ask for it.</para>
/// <para>Commits of read models do not take the lock of appends. They are atomic, and each takes effect at one moment; a commit and an
/// append that do not share a document are not ordered.</para>
/// <para>The Merkle tree's tiles are stored right after the commit that completes them. The tree itself always covers the log: readers
/// make what is missing of the events.</para>
/// <para>Nothing is touched until the first call. The schema is made then if it is not there; with
/// <see cref="PostgresEventStorageOptions.ReadOnly"/>, nothing is made or written at all.</para>
/// </remarks>
public sealed class PostgresEventStorage : IEventStorage
{
    private readonly PostgresEventStorageOptions _options;
    private readonly StoreServer _server;
    private readonly StoreNames _names;
    private readonly LogReader _reader;
    private readonly HeadSignal _signal = new();
    private readonly HeadPoller _poller;
    private readonly TileKeeper _tiles;
    private readonly Committer _committer;
    private readonly GroupCommit<AppendWork> _commits;
    private readonly UserCode _userCode = new();
    private readonly Lazy<Task> _disposal;
    private readonly RunningCalls _running = new();
    private readonly MoveMark _moveMark;
    private readonly StoreReads _reads;

    /// <summary>Describes the store; nothing is opened yet.</summary>
    /// <param name="connectionString">
    /// The connection string, as Npgsql takes it. If it names several hosts, the storage connects to the primary, also after a failover;
    /// opened read-only, it prefers a standby. <c>Target Session Attributes</c> in the string says otherwise.
    /// </param>
    /// <param name="options">The schema, the clock, the limits and the time limits.</param>
    /// <exception cref="ArgumentException">The connection string cannot be used.</exception>
    public PostgresEventStorage(string connectionString, PostgresEventStorageOptions? options = null)
        : this(options ?? new PostgresEventStorageOptions(), of => new StoreServer(NotEmpty(connectionString), of))
    {
    }

    /// <summary>Describes the store; nothing is opened yet. The data source stays the app's: it is not disposed.</summary>
    /// <param name="dataSource">The data source of the app, for example one with a password that changes.</param>
    /// <param name="options">The schema, the clock, the limits and the time limits.</param>
    /// <exception cref="ArgumentException">The data source is multiplexing, or its pool has fewer than two connections.</exception>
    public PostgresEventStorage(NpgsqlDataSource dataSource, PostgresEventStorageOptions? options = null)
        : this(options ?? new PostgresEventStorageOptions(), of =>
            new StoreServer(dataSource ?? throw new ArgumentNullException(nameof(dataSource)), of))
    {
    }

    private PostgresEventStorage(PostgresEventStorageOptions options, Func<PostgresEventStorageOptions, StoreServer> connect)
    {
        _options = options;
        _server = connect(options);
        _moveMark = new MoveMark(_server, options);
        _reads = new StoreReads(_server, _userCode);
        _names = new StoreNames(_server.Sql, _server.Name);
        var ends = new StreamEnds();
        _reader = new LogReader(_server.Sql, _names, ends, _server.Seen, _server.Name);
        var tree = new TreeReader(_server.Sql, _reader, _server.Name);
        var tables = new ReadModelTables(_server.Sql);
        _tiles = new TileKeeper(_server, tree);
        _committer = new Committer(_server, options, _names, ends, _tiles, _signal, _reader, tables, _userCode);
        _commits = new GroupCommit<AppendWork>(_committer, options.BusyTimeout, _userCode, Closed);
        _poller = new HeadPoller(options.PollInterval, options.TimeProvider, _signal, GetHeadAsync);
        _disposal = new Lazy<Task>(DisposeOnceAsync);
        ReadModels = new PostgresReadModels(this, _server, tables, _userCode, options);
        Ledger = new PostgresLedger(this, _server, tree, _reader, _tiles);
        Catalog = new PostgresCatalog(this, _server);
    }

    /// <summary>
    /// The SQL that makes a store in a schema. An administrator runs it if the app's role may not create tables. It begins with comments
    /// that list the privileges that such a role needs.
    /// </summary>
    /// <param name="schema">The schema's name; the schema is created if it does not exist.</param>
    /// <returns>The script, one transaction. If the store exists already, it fails and changes nothing.</returns>
    /// <exception cref="ArgumentException">The name cannot be that of a schema.</exception>
    public static string Script(string schema = "eventsourcing")
    {
        PostgresEventStorageOptions.ThrowIfInvalidSchema(schema, nameof(schema));
        return new SchemaSql(schema).Script();
    }

    /// <summary>The schema of the store.</summary>
    public string Schema => _options.Schema;

    /// <inheritdoc/>
    public EventStorageOptions Options => _options;

    /// <inheritdoc/>
    public bool IsReadOnly => _options.ReadOnly;

    /// <inheritdoc/>
    /// <remarks>The server takes the lock within the statement that appends, so waits for it are seen only there.</remarks>
    public StorageTelemetry? Telemetry { get; } = new("postgresql");

    /// <inheritdoc/>
    public IReadModelStorage ReadModels { get; }

    /// <inheritdoc/>
    public ILedgerStorage Ledger { get; }

    /// <inheritdoc/>
    public IStorageCatalog Catalog { get; }

    /// <inheritdoc/>
    /// <remarks>One append has at most 512 MiB of data and metadata; a larger one is an <see cref="ArgumentException"/>.</remarks>
    public async ValueTask<AppendResult> AppendAsync(AppendRequest request, CancellationToken cancellationToken = default)
    {
        ArgumentNullException.ThrowIfNull(request);
        request.Validate(_options.Limits);
        AppendSize.ThrowIfTooLarge(request);
        ThrowIfReadOnly("append events");
        cancellationToken.ThrowIfCancellationRequested();
        _userCode.ThrowIfWithin(UserCode.Kind.Write, "write to it");
        await _server.OpenAsync(cancellationToken).ConfigureAwait(false);
        var era = _committer.Era;
        ScoutedCondition[]? scouted = null;
        try
        {
            if (request.Conditions.Count > 0)
                scouted = await ReadAsync((_reader, request), static (connection, of, token) =>
                    of._reader.ScoutAsync(connection, of.request, token), cancellationToken).ConfigureAwait(false);
        }
        catch (StorageFailedException failure) when (failure.InnerException is { } cause && Failure.IsOfConnection(cause))
        {
            // The server cannot be reached now. The committer waits for it as for any append, and looks then.
            (scouted, era) = (new ScoutedCondition[request.Conditions.Count], Committer.NoEra);
        }

        var work = new AppendWork(request, scouted, era, cancellationToken);
        return await _commits.CommitAsync(work, work.Task, cancellationToken).ConfigureAwait(false);
    }

    /// <inheritdoc/>
    public async ValueTask<long> ImportAsync(ImportRequest request, CancellationToken cancellationToken = default)
    {
        ArgumentNullException.ThrowIfNull(request);
        request.Validate(_options.Limits);
        ThrowIfReadOnly("import events");
        cancellationToken.ThrowIfCancellationRequested();
        _userCode.ThrowIfWithin(UserCode.Kind.Write, "write to it");
        await _server.OpenAsync(cancellationToken).ConfigureAwait(false);
        var work = AppendWork.Of(request, cancellationToken);
        return (await _commits.CommitAsync(work, work.Task, cancellationToken).ConfigureAwait(false)).Position;
    }

    /// <inheritdoc/>
    public ValueTask<EventPage> ReadStreamAsync(StreamRead read, CancellationToken cancellationToken = default)
    {
        ArgumentNullException.ThrowIfNull(read);
        read.Validate();
        return ReadAsync((_reader, read), static (connection, of, token) =>
            of._reader.ReadStreamAsync(connection, of.read, isWithinTransaction: false, token), cancellationToken);
    }

    /// <inheritdoc/>
    public ValueTask<EventPage> ReadLogAsync(LogRead read, CancellationToken cancellationToken = default)
    {
        ArgumentNullException.ThrowIfNull(read);
        read.Validate();
        return ReadAsync((_reader, read), static (connection, of, token) =>
            of._reader.ReadLogAsync(connection, of.read, isWithinTransaction: false, token), cancellationToken);
    }

    /// <inheritdoc/>
    public ValueTask<long> GetHeadAsync(CancellationToken cancellationToken = default) =>
        ReadAsync(_reader, static (connection, reader, token) => reader.ReadHeadAsync(connection, token), cancellationToken);

    /// <inheritdoc/>
    public ValueTask<long> GetPositionAsync(Guid eventId, CancellationToken cancellationToken = default) =>
        ReadAsync((_reader, eventId), static (connection, of, token) => of._reader.ReadPositionAsync(connection, of.eventId, token),
            cancellationToken);

    /// <inheritdoc/>
    public ValueTask<string?> GetMovedToAsync(CancellationToken cancellationToken = default) =>
        ReadAsync(_moveMark, static (connection, mark, token) => mark.ReadAsync(connection, token), cancellationToken);

    /// <inheritdoc/>
    /// <remarks>
    /// The role must own the store's tables, or be a member of the roles that own them: a read model belongs to the role that made it.
    /// </remarks>
    public async ValueTask<bool> SetMovedToAsync(string? movedTo, long head, CancellationToken cancellationToken = default)
    {
        if (movedTo is not null) StoreMovedException.ThrowIfInvalidPlace(movedTo);
        ArgumentOutOfRangeException.ThrowIfNegative(head);
        ThrowIfReadOnly("mark the store as moved");
        _userCode.ThrowIfWithin(UserCode.Kind.Write, "write to it");
        using var running = Enter();
        cancellationToken.ThrowIfCancellationRequested();
        return await _moveMark.SetAsync(movedTo, head, cancellationToken).ConfigureAwait(false);
    }

    /// <inheritdoc/>
    public async ValueTask<long> WaitForEventsAsync(long position, CancellationToken cancellationToken = default)
    {
        ArgumentOutOfRangeException.ThrowIfNegative(position);
        cancellationToken.ThrowIfCancellationRequested();
        return await _poller.WaitForEventsAsync(position, _userCode, cancellationToken).ConfigureAwait(false);
    }

    /// <summary>
    /// Runs SQL of the app on the store's database, to read: for reports that documents and their fields cannot answer, and for the
    /// tables that projections keep (<see cref="ReadModelCommit.Tables"/>).
    /// </summary>
    /// <remarks>
    /// <para>The app may read the view <c>event_log</c> (see the package's README), a view <c>"read_model_&lt;alias&gt;"</c> for every
    /// alias of a read model, with the columns <c>key</c>, <c>document</c> (the bytes as text) and one for each field, and the app's own
    /// tables. The search path begins with the store's schema. If a name is too long for the server or taken, the view has another;
    /// <c>SELECT alias, view_name FROM read_model_aliases</c> gives the names. All other tables are internal to the store and may change
    /// with a version.</para>
    /// <para>One query reads one committed snapshot, in a transaction that may only read. The connection goes back to the storage: do not
    /// close it, keep it or end its transaction. Keep the query short: the server cannot clean up rows that a snapshot may see.</para>
    /// </remarks>
    /// <typeparam name="T">What the query returns; not a reader, which ends with it.</typeparam>
    /// <param name="query">The query; it is called once.</param>
    /// <param name="cancellationToken">Ends the wait for a connection, and is handed to the query.</param>
    /// <returns>What the query returned. What it throws is thrown as it is.</returns>
    /// <exception cref="StorageFailedException">The server cannot be reached.</exception>
    /// <exception cref="InvalidOperationException">The call comes from within such a query.</exception>
    public async ValueTask<T> QueryAsync<T>(Func<NpgsqlConnection, CancellationToken, ValueTask<T>> query,
        CancellationToken cancellationToken = default)
    {
        ArgumentNullException.ThrowIfNull(query);
        _userCode.ThrowIfWithin(UserCode.Kind.Read, "begin another such query");
        using var running = Enter();
        return await _reads.QueryAsync(query, cancellationToken).ConfigureAwait(false);
    }

    /// <summary>
    /// Lets the group commit and the reads in progress finish, refuses what waits behind them (nothing of it is written), and closes the
    /// connections.
    /// </summary>
    /// <returns>A task that completes when the connections are closed.</returns>
    public async ValueTask DisposeAsync()
    {
        _userCode.ThrowIfWithin(UserCode.Kind.Write, "dispose it");
        _userCode.ThrowIfWithin(UserCode.Kind.Read, "dispose it");
        await _disposal.Value.ConfigureAwait(false);
    }

    /// <summary>Reads through a connection of the pool. If the connection turns out to be gone, the read begins again on another.</summary>
    internal async ValueTask<T> ReadAsync<TState,
        T>(TState state, Func<NpgsqlConnection, TState, CancellationToken, ValueTask<T>> read, CancellationToken cancellationToken)
    {
        using var running = Enter();
        cancellationToken.ThrowIfCancellationRequested();
        return await _reads.ReadAsync(state, read, cancellationToken).ConfigureAwait(false);
    }

    /// <exception cref="StoreReadOnlyException">The storage was opened read-only.</exception>
    internal void ThrowIfReadOnly(string operation)
    {
        if (_options.ReadOnly) throw new StoreReadOnlyException(operation, _server.Name);
    }

    /// <summary>Counts a call until the returned object is disposed: the disposal waits for it.</summary>
    internal RunningCalls.Call Enter() => _running.Enter();

    private static string NotEmpty(string connectionString)
    {
        ArgumentException.ThrowIfNullOrWhiteSpace(connectionString);
        return connectionString;
    }

    private Exception Closed(QueuedWrite work) => work is AppendWork { IsOutcomeUnknown: true }
        ? new StorageFailedException(_server.Name, outcomeIsUnknown: true, new ObjectDisposedException(nameof(PostgresEventStorage)))
        : new ObjectDisposedException(nameof(PostgresEventStorage),
            "The storage was disposed before this write began; nothing of it was written.");

    private async Task DisposeOnceAsync()
    {
        _signal.Close();
        await _commits.DisposeAsync().ConfigureAwait(false);
        await _tiles.IdleAsync().ConfigureAwait(false);
        await _running.CloseAsync().ConfigureAwait(false);
        await _committer.DisposeAsync().ConfigureAwait(false);
        _tiles.Dispose();
        await _server.DisposeAsync().ConfigureAwait(false);
    }
}
