namespace EventSourcing;

/// <summary>
/// The connections of one storage to its file: the writer's behind a group commit, those of the readers, and those for the app's own
/// queries. Thread-safe.
/// </summary>
internal sealed class StoreConnections : IAsyncDisposable
{
    private readonly StoreFile _file;
    private readonly Writer _writer;
    private readonly ReaderPool _readers;
    private readonly Func<CancellationToken, ValueTask> _sync;

    public StoreConnections(StoreFile file, SqliteEventStorageOptions options, HeadSignal signal, UserCode userCode)
    {
        _file = file;
        _sync = SyncAsync;
        _writer = new Writer(file, options, signal);
        Queries = new QueryPool(file, options.BusyTimeout, userCode);
        _readers = new ReaderPool(file, options.BusyTimeout, Queries);
        Commits = new GroupCommit<WriteWork>(new GroupWriter(_writer, _readers), options.BusyTimeout, userCode, static _ => Closed());
        file.IsToRelease += () =>
        {
            _readers.CloseIdle();
            Queries.CloseIdle();
        };
    }

    /// <summary>Commits writes.</summary>
    public GroupCommit<WriteWork> Commits { get; }

    /// <summary>Runs queries of the app.</summary>
    public QueryPool Queries { get; }

    /// <summary>Reads from one snapshot; makes the file a store first, if it is new.</summary>
    public ValueTask<T> ReadAsync<TState, T>(TState state, Func<Database, TState, T> read, CancellationToken cancellationToken) =>
        _readers.ReadAsync(state, read, _sync, cancellationToken);

    /// <summary>
    /// Returns once the file is a store, and everything that can be read is on the disk. If a process died after a commit and before its
    /// sync, recovery makes that commit readable; therefore a writer syncs before it completes its first write, even one that changes
    /// nothing.
    /// </summary>
    public async ValueTask SyncAsync(CancellationToken cancellationToken) =>
        await new OpenWork().CommitAsync(Commits, cancellationToken).ConfigureAwait(false);

    /// <summary>Lets what is in progress finish, refuses what waits, and closes the connections.</summary>
    public async ValueTask DisposeAsync()
    {
        await Commits.DisposeAsync().ConfigureAwait(false);
        await _readers.DisposeAsync().ConfigureAwait(false);
        await Queries.DisposeAsync().ConfigureAwait(false);

        // Closed last, and while nothing reads: closing the last connection moves the log into the file.
        _writer.Dispose();
        _file.Dispose();
    }

    private static ObjectDisposedException Closed() =>
        new(nameof(SqliteEventStorage), "The storage was disposed before this write began; nothing of it was written.");
}
