using System.Collections.Concurrent;

namespace EventSourcing;

/// <summary>A few connections that only read, each used by one reader at a time, for the length of one page.</summary>
internal sealed class ReaderPool : IAsyncDisposable
{
    private static readonly TimeSpan PauseBeforeRetry = TimeSpan.FromMilliseconds(5);
    private readonly string _path;
    private readonly TimeSpan _busyTimeout;
    private readonly Func<CancellationToken, ValueTask> _createStore;
    private readonly int _size = Math.Clamp(Environment.ProcessorCount, 4, 16);
    private readonly SemaphoreSlim _free;
    private readonly ConcurrentBag<Database> _idle = [];
    private volatile bool _disposed;

    public ReaderPool(string path, TimeSpan busyTimeout, Func<CancellationToken, ValueTask> createStore)
    {
        _path = path;
        _busyTimeout = busyTimeout;
        _createStore = createStore;
        _free = new SemaphoreSlim(_size, _size);
    }

    /// <summary>Runs a read on a connection of its own, from one snapshot.</summary>
    public async ValueTask<T> ReadAsync<TState, T>(TState state, Func<Database, TState, T> read, CancellationToken cancellationToken)
    {
        ObjectDisposedException.ThrowIf(_disposed, typeof(SqliteEventStorage));
        cancellationToken.ThrowIfCancellationRequested();
        if (!_free.Wait(0, CancellationToken.None)) await _free.WaitAsync(cancellationToken).ConfigureAwait(false);
        try
        {
            ObjectDisposedException.ThrowIf(_disposed, typeof(SqliteEventStorage));

            // A page comes from the cache or the disk within microseconds to a few milliseconds; only a thread with a
            // context of its own (a user interface's) is spared that.
            if (SynchronizationContext.Current is not null) await Task.CompletedTask.ConfigureAwait(ConfigureAwaitOptions.ForceYielding);
            for (var began = Environment.TickCount64; ;)
            {
                if (!TryRead(state, read, out var result, out var failure))
                {
                    if (failure is null)
                    {
                        await _createStore(cancellationToken).ConfigureAwait(false);
                        continue;
                    }

                    // Readers meet a lock only while another process makes, recovers or closes the file.
                    var waited = TimeSpan.FromMilliseconds(Environment.TickCount64 - began);
                    if (waited >= _busyTimeout) throw new StoreBusyException(_path, waited, failure);
                    await Task.Delay(PauseBeforeRetry, cancellationToken).ConfigureAwait(false);
                    continue;
                }

                return result;
            }
        }
        finally
        {
            _free.Release();
        }
    }

    /// <summary>Waits for the reads under way, then closes the connections.</summary>
    public async ValueTask DisposeAsync()
    {
        _disposed = true;
        for (var i = 0; i < _size; i++) await _free.WaitAsync().ConfigureAwait(false);
        while (_idle.TryTake(out var database)) database.Dispose();
        _free.Release(_size);
    }

    /// <summary>False where the file is busy, or (without a failure) not a store yet.</summary>
    private bool TryRead<TState, T>(TState state, Func<Database, TState, T> read, out T result, out SqliteFailure? busy)
    {
        busy = null;
        result = default!;
        Database? database = null;
        try
        {
            if (!_idle.TryTake(out database)) database = Opening.ForReading(_path);
            if (database is null) return false;

            // One snapshot for all that a read looks at. It is short: a snapshot keeps the write-ahead log from shrinking.
            database.Prepare("BEGIN").Run();
            result = read(database, state);
            database.Prepare("COMMIT").Run();
            _idle.Add(database);
            return true;
        }
        catch (SqliteFailure failure)
        {
            database?.Dispose();
            busy = failure.IsBusy ? failure : throw failure.ToTyped(_path, whileCommitting: false);
            return false;
        }
        catch (InvalidDataException damage)
        {
            database?.Dispose();
            throw new StoreCorruptedException(_path, damage.Message, damage);
        }
        catch
        {
            database?.Dispose();
            throw;
        }
    }
}
