namespace EventSourcing;

/// <summary>Records which events the handlers of a run are at, and since when, to report them if they are given up. Thread-safe.</summary>
internal sealed class HandlerWatch(TimeProvider clock)
{
    private readonly Lock _lock = new();
    private readonly Dictionary<long, DateTimeOffset> _deliveries = [];
    private DateTimeOffset _batchSince;
    private long _batchAt;

    /// <summary>
    /// The handlers that have not returned: the position of each one's event, and the time of the call. If events are folded many at a
    /// time, it is the position of the batch.
    /// </summary>
    public IReadOnlyList<(long Position, DateTimeOffset Since)> Running
    {
        get
        {
            lock (_lock)
            {
                if (_deliveries.Count > 0) return [.. _deliveries.OrderBy(pair => pair.Key).Select(pair => (pair.Key, pair.Value))];
                return Volatile.Read(ref _batchAt) is > 0 and var position ? [(position, _batchSince)] : [];
            }
        }
    }

    /// <summary>Handlers begin with the events of a batch.</summary>
    public void BeginBatch(long position)
    {
        lock (_lock)
        {
            _batchSince = clock.GetUtcNow();
            Volatile.Write(ref _batchAt, position);
        }
    }

    /// <summary>The handler of an event in the batch begins; they run one after the other.</summary>
    public void At(long position) => Volatile.Write(ref _batchAt, position);

    public void EndBatch()
    {
        lock (_lock) Volatile.Write(ref _batchAt, 0);
    }

    /// <summary>The handler of one event begins; several may run at once.</summary>
    public void BeginDelivery(long position)
    {
        lock (_lock) _deliveries[position] = clock.GetUtcNow();
    }

    public void EndDelivery(long position)
    {
        lock (_lock) _deliveries.Remove(position);
    }
}
