using System.Diagnostics.Tracing;

namespace EventSourcing;

/// <summary>
/// The library's log, for an <see cref="EventListener"/> or any tool that reads event sources. There is one for the process, as usual for
/// event sources.
/// </summary>
[EventSource(Name = EventSourcingTelemetry.Name)]
internal sealed class EventSourcingLog : EventSource
{
    public static readonly EventSourcingLog Instance = new();

    private EventSourcingLog()
    {
    }

    /// <summary>A snapshot is not used, or was not written, for a reason that needs attention. No result depends on it.</summary>
    [Event(1, Level = EventLevel.Warning, Message = "Snapshot of '{1}' {0}: {2}")]
    public void BadSnapshot(string outcome, string stream, string reason)
    {
        if (IsEnabled()) WriteEvent(1, outcome, stream, reason);
    }

    /// <summary>
    /// A checkpoint could not be signed or written. Appends go on, and the checkpoint is tried again. Until it succeeds, no signature
    /// covers the newest events.
    /// </summary>
    [Event(2, Level = EventLevel.Error, Message = "Checkpoint of '{0}' failed: {1}")]
    public void CheckpointFailed(string origin, string reason)
    {
        if (IsEnabled()) WriteEvent(2, origin, reason);
    }

    /// <summary>
    /// A projection or reactor was stopped, and one of its handlers did not return in time. Whatever it still returns is not stored.
    /// </summary>
    [Event(3, Level = EventLevel.Error, Message = "Handler of '{0}' was given up at position {1}, where it has been since {2}")]
    public void HandlerAbandoned(string name, long position, string since)
    {
        if (IsEnabled()) WriteEvent(3, name, position, since);
    }

    /// <summary>Code of the app that takes notices has thrown. The store goes on.</summary>
    [Event(4, Level = EventLevel.Error, Message = "Code of the app that took the notice '{0}' threw {1}")]
    public void NoticeFailed(string kind, string errorType)
    {
        if (IsEnabled()) WriteEvent(4, kind, errorType);
    }
}
