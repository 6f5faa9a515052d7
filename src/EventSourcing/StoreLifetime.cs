using System.Collections.Concurrent;

namespace EventSourcing;

/// <summary>What runs on a store and belongs to it, and the order in which it all ends with the store. Thread-safe.</summary>
internal sealed class StoreLifetime
{
    private readonly EventStore _store;
    private readonly ConcurrentDictionary<Type, Lazy<IAsyncDisposable>> _parts = new();
    private readonly ConcurrentDictionary<IAsyncDisposable, bool> _running = new();
    private readonly Disposal _disposal;

    public StoreLifetime(EventStore store)
    {
        _store = store;
        _disposal = new Disposal(EndOnceAsync);
    }

    /// <summary>
    /// A part of the store. It is created once, when it is first needed, and disposed with the store, before the storage.
    /// </summary>
    public T Part<T>(Func<EventStore, T> create)
        where T : class, IAsyncDisposable =>
        (T)_parts.GetOrAdd(typeof(T), static (_, of) => new Lazy<IAsyncDisposable>(() => of.create(of._store)), (_store, create)).Value;

    /// <summary>Registers something that runs on the store, so that it is stopped when the store is disposed.</summary>
    /// <exception cref="ObjectDisposedException">The store is disposed already.</exception>
    public void Register(IAsyncDisposable running)
    {
        _running.TryAdd(running, true);
        if (!_disposal.HasBegun) return;
        _running.TryRemove(running, out _);
        throw new ObjectDisposedException(nameof(EventStore));
    }

    public void Unregister(IAsyncDisposable running) => _running.TryRemove(running, out _);

    /// <summary>Ends everything, once; every call waits for that.</summary>
    public Task EndAsync() => _disposal.RunAsync();

    /// <summary>Ends everything, and blocks the thread until it has ended.</summary>
    public void EndAndWait() => _disposal.RunAndWait();

    private async Task EndOnceAsync()
    {
        await Task.WhenAll(_running.Keys.Select(running => running.DisposeAsync().AsTask())).ConfigureAwait(false);
        foreach (var part in _parts.Values) await part.Value.DisposeAsync().ConfigureAwait(false);
        _store.Appender.Dispose();
        await _store.Storage.DisposeAsync().ConfigureAwait(false);
        _store.Diagnostics.Dispose();
    }
}
