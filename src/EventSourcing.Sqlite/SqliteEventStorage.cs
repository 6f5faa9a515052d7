namespace EventSourcing;

/// <summary>
/// Keeps events, read models and checkpoints in one SQLite file: the contract of <see cref="IEventStorage"/>, durable
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
    private readonly HeadSignal _signal = new();
    private readonly NameCache _names = new();
    private readonly Writer _writer;
    private readonly CommitQueue _commits;
    private readonly ReaderPool _readers;
    private readonly HeadPoller _poller;
    private readonly Lazy<Task> _disposal;

    /// <summary>Describes the store; nothing is opened yet.</summary>
    /// <param name="path">The file's path; its folder must exist.</param>
    /// <param name="options">The clock, the limits and the time limits.</param>
    /// <exception cref="ArgumentException">The path is empty, or SQLite's name for a database in memory.</exception>
    public SqliteEventStorage(string path, SqliteEventStorageOptions? options = null)
    {
        ArgumentException.ThrowIfNullOrWhiteSpace(path);
        if (path.StartsWith(":memory:", StringComparison.OrdinalIgnoreCase) || path.StartsWith("file:", StringComparison.OrdinalIgnoreCase))
            throw new ArgumentException($"'{path}' is not a path. For a store in memory use InMemoryEventStorage.", nameof(path));
        Path = System.IO.Path.GetFullPath(path);
        _options = options ?? new SqliteEventStorageOptions();
        _writer = new Writer(Path, _options, _signal);
        _readers = new ReaderPool(Path, _options.BusyTimeout);
        _commits = new CommitQueue(_writer, _readers, _options.BusyTimeout);
        _poller = new HeadPoller(_options.PollInterval, _signal, GetHeadAsync);
        _disposal = new Lazy<Task>(DisposeOnceAsync);
        ReadModels = new SqliteReadModels(this, _commits);
    }

    /// <summary>The file's full path.</summary>
    public string Path { get; }

    /// <inheritdoc/>
    public EventStorageOptions Options => _options;

    /// <inheritdoc/>
    public IReadModelStorage ReadModels { get; }

    /// <inheritdoc/>
    public ValueTask<AppendResult> AppendAsync(AppendRequest request, CancellationToken cancellationToken = default)
    {
        ArgumentNullException.ThrowIfNull(request);
        request.Validate(_options.Limits);
        return _commits.CommitAsync(new AppendWork(request), cancellationToken);
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
    public async ValueTask<long> WaitForEventsAsync(long position, CancellationToken cancellationToken = default)
    {
        ArgumentOutOfRangeException.ThrowIfNegative(position);
        if (_signal.Head <= position) _signal.Advance(await GetHeadAsync(cancellationToken).ConfigureAwait(false));
        if (_signal.Head > position) return _signal.Head;

        // Another process cannot wake us, so somebody has to look: one for all who wait.
        using (_poller.Watch()) await _signal.WaitAsync(position, cancellationToken).ConfigureAwait(false);
        return _signal.Head;
    }

    /// <summary>
    /// Lets the group commit and the reads under way finish, refuses what waits behind them (nothing of it is written),
    /// and closes the file.
    /// </summary>
    /// <returns>A task that completes when the file is closed.</returns>
    public async ValueTask DisposeAsync() => await _disposal.Value.ConfigureAwait(false);

    private async Task DisposeOnceAsync()
    {
        _signal.Close();
        await _commits.DisposeAsync().ConfigureAwait(false);
        await _readers.DisposeAsync().ConfigureAwait(false);

        // Last, and with nobody reading: closing the last connection moves the log into the file.
        _writer.Dispose();
    }

    internal ValueTask<T> ReadAsync<TState, T>(TState state, Func<Database, TState, T> read, CancellationToken cancellationToken) =>
        _readers.ReadAsync(state, read, CreateStoreAsync, cancellationToken);

    private async ValueTask CreateStoreAsync(CancellationToken cancellationToken) =>
        await _commits.CommitAsync(new OpenWork(), cancellationToken).ConfigureAwait(false);
}
