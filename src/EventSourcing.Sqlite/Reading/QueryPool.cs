using System.Collections.Concurrent;
using Microsoft.Data.Sqlite;

namespace EventSourcing;

/// <summary>
/// A few connections for the app's own SQL. The storage's own reads never use them: what that SQL leaves behind on a
/// connection affects nothing else, and however long it takes, no append waits for it.
/// </summary>
internal sealed class QueryPool : IAsyncDisposable
{
    /// <summary>How long a checkpoint waits for queries to end: pages that a query still reads are moved by a later checkpoint.</summary>
    private const int PatienceMilliseconds = 10;

    private static readonly TimeSpan PauseBeforeRetry = TimeSpan.FromMilliseconds(5);
    private readonly StoreFile _file;
    private readonly TimeSpan _busyTimeout;
    private readonly UserCode _userCode;
    private readonly int _size = Math.Clamp(Environment.ProcessorCount, 4, 16);
    private readonly SemaphoreSlim _free;
    private readonly ConcurrentBag<Database> _idle = [];
    private int _paused;
    private volatile bool _disposed;

    public QueryPool(StoreFile file, TimeSpan busyTimeout, UserCode userCode)
    {
        _file = file;
        _busyTimeout = busyTimeout;
        _userCode = userCode;
        _free = new SemaphoreSlim(_size, _size);
    }

    /// <summary>Runs a query on a connection of its own, from one snapshot.</summary>
    public async ValueTask<T> QueryAsync<T>(
        Func<SqliteConnection, CancellationToken, ValueTask<T>> query, CancellationToken cancellationToken)
    {
        // The driver reads on the calling thread; a thread with a synchronization context (a user interface's) is not blocked.
        if (SynchronizationContext.Current is not null) await Task.CompletedTask.ConfigureAwait(ConfigureAwaitOptions.ForceYielding);
        await _free.WaitAsync(cancellationToken).ConfigureAwait(false);
        Database? database = null;
        try
        {
            ObjectDisposedException.ThrowIf(_disposed, typeof(SqliteEventStorage));
            database = await BeginAsync(cancellationToken).ConfigureAwait(false);
            var result = await _userCode.RunAsync(
                context: null,
                UserCode.Kind.Read,
                (query, Connection: database.Connection!, cancellationToken),
                static of => of.query(of.Connection, of.cancellationToken)).ConfigureAwait(false);
            return database.IsOutdated ? throw Outdated() : result;
        }
        catch (SqliteException) when (database is { IsOutdated: true })
        {
            throw Outdated();
        }
        finally
        {
            if (database is not null)
            {
                if (TryEnd(database) && _file.IsCurrent(database)) _idle.Add(database);
                else database.Dispose();
            }

            _free.Release();
        }
    }

    /// <summary>Keeps further queries out until <see cref="Resume"/>, and gives running queries a moment to end.</summary>
    public async ValueTask PauseAsync()
    {
        for (var began = Environment.TickCount64; _paused < _size; _paused++)
        {
            var patience = (int)Math.Clamp(PatienceMilliseconds - (Environment.TickCount64 - began), 0, PatienceMilliseconds);
            if (!await _free.WaitAsync(patience).ConfigureAwait(false)) return;
        }
    }

    public void Resume()
    {
        if (_paused > 0) _free.Release(_paused);
        _paused = 0;
    }

    /// <summary>Closes the connections that are not in use.</summary>
    public void CloseIdle()
    {
        while (_idle.TryTake(out var database)) database.Dispose();
    }

    /// <summary>Waits for the running queries, then closes the connections.</summary>
    public async ValueTask DisposeAsync()
    {
        _disposed = true;
        for (var i = 0; i < _size; i++) await _free.WaitAsync().ConfigureAwait(false);
        CloseIdle();
        _free.Release(_size);
    }

    /// <summary>The app's query is not run again automatically: it may have kept what it read.</summary>
    private StorageFailedException Outdated() => new(_file.Path, outcomeIsUnknown: false, new IOException(
        "Another process has opened the store to write while the query read it without a lock, "
        + "so what it read may be torn and does not count. Run the query again."));

    private async ValueTask<Database> BeginAsync(CancellationToken cancellationToken)
    {
        for (var began = Environment.TickCount64; ;)
        {
            Database? database = null;
            try
            {
                _file.Place.ThrowIfMoved();
                while (_idle.TryTake(out database) && !_file.IsCurrent(database)) database.Dispose();
                database ??= _file.OpenForReading(forAppSql: true);
                if (database is null)
                    throw new StorageFailedException(
                        _file.Path,
                        outcomeIsUnknown: false,
                        new FileNotFoundException("The file was deleted or replaced while it was in use.", _file.Path));

                // The first read takes the snapshot, and fails here if there is a lock.
                database.Prepare("BEGIN").Run();
                LogReader.ReadHead(database);
                if (database.IsOutdated) throw StoreFile.Outdated();
                return database;
            }
            catch (SqliteFailure failure)
            {
                database?.Dispose();
                if (!failure.IsBusy && database is not { IsOutdated: true }) throw failure.ToTyped(_file.Path, whileCommitting: false);
                var waited = TimeSpan.FromMilliseconds(Environment.TickCount64 - began);
                if (waited >= _busyTimeout) throw new StoreBusyException(_file.Path, waited, failure);
            }

            await Task.Delay(PauseBeforeRetry, cancellationToken).ConfigureAwait(false);
        }
    }

    /// <summary>Ends the snapshot; false if the query has changed the state of the connection.</summary>
    private static bool TryEnd(Database database)
    {
        try
        {
            if (!database.InTransaction || database.EndStatements() || database.Prepare("PRAGMA query_only").Scalar() != 1) return false;
            database.Prepare("COMMIT").Run();
            database.TrimStatements();
            return true;
        }
        catch (SqliteFailure)
        {
            return false;
        }
    }
}
