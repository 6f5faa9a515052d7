using System.Collections.Concurrent;

namespace EventSourcing;

/// <summary>How those who use one store object tell each other what has happened, so that nobody need poll for it. Thread-safe.</summary>
internal sealed class StoreSignals
{
    private readonly ConcurrentDictionary<string, HeadSignal> _progress = new(StringComparer.Ordinal);
    private TaskCompletionSource? _pause;
    private readonly ConcurrentDictionary<string, TaskCompletionSource> _orders = new(StringComparer.Ordinal);

    /// <summary>The classes that are known to own the name under which they are read.</summary>
    public ConcurrentDictionary<(string Name, Type Type), bool> KnownOwners { get; } = new();

    /// <summary>Completes when somebody has given an order to a projection or reactor, or may have.</summary>
    public Task NextOrderOf(string projection) =>
        _orders.GetOrAdd(projection, static _ => new TaskCompletionSource(TaskCreationOptions.RunContinuationsAsynchronously)).Task;

    /// <summary>How far the read model that serves is, as far as this store object has seen.</summary>
    public HeadSignal ProgressOf(string projection) => _progress.GetOrAdd(projection, static _ => new HeadSignal());

    /// <summary>Completes when appends that change read models with them may go on: at once, but for moments.</summary>
    public Task AppendsMayGoOn => Volatile.Read(ref _pause)?.Task ?? Task.CompletedTask;

    public void PauseAppends() => Interlocked.CompareExchange(ref _pause, new TaskCompletionSource(TaskCreationOptions.RunContinuationsAsynchronously), null);

    public void LetAppendsGoOn() => Interlocked.Exchange(ref _pause, null)?.TrySetResult();

    /// <summary>Somebody has given an order to a projection or reactor.</summary>
    public void OrderGiven(string projection)
    {
        if (_orders.TryRemove(projection, out var order)) order.TrySetResult();
    }

    /// <summary>Another process has given an order to one of them.</summary>
    public void OrdersGiven()
    {
        foreach (var projection in _orders.Keys) OrderGiven(projection);
    }
}
