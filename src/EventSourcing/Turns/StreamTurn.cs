namespace EventSourcing;

/// <summary>The turn of a command, or of those that are decided together, on one stream.</summary>
internal sealed class StreamTurn(string stream)
{
    private long _actingSince;

    public string Stream => stream;

    /// <summary>Whether others have gone on, or nobody waits. Guarded by the lock of the turns.</summary>
    public bool IsOver { get; set; }

    /// <summary>The commands that are decided and not yet appended. Guarded by the lock of the turns.</summary>
    public List<WaitingCommand> Decided { get; } = [];

    /// <summary>Says that a command's own code begins to run.</summary>
    public void BeginActing() => Volatile.Write(ref _actingSince, Environment.TickCount64);

    /// <summary>Says that a command's own code has ended.</summary>
    public void EndActing() => Volatile.Write(ref _actingSince, 0);

    /// <summary>Whether a command's own code has been running for so long.</summary>
    public bool HasActedFor(TimeSpan time) => Volatile.Read(ref _actingSince) is > 0 and var since && Environment.TickCount64 - since >= time.TotalMilliseconds;
}
