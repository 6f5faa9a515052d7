using Microsoft.Data.Sqlite;

namespace EventSourcing;

/// <summary>
/// Keeps events and read models in one SQLite file: the contract of <see cref="IEventStorage"/>, durable
/// against the loss of power (WAL, <c>synchronous=FULL</c>), for any number of threads and processes of one machine.
/// Thread-safe.
/// </summary>
/// <remarks>
/// <para>Concurrent appends share one transaction and one fsync (group commit), each with its own verdict.</para>
/// <para>The file must be on a local file system: WAL needs shared memory. Never copy a live file or delete the
/// <c>-wal</c> beside it: committed events are in there. Never open it with <c>System.IO</c> while the process has it
/// open: closing that handle drops SQLite's locks (sqlite.org/howtocorrupt.html §2.2).</para>
/// <para>Nothing is touched until the first call; a new file is created then.</para>
/// </remarks>
public sealed class SqliteEventStorage : IEventStorage
{
    private readonly SqliteEventStorageOptions _options;
    private readonly StoreFile _file;
    private readonly HeadSignal _signal = new();
    private readonly NameCache _names = new();
    private readonly Writer _writer;
    private readonly CommitQueue _commits;
    private readonly ReaderPool _readers;
    private readonly QueryPool _queries;
    private readonly HeadPoller _poller;
    private readonly SqliteLedger _ledger;
    private readonly Lazy<Task> _disposal;
    private TemporaryStoreFolder? _folder;

    /// <summary>Describes the store; nothing is opened yet.</summary>
    /// <param name="path">The file's path; its folder must exist.</param>
    /// <param name="options">The clock, the limits and the time limits.</param>
    /// <exception cref="ArgumentException">
    /// It is not the path of a file: it is empty, a connection string, a URI, SQLite's name for a database in memory, the path
    /// of a folder, or the name of a file that SQLite keeps beside a database.
    /// </exception>
    public SqliteEventStorage(string path, SqliteEventStorageOptions? options = null)
    {
        _file = new StoreFile(StorePath.Absolute(path, nameof(path)));
        _options = options ?? new SqliteEventStorageOptions();
        _writer = new Writer(_file, _options, _signal);
        _queries = new QueryPool(_file, _options.BusyTimeout, UserCode);
        _readers = new ReaderPool(_file, _options.BusyTimeout, _queries);
        _commits = new CommitQueue(_writer, _readers, _options.BusyTimeout, UserCode);
        _poller = new HeadPoller(_options.PollInterval, _options.TimeProvider, _signal, GetHeadAsync);
        _disposal = new Lazy<Task>(DisposeOnceAsync);
        ReadModels = new SqliteReadModels(this, _commits);
        Ledger = _ledger = new SqliteLedger(this, _names, _options.BusyTimeout);
    }

    /// <summary>
    /// Makes a new, empty store for a test, of which nothing is left after <see cref="DisposeAsync"/>: in a folder of its own
    /// under the system's folder for temporary files. It is like any other store, tables and <see cref="QueryAsync"/>
    /// included, but that it waits for no disk: a loss of power may destroy it.
    /// </summary>
    /// <remarks>What a process leaves behind that is killed is deleted when a later one makes a temporary store.</remarks>
    /// <param name="options">The clock, the limits and the time limits.</param>
    /// <returns>The storage; nobody else knows of its file.</returns>
    /// <exception cref="IOException">The folder cannot be made.</exception>
    public static SqliteEventStorage CreateTemporary(SqliteEventStorageOptions? options = null)
    {
        var folder = new TemporaryStoreFolder(TimeProvider.System);
        return new SqliteEventStorage(folder.StorePath, (options ?? new SqliteEventStorageOptions()) with { IsTemporary = true }) { _folder = folder };
    }

    /// <summary>The file's full path.</summary>
    public string Path => _file.Path;

    /// <inheritdoc/>
    public EventStorageOptions Options => _options;

    /// <inheritdoc/>
    public IReadModelStorage ReadModels { get; }

    /// <inheritdoc/>
    public ILedgerStorage Ledger { get; }

    /// <inheritdoc/>
    public ValueTask<AppendResult> AppendAsync(AppendRequest request, CancellationToken cancellationToken = default)
    {
        ArgumentNullException.ThrowIfNull(request);
        request.Validate(_options.Limits);
        return request.Conditions.Count > 0 ? AppendOnConditionAsync(request, cancellationToken) : _commits.CommitAsync(WorkOf(request, scouted: null, cancellationToken), cancellationToken);
    }

    private async ValueTask<AppendResult> AppendOnConditionAsync(AppendRequest request, CancellationToken cancellationToken)
    {
        var scouted = await ConditionScout.LookAsync(this, request, cancellationToken).ConfigureAwait(false);
        return await _commits.CommitAsync(WorkOf(request, scouted, cancellationToken), cancellationToken).ConfigureAwait(false);
    }

    private AppendWork WorkOf(AppendRequest request, ScoutedCondition[]? scouted, CancellationToken cancellationToken) =>
        request.ReadModels is null ? new AppendWork(request, scouted) : new InlineAppendWork(request, scouted, UserCode, cancellationToken);

    /// <inheritdoc/>
    public ValueTask<EventPage> ReadStreamAsync(StreamRead read, CancellationToken cancellationToken = default)
    {
        ArgumentNullException.ThrowIfNull(read);
        read.Validate();
        return ReadAsync((_names, read), static (database, of) => LogReader.ReadStream(database, of._names, of.read), cancellationToken);
    }

