using System.Collections.Concurrent;

namespace EventSourcing;

/// <summary>Tells the users of one store object what has happened in it, so that they need not poll. Thread-safe.</summary>
internal sealed class StoreSignals
{
    private readonly ConcurrentDictionary<string, HeadSignal> _progress = new(StringComparer.Ordinal);
    private TaskCompletionSource? _pause;
    private readonly ConcurrentDictionary<string, TaskCompletionSource> _orders = new(StringComparer.Ordinal);

    /// <summary>The classes that are known to own the name under which they are read.</summary>
    public ConcurrentDictionary<(string Name, Type Type), bool> KnownOwners { get; } = new();

    /// <summary>The projections whose read model was found under the name by which it is read. Those of reactors count as found.</summary>
    public ConcurrentDictionary<string, bool> SeenReadModels { get; } = new(StringComparer.Ordinal);

    /// <summary>Completes when an order was given to a projection or reactor, or may have been.</summary>
    public Task NextOrderOf(string projection) =>
        _orders.GetOrAdd(projection, static _ => new TaskCompletionSource(TaskCreationOptions.RunContinuationsAsynchronously)).Task;

    /// <summary>The position of the read model that serves, as this store object last saw it.</summary>
    public HeadSignal ProgressOf(string projection) => _progress.GetOrAdd(projection, static _ => new HeadSignal());

    /// <summary>Completes when appends that change read models may go on: usually at once.</summary>
    public Task AppendsMayGoOn => Volatile.Read(ref _pause)?.Task ?? Task.CompletedTask;

    public void PauseAppends() =>
        Interlocked.CompareExchange(ref _pause, new TaskCompletionSource(TaskCreationOptions.RunContinuationsAsynchronously), null);

    public void LetAppendsGoOn() => Interlocked.Exchange(ref _pause, null)?.TrySetResult();

    /// <summary>An order was given to a projection or reactor.</summary>
    public void OrderGiven(string projection)
    {
        if (_orders.TryRemove(projection, out var order)) order.TrySetResult();
    }

    /// <summary>Another process has given an order to one of the projections or reactors.</summary>
    public void OrdersGiven()
    {
        foreach (var projection in _orders.Keys) OrderGiven(projection);
    }
}
