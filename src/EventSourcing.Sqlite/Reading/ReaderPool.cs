using System.Collections.Concurrent;

namespace EventSourcing;

/// <summary>A few connections that only read, each used by one reader at a time, for the duration of one page.</summary>
internal sealed class ReaderPool : IAsyncDisposable
{
    private static readonly TimeSpan PauseBeforeRetry = TimeSpan.FromMilliseconds(5);
    private readonly StoreFile _file;
    private readonly TimeSpan _busyTimeout;
    private readonly QueryPool _queries;
    private readonly int _size = Math.Clamp(Environment.ProcessorCount, 4, 16);
    private readonly SemaphoreSlim _free;
    private readonly ConcurrentBag<Database> _idle = [];
    private volatile bool _disposed;

    public ReaderPool(StoreFile file, TimeSpan busyTimeout, QueryPool queries)
    {
        _file = file;
        _busyTimeout = busyTimeout;
        _queries = queries;
        _free = new SemaphoreSlim(_size, _size);
    }

    private enum Outcome
    {
        Read,
        Busy,
        NoStore,
    }

    /// <summary>Runs a read on a connection of its own, from one snapshot.</summary>
    /// <param name="state">What the read needs.</param>
    /// <param name="read">The read.</param>
    /// <param name="createStore">Makes the file a store, if it is new.</param>
    /// <param name="cancellationToken">Ends the wait for a connection.</param>
    public async ValueTask<T> ReadAsync<TState, T>(
        TState state, Func<Database, TState, T> read, Func<CancellationToken, ValueTask> createStore, CancellationToken cancellationToken)
    {
        // A page comes from the cache or the disk within microseconds to a few milliseconds; only a thread with a
        // synchronization context (a user interface's) is not blocked for that long.
        if (SynchronizationContext.Current is not null) await Task.CompletedTask.ConfigureAwait(ConfigureAwaitOptions.ForceYielding);
        var hasCreated = false;
        for (var began = Environment.TickCount64; ;)
        {
            var (outcome, result, failure) = await TryReadAsync(state, read, cancellationToken).ConfigureAwait(false);
            switch (outcome)
            {
                case Outcome.Read:
                    return result;
                case Outcome.NoStore when hasCreated:
                    throw new StorageFailedException(
                        _file.Path,
                        outcomeIsUnknown: false,
                        new FileNotFoundException("The file was deleted or replaced while it was in use.", _file.Path));
                case Outcome.NoStore:
                    await createStore(cancellationToken).ConfigureAwait(false);
                    hasCreated = true;
                    break;
                default:
                    // Readers meet a lock only while another process makes, recovers or closes the file.
                    var waited = TimeSpan.FromMilliseconds(Environment.TickCount64 - began);
                    if (waited >= _busyTimeout) throw new StoreBusyException(_file.Path, waited, failure);
                    await Task.Delay(PauseBeforeRetry, cancellationToken).ConfigureAwait(false);
                    break;
            }
        }
    }

    /// <summary>
    /// Keeps readers out until <see cref="Resume"/>: while one of them reads a page, the write-ahead log cannot begin anew,
    /// and with a continuous succession of readers it would grow for ever. Takes as long as the pages that are being read;
    /// for the app's own queries, a moment at most.
    /// </summary>
    public async ValueTask PauseAsync()
    {
        for (var i = 0; i < _size; i++) await _free.WaitAsync().ConfigureAwait(false);
        await _queries.PauseAsync().ConfigureAwait(false);
    }

    public void Resume()
    {
        _queries.Resume();
        _free.Release(_size);
    }

    /// <summary>Closes the connections that are not in use.</summary>
    public void CloseIdle()
    {
        while (_idle.TryTake(out var database)) database.Dispose();
    }

    /// <summary>Waits for the running reads, then closes the connections.</summary>
    public async ValueTask DisposeAsync()
    {
        _disposed = true;
        await PauseAsync().ConfigureAwait(false);
        CloseIdle();
        Resume();
    }

    /// <summary>One attempt. The place in the pool is held only for its duration: pausing the readers waits for that place.</summary>
    private async ValueTask<(Outcome Outcome, T Result, SqliteFailure? Failure)> TryReadAsync<TState, T>(
        TState state, Func<Database, TState, T> read, CancellationToken cancellationToken)
    {
        ObjectDisposedException.ThrowIf(_disposed, typeof(SqliteEventStorage));
        cancellationToken.ThrowIfCancellationRequested();
        if (!_free.Wait(0, CancellationToken.None)) await _free.WaitAsync(cancellationToken).ConfigureAwait(false);
        try
        {
            ObjectDisposedException.ThrowIf(_disposed, typeof(SqliteEventStorage));
            return TryRead(state, read);
        }
        finally
        {
            _free.Release();
        }
    }

    private Database? TakeIdle()
    {
        while (_idle.TryTake(out var database))
        {
            if (_file.IsCurrent(database)) return database;
            database.Dispose();
        }

        return null;
    }

    private (Outcome Outcome, T Result, SqliteFailure? Failure) TryRead<TState, T>(TState state, Func<Database, TState, T> read)
    {
        Database? database = null;
        try
        {
            // A reader that goes on reading from a replaced file would see the same events for ever.
            _file.Place.ThrowIfMovedBeforeThisTick();
            database = TakeIdle() ?? _file.OpenForReading();
            if (database is null) return (Outcome.NoStore, default!, null);

            // All parts of a read use one snapshot. It is short: a snapshot keeps the write-ahead log from shrinking.
            database.TrimStatements();
            database.Prepare("BEGIN").Run();
            var result = read(database, state);
            database.Prepare("COMMIT").Run();
            if (_file.IsCurrent(database))
            {
                _idle.Add(database);
                return (Outcome.Read, result, null);
            }

            var counts = !database.IsOutdated;
            database.Dispose();
            return counts ? (Outcome.Read, result, null) : (Outcome.Busy, default!, StoreFile.Outdated());
        }
        catch (Exception) when (database is { IsOutdated: true })
        {
            database.Dispose();
            return (Outcome.Busy, default!, StoreFile.Outdated());
        }
        catch (SqliteFailure failure)
        {
            database?.Dispose();
            return failure.IsBusy ? (Outcome.Busy, default!, failure) : throw failure.ToTyped(_file.Path, whileCommitting: false);
        }
        catch (DamagedDataException damage)
        {
            database?.Dispose();
            throw damage.ToTyped(_file.Path);
        }
        catch
        {
            database?.Dispose();
            throw;
        }
    }
}