    /// <inheritdoc/>
    public ValueTask<EventPage> ReadLogAsync(LogRead read, CancellationToken cancellationToken = default)
    {
        ArgumentNullException.ThrowIfNull(read);
        read.Validate();
        return ReadAsync((_names, read), static (database, of) => LogReader.ReadLog(database, of._names, of.read), cancellationToken);
    }

    /// <inheritdoc/>
    public ValueTask<long> GetHeadAsync(CancellationToken cancellationToken = default) =>
        ReadAsync(0, static (database, _) => LogReader.ReadHead(database), cancellationToken);

    /// <inheritdoc/>
    public ValueTask<long> GetPositionAsync(Guid eventId, CancellationToken cancellationToken = default) =>
        ReadAsync(eventId, LogReader.ReadPosition, cancellationToken);

    /// <inheritdoc/>
    public async ValueTask<long> WaitForEventsAsync(long position, CancellationToken cancellationToken = default)
    {
        ArgumentOutOfRangeException.ThrowIfNegative(position);
        if (_signal.Head <= position) _signal.Advance(await GetHeadAsync(cancellationToken).ConfigureAwait(false));
        if (_signal.Head > position) return _signal.Head;

        UserCode.ThrowIfWithin(UserCode.Kind.Write, "wait for further events");

        // Another process cannot wake us, so somebody has to look: one for all who wait.
        using (_poller.Watch()) await _signal.WaitAsync(position, cancellationToken).ConfigureAwait(false);
        return _signal.Head;
    }

    /// <summary>
    /// Runs SQL of the app's own on the store's file, to read: reports that documents and their fields do not answer, and
    /// the tables that projections keep (<see cref="ReadModelCommit.Tables"/>).
    /// </summary>
    /// <remarks>
    /// <para>There are the view <c>event_log</c> (see the package's README), a view <c>"read_model_&lt;alias&gt;"</c> for
    /// every alias of a read model, with the columns <c>key</c>, <c>document</c> (the bytes as text) and one for each field, and
    /// the app's own tables. Where two aliases differ in upper and lower case alone, or a table has the name already, the
    /// view's name has a number after it; <c>SELECT alias, view_name FROM read_model_aliases</c> tells. All other tables are
    /// the store's own business and may change with a version.</para>
    /// <para>All that one query reads is one committed snapshot. The connection is read-only and goes back to the storage:
    /// do not close or keep it, nor end its transaction. Be short: while a snapshot is read, the write-ahead log beside the
    /// file grows. The driver's own asynchronous methods complete synchronously.</para>
    /// </remarks>
    /// <typeparam name="T">What the query returns; not a reader, which ends with it.</typeparam>
    /// <param name="query">The query; it is called once.</param>
    /// <param name="cancellationToken">Ends the wait for a connection, and is handed to the query.</param>
    /// <returns>What the query returned. What it throws is thrown as it is.</returns>
    /// <exception cref="StoreBusyException">Another process was making or recovering the file for too long.</exception>
    /// <exception cref="StorageFailedException">The file cannot be opened.</exception>
    /// <exception cref="InvalidOperationException">The call comes from within such a query.</exception>
    public async ValueTask<T> QueryAsync<T>(Func<SqliteConnection, CancellationToken, ValueTask<T>> query, CancellationToken cancellationToken = default)
    {
        ArgumentNullException.ThrowIfNull(query);
        UserCode.ThrowIfWithin(UserCode.Kind.Read, "begin another such query");
        await GetHeadAsync(cancellationToken).ConfigureAwait(false); // makes the file a store, where it is new
        return await _queries.QueryAsync(query, cancellationToken).ConfigureAwait(false);
    }

    /// <summary>
    /// Lets the group commit and the reads under way finish, refuses what waits behind them (nothing of it is written),
    /// and closes the file.
    /// </summary>
    /// <returns>A task that completes when the file is closed.</returns>
    public async ValueTask DisposeAsync()
    {
        UserCode.ThrowIfWithin(UserCode.Kind.Write, "dispose it");
        UserCode.ThrowIfWithin(UserCode.Kind.Read, "dispose it");
        await _disposal.Value.ConfigureAwait(false);
    }

    private async Task DisposeOnceAsync()
    {
        _signal.Close();
        await _commits.DisposeAsync().ConfigureAwait(false);
        await _readers.DisposeAsync().ConfigureAwait(false);
        await _queries.DisposeAsync().ConfigureAwait(false);
        _ledger.Dispose();

        // Last, and with nobody reading: closing the last connection moves the log into the file.
        _writer.Dispose();
        _file.Dispose();
        _folder?.Dispose();
    }

    internal UserCode UserCode { get; } = new();

    /// <summary>The turns of this process's storages on the file; null until the file is there.</summary>
    internal WriteTurns? Turns => _file.SharedIfThere()?.Turns;

    internal ValueTask<T> ReadAsync<TState, T>(TState state, Func<Database, TState, T> read, CancellationToken cancellationToken) =>
        _readers.ReadAsync(state, read, CreateStoreAsync, cancellationToken);

    /// <summary>
    /// Returns once all that can be read is on the disk. What a process that died has committed but not synced is read after
    /// recovery; the first verdict of a writer, be it of a write that writes nothing, is given after a sync of its own.
    /// </summary>
    internal ValueTask SyncAsync(CancellationToken cancellationToken) => CreateStoreAsync(cancellationToken);

    private async ValueTask CreateStoreAsync(CancellationToken cancellationToken) =>
        await _commits.CommitAsync(new OpenWork(), cancellationToken).ConfigureAwait(false);
}
