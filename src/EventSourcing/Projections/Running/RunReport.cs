namespace EventSourcing;

/// <summary>What a run shows of itself. Only the run writes it; any thread may read it at any time.</summary>
internal sealed class RunReport(TimeProvider clock)
{
    private long _position;
    private long _beganAtPosition;
    private long _beganAt;
    private volatile bool _hasBegun;

    public ProjectionState State { get; set; } = ProjectionState.Starting;

    public Exception? LastError { get; set; }

    public int Parked { get; set; }

    /// <summary>The events that its handlers are at.</summary>
    public HandlerWatch Handlers { get; } = new(clock);

    public long Position
    {
        get => Volatile.Read(ref _position);
        set => Volatile.Write(ref _position, value);
    }

    /// <summary>How many positions it has passed per second in this process; 0 before it has begun.</summary>
    public double Speed => _hasBegun
        ? (Position - Volatile.Read(ref _beganAtPosition)) / Math.Max(0.001, clock.GetElapsedTime(Volatile.Read(ref _beganAt)).TotalSeconds)
        : 0;

    /// <summary>The run begins at a position; only the first call counts.</summary>
    public void Begin(long position)
    {
        if (_hasBegun) return;
        Volatile.Write(ref _beganAtPosition, position);
        Volatile.Write(ref _beganAt, clock.GetTimestamp());
        _hasBegun = true;
    }
}
