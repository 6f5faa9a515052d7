using Microsoft.Data.Sqlite;

namespace EventSourcing;

/// <summary>
/// Keeps events and read models in one SQLite file: the contract of <see cref="IEventStorage"/>, durable against the loss of
/// power (WAL, <c>synchronous=FULL</c>), for any number of threads and processes of one machine. Thread-safe.
/// </summary>
/// <remarks>
/// <para>Concurrent appends share one transaction and one fsync (group commit), each with its own result.</para>
/// <para>The file must be on a local file system: WAL needs shared memory. Never copy a live file or delete the <c>-wal</c>
/// beside it: committed events are in there. Never open it with <c>System.IO</c> while the process has it open: closing that
/// handle drops SQLite's locks (sqlite.org/howtocorrupt.html §2.2).</para>
/// <para>Nothing is touched until the first call; a new file is created then. With
/// <see cref="SqliteEventStorageOptions.ReadOnly"/>, nothing is made, upgraded or written at all.</para>
/// </remarks>
public sealed class SqliteEventStorage : IEventStorage
{
    private readonly SqliteEventStorageOptions _options;
    private readonly StoreFile _file;
    private readonly HeadSignal _signal = new();
    private readonly NameCache _names = new();
    private readonly StoreConnections _connections;
    private readonly Appender _appender;
    private readonly StorageTelemetry _telemetry = new("sqlite");
    private readonly HeadPoller _poller;
    private readonly SqliteLedger _ledger;
    private readonly Lazy<Task> _disposal;
    private readonly StoreCopies _copies;
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
        _options = options ?? new SqliteEventStorageOptions();
        _file = new StoreFile(StorePath.Absolute(path, nameof(path)), _options.ReadOnly);
        _connections = new StoreConnections(_file, _options, _signal, UserCode);
        _appender = new Appender(this, _connections.Commits, _telemetry);
        _poller = new HeadPoller(_options.PollInterval, _options.TimeProvider, _signal, GetHeadAsync);
        _copies = new StoreCopies(this, _file, _options.BusyTimeout);
        _disposal = new Lazy<Task>(DisposeOnceAsync);
        ReadModels = new SqliteReadModels(this, _connections.Commits);
        Catalog = new SqliteCatalog(this);
        Ledger = _ledger = new SqliteLedger(this, _file, _names, _options.BusyTimeout);
        _file.IsToRelease += _ledger.CloseIdle;
    }

    /// <summary>
    /// Makes a new, empty store for a test. After <see cref="DisposeAsync"/> nothing of it is left: it lies in a folder of
    /// its own under the system's folder for temporary files. It is like any other store, tables and <see cref="QueryAsync"/>
    /// included, except that it does not wait for the disk: a loss of power may destroy it.
    /// </summary>
    /// <remarks>If a process is killed, what it leaves behind is deleted when a later process makes a temporary store.</remarks>
    /// <param name="options">The clock, the limits and the time limits.</param>
    /// <returns>The storage; no other storage knows of its file.</returns>
    /// <exception cref="ArgumentException">The options say read-only.</exception>
    /// <exception cref="IOException">The folder cannot be made.</exception>
    public static SqliteEventStorage CreateTemporary(SqliteEventStorageOptions? options = null)
    {
        if (options is { ReadOnly: true })
            throw new ArgumentException("A temporary store is new: there is nothing to read in it. Leave ReadOnly out.", nameof(options));
        var folder = new TemporaryStoreFolder(TimeProvider.System);
        options = (options ?? new SqliteEventStorageOptions()) with { IsTemporary = true };
        return new SqliteEventStorage(folder.StorePath, options) { _folder = folder };
    }

    /// <summary>The file's full path.</summary>
    public string Path => _file.Path;

    /// <inheritdoc/>
    public EventStorageOptions Options => _options;

    /// <inheritdoc/>
    public bool IsReadOnly => _options.ReadOnly;

    /// <inheritdoc/>
    public StorageTelemetry? Telemetry => _telemetry;

    /// <inheritdoc/>
    public IReadModelStorage ReadModels { get; }

    /// <inheritdoc/>
    public ILedgerStorage Ledger { get; }

    /// <inheritdoc/>
    public IStorageCatalog Catalog { get; }

    /// <inheritdoc/>
    public ValueTask<AppendResult> AppendAsync(AppendRequest request, CancellationToken cancellationToken = default)
    {
        ArgumentNullException.ThrowIfNull(request);
        request.Validate(_options.Limits);
        ThrowIfReadOnly("append events");
        return _appender.AppendAsync(request, cancellationToken);
    }

    /// <inheritdoc/>
    public ValueTask<long> ImportAsync(ImportRequest request, CancellationToken cancellationToken = default)
    {
        ArgumentNullException.ThrowIfNull(request);
        request.Validate(_options.Limits);
        ThrowIfReadOnly("import events");
        return new ImportWork(request).CommitAsync(_connections.Commits, cancellationToken);
    }

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
    public ValueTask<string?> GetMovedToAsync(CancellationToken cancellationToken = default) =>
        ReadAsync(0, static (database, _) => MoveMark.Read(database), cancellationToken);

    /// <inheritdoc/>
    public ValueTask<bool> SetMovedToAsync(string? movedTo, long head, CancellationToken cancellationToken = default)
    {
        if (movedTo is not null) StoreMovedException.ThrowIfInvalidPlace(movedTo);
        ArgumentOutOfRangeException.ThrowIfNegative(head);
        ThrowIfReadOnly("mark the store as moved");
        return new MoveWork(movedTo, head).CommitAsync(_connections.Commits, cancellationToken);
    }

    /// <inheritdoc/>
    public ValueTask<long> WaitForEventsAsync(long position, CancellationToken cancellationToken = default)
    {
        ArgumentOutOfRangeException.ThrowIfNegative(position);
        return _poller.WaitForEventsAsync(position, UserCode, cancellationToken);
    }

    /// <summary>
    /// Runs SQL of the app on the store's file, to read: for reports that documents and their fields cannot answer, and for
    /// the tables that projections keep (<see cref="ReadModelCommit.Tables"/>).
    /// </summary>
    /// <remarks>
    /// <para>The app may read the view <c>event_log</c> (see the package's README), a view <c>"read_model_&lt;alias&gt;"</c>
    /// for every alias of a read model, with the columns <c>key</c>, <c>document</c> (the bytes as text) and one for each
    /// field, and the app's own tables. If two aliases differ only in case, or a table has the name already, a number is
    /// appended to the view's name; <c>SELECT alias, view_name FROM read_model_aliases</c> gives the names. All other tables
    /// are internal to the store and may change with a version.</para>
    /// <para>One query reads one committed snapshot. The connection is read-only and goes back to the storage: do not close
    /// it, keep it or end its transaction. Keep the query short: while a snapshot is read, the write-ahead log beside the
    /// file grows. The driver's own asynchronous methods complete synchronously.</para>
    /// </remarks>
    /// <typeparam name="T">What the query returns; not a reader, which ends with it.</typeparam>
    /// <param name="query">The query; it is called once.</param>
    /// <param name="cancellationToken">Ends the wait for a connection, and is handed to the query.</param>
    /// <returns>What the query returned. What it throws is thrown as it is.</returns>
    /// <exception cref="StoreBusyException">Another process was making or recovering the file for too long.</exception>
    /// <exception cref="StorageFailedException">
    /// The file cannot be opened; or it was opened read-only while no process had it open, and another process began to write
    /// while the query ran.
    /// </exception>
    /// <exception cref="InvalidOperationException">The call comes from within such a query.</exception>
    public async ValueTask<T> QueryAsync<T>(
        Func<SqliteConnection, CancellationToken, ValueTask<T>> query, CancellationToken cancellationToken = default)
    {
        ArgumentNullException.ThrowIfNull(query);
        UserCode.ThrowIfWithin(UserCode.Kind.Read, "begin another such query");
        await GetHeadAsync(cancellationToken).ConfigureAwait(false); // makes the file a store, if it is new
        return await _connections.Queries.QueryAsync(query, cancellationToken).ConfigureAwait(false);
    }

    /// <summary>
    /// Copies the store as of one moment while it is in use, verifies the copy, and puts it at a path. Whenever the process
    /// or the machine stops, the copy is there whole and on the disk, or not at all.
    /// </summary>
    /// <remarks>
    /// <para>No reader or writer waits for the backup: it reads one snapshot. Meanwhile the write-ahead log grows by what is
    /// appended. Only what the snapshot holds is written, so that the copy has no bytes of erased payloads and dropped read
    /// models. A backup takes about as long as writing and reading a file of that size. The copy is then opened read-only,
    /// checked, and its Merkle tree is computed anew from its events and compared with that of the store.</para>
    /// <para>The copy is made as <c>path.incomplete</c>, which is left behind if the process is killed: the next backup to
    /// this path removes it. While it is there, no storage begins an empty store at the path. Users who may read the store may
    /// read the copy. A storage makes one backup at a time; others wait.</para>
    /// </remarks>
    /// <param name="path">The copy's path, in a folder that exists; not beside the store if the disk may fail.</param>
    /// <param name="overwrite">Whether an existing file is replaced; by default it is an error.</param>
    /// <param name="progress">Is told the progress from time to time, on any thread. An exception that it throws ends the backup.</param>
    /// <param name="cancellationToken">Ends the backup. Then nothing was changed at the path.</param>
    /// <returns>What was copied and proven.</returns>
    /// <exception cref="ArgumentException">It is not the path of a file, or it is that of the store.</exception>
    /// <exception cref="BackupFailedException">There is a file already; or the copy cannot be written, or is not sound.</exception>
    /// <exception cref="StorageFailedException">The store cannot be read.</exception>
    public async ValueTask<SqliteBackup> BackupAsync(
        string path,
        bool overwrite = false,
        IProgress<SqliteBackupProgress>? progress = null,
        CancellationToken cancellationToken = default)
    {
        var target = StorePath.Absolute(path, nameof(path));
        if (FilePlace.KeyOf(target) == FilePlace.KeyOf(Path))
            throw new ArgumentException("That is the path of the store itself. Give another one for its copy.", nameof(path));
        return await _copies.BackupAsync(target, overwrite, progress, cancellationToken).ConfigureAwait(false);
    }

    /// <summary>
    /// Puts a copy of a backup in the place of a store, or at a path without one. The backup is verified first, and stays as
    /// it is. What was at the path is moved aside and not deleted.
    /// </summary>
    /// <remarks>
    /// <para>First stop everything that uses the store. A store in use is refused; a process that begins to use the store at
    /// the same moment finds that its file was moved, and refuses to write.</para>
    /// <para>The existing store is moved with its <c>-wal</c> and <c>-shm</c>, so that it stays a store: see
    /// <see cref="SqliteBackup.Replaced"/>. If the process or the machine stops between the moves, the path is refused with an
    /// <see cref="IncompatibleStoreException"/> until it is restored again, which moves the rest. If the copy cannot be put in its
    /// place, the store is moved back; if a process has made a new file there meanwhile, that file stays, and
    /// <see cref="BackupFailedException.Replaced"/> says where the store is. The target of a symbolic link is replaced.</para>
    /// </remarks>
    /// <param name="backup">The backup's path. It is opened read-only.</param>
    /// <param name="path">The store's path, in a folder that exists.</param>
    /// <param name="replace">Whether an existing store is moved aside; by default it is an error.</param>
    /// <param name="progress">Is told the progress from time to time, on any thread. An exception that it throws ends the restore.</param>
    /// <param name="cancellationToken">Ends the restore. Then nothing was changed at the path.</param>
    /// <returns>What was restored and proven.</returns>
    /// <exception cref="ArgumentException">One of them is not the path of a file, or both are paths of the same file.</exception>
    /// <exception cref="BackupFailedException">
    /// There is a store already, or it is in use; or the backup is not sound, or the copy cannot be written.
    /// </exception>
    /// <exception cref="IncompatibleStoreException">The backup is not a store, or its schema has another version.</exception>
    /// <exception cref="StorageFailedException">The backup is not there or cannot be read.</exception>
    public static async ValueTask<SqliteBackup> RestoreAsync(
        string backup,
        string path,
        bool replace = false,
        IProgress<SqliteBackupProgress>? progress = null,
        CancellationToken cancellationToken = default)
    {
        // If the path is a symbolic link, the files beside the store have the name of the file that it leads to.
        var target = StorePath.TargetOf(StorePath.Absolute(path, nameof(path)));
        var storage = new SqliteEventStorage(backup, new SqliteEventStorageOptions { ReadOnly = true });
        await using (storage.ConfigureAwait(false))
        {
            if (FilePlace.KeyOf(target) == FilePlace.KeyOf(storage.Path))
                throw new ArgumentException("That is the path of the backup itself. Give that of the store.", nameof(path));
            return await storage._copies.RestoreAsync(target, replace, progress, cancellationToken).ConfigureAwait(false);
        }
    }

    /// <summary>
    /// Lets the group commit and the reads in progress finish, refuses what waits behind them (nothing of it is written), and
    /// closes the file.
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
        await _copies.DisposeAsync().ConfigureAwait(false);
        _ledger.Dispose();
        await _connections.DisposeAsync().ConfigureAwait(false);
        _folder?.Dispose();
    }

    /// <exception cref="StoreReadOnlyException">The storage was opened read-only.</exception>
    internal void ThrowIfReadOnly(string operation)
    {
        if (_options.ReadOnly) throw new StoreReadOnlyException(operation, Path);
    }

    internal UserCode UserCode { get; } = new();

    /// <summary>The turns of this process's storages; null until the file is there.</summary>
    internal WriteTurns? Turns => _file.Place.Shared?.Turns;

    internal ValueTask<T> ReadAsync<TState, T>(TState state, Func<Database, TState, T> read, CancellationToken cancellationToken) =>
        _connections.ReadAsync(state, read, cancellationToken);

    /// <inheritdoc cref="StoreConnections.SyncAsync"/>
    internal ValueTask SyncAsync(CancellationToken cancellationToken) => _connections.SyncAsync(cancellationToken);
}
