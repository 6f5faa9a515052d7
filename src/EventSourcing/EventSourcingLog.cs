using System.Diagnostics.Tracing;

namespace EventSourcing;

/// <summary>
/// The library's log, to be listened to by an <see cref="EventListener"/> or any tool that knows event sources: one for
/// the process, as is the way of event sources.
/// </summary>
[EventSource(Name = SourceName)]
internal sealed class EventSourcingLog : EventSource
{
    public const string SourceName = "EventSourcing";

    public static readonly EventSourcingLog Instance = new();

    private EventSourcingLog()
    {
    }

    /// <summary>A snapshot is not used, or was not written, for a reason that somebody should look at. No result depends on it.</summary>
    [Event(1, Level = EventLevel.Warning, Message = "Snapshot of '{1}' {0}: {2}")]
    public void BadSnapshot(string outcome, string stream, string reason)
    {
        if (IsEnabled()) WriteEvent(1, outcome, stream, reason);
    }

    /// <summary>A checkpoint could not be signed or written. Appends go on, and it is tried again; until then nobody vouches for what is new.</summary>
    [Event(2, Level = EventLevel.Error, Message = "Checkpoint of '{0}' failed: {1}")]
    public void CheckpointFailed(string origin, string reason)
    {
        if (IsEnabled()) WriteEvent(2, origin, reason);
    }

    /// <summary>A projection or reactor was stopped, and a handler of it did not return in time. What it still returns is not stored.</summary>
    [Event(3, Level = EventLevel.Error, Message = "Handler of '{0}' was given up at position {1}, where it has been since {2}")]
    public void HandlerAbandoned(string name, long position, string since)
    {
        if (IsEnabled()) WriteEvent(3, name, position, since);
    }
}
