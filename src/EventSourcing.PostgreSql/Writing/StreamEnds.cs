namespace EventSourcing;

/// <summary>The end of a stream, as this process knows it.</summary>
/// <param name="Id">The stream's number.</param>
/// <param name="Version">Its version.</param>
internal readonly record struct StreamEnd(long Id, long Version);

/// <summary>
/// The ends of streams as this process knows them. Others may have written since, so these are beliefs: an append verifies those that
/// it uses, under the lock. Reads of streams add to them, so that a command which loads, acts and appends needs no look-up.
/// Thread-safe.
/// </summary>
internal sealed class StreamEnds
{
    private const int MaxStreams = 100_000;
    private readonly Lock _lock = new();
    private readonly Dictionary<string, StreamEnd> _ends = new(StringComparer.Ordinal);

    public bool TryGet(string stream, out StreamEnd end)
    {
        lock (_lock) return _ends.TryGetValue(stream, out end);
    }

    /// <summary>Adds what was read. A lower version than the known one is from an older snapshot.</summary>
    public void Learn(string stream, StreamEnd end)
    {
        lock (_lock)
        {
            if (_ends.TryGetValue(stream, out var known) && known.Version >= end.Version) return;
            if (_ends.Count >= MaxStreams) _ends.Clear();
            _ends[stream] = end;
        }
    }

    public void Forget(string stream)
    {
        lock (_lock) _ends.Remove(stream);
    }

    public void Clear()
    {
        lock (_lock) _ends.Clear();
    }
}
