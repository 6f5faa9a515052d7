namespace EventSourcing;

/// <summary>The turn on one stream of a command, or of several commands that are decided together.</summary>
internal sealed class StreamTurn(string stream)
{
    private long _actingSince;

    public string Stream => stream;

    /// <summary>
    /// Whether the turn has ended: another command has the stream now, or none waits for it. Guarded by the lock of the turns.
    /// </summary>
    public bool IsOver { get; set; }

    /// <summary>The commands that are decided but not yet appended. Guarded by the lock of the turns.</summary>
    public List<WaitingCommand> Decided { get; } = [];

    /// <summary>Notes that the app's code of a command begins to run.</summary>
    public void BeginActing() => Volatile.Write(ref _actingSince, Environment.TickCount64);

    /// <summary>Notes that the app's code of a command has ended.</summary>
    public void EndActing() => Volatile.Write(ref _actingSince, 0);

    /// <summary>Whether the app's code of a command has been running for at least a time.</summary>
    public bool HasActedFor(TimeSpan time) =>
        Volatile.Read(ref _actingSince) is > 0 and var since && Environment.TickCount64 - since >= time.TotalMilliseconds;
}
