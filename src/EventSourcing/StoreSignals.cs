using System.Collections.Concurrent;

namespace EventSourcing;

/// <summary>How those who use one store object tell each other what has happened, so that nobody need poll for it. Thread-safe.</summary>
internal sealed class StoreSignals
{
    private readonly ConcurrentDictionary<string, HeadSignal> _progress = new(StringComparer.Ordinal);
    private TaskCompletionSource? _pause;
    private TaskCompletionSource _ordersChanged = new(TaskCreationOptions.RunContinuationsAsynchronously);

    /// <summary>What runs on this store object.</summary>
    public StartedSubscribers Started { get; } = new();

    /// <summary>The classes that are known to own the name under which they are read.</summary>
    public ConcurrentDictionary<(string Name, Type Type), bool> KnownOwners { get; } = new();

    /// <summary>Completes when somebody has given an order to a projection or reactor.</summary>
    public Task NextOrder => Volatile.Read(ref _ordersChanged).Task;

    /// <summary>How far the read model that serves is, as far as this store object has seen.</summary>
    public HeadSignal ProgressOf(string projection) => _progress.GetOrAdd(projection, static _ => new HeadSignal());

    /// <summary>Completes when appends that change read models with them may go on: at once, but for moments.</summary>
    public Task AppendsMayGoOn => Volatile.Read(ref _pause)?.Task ?? Task.CompletedTask;

    public void PauseAppends() => Interlocked.CompareExchange(ref _pause, new TaskCompletionSource(TaskCreationOptions.RunContinuationsAsynchronously), null);

    public void LetAppendsGoOn() => Interlocked.Exchange(ref _pause, null)?.TrySetResult();

    public void OrderGiven() => Interlocked.Exchange(ref _ordersChanged, new TaskCompletionSource(TaskCreationOptions.RunContinuationsAsynchronously)).TrySetResult();
}
