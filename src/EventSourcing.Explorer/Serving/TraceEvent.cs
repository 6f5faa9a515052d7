namespace EventSourcing.Explorer;

/// <summary>An event of a conversation.</summary>
internal sealed record TraceEvent(
    Guid Id, long Position, string Stream, long Version, string Type, DateTimeOffset RecordedAt, string? Correlation, string? Causation)
{
    /// <summary>The id of the event that caused it; null if something else did.</summary>
    public Guid? Cause => Guid.TryParse(Causation, out var cause) ? cause : null;

    public static TraceEvent Of(in StoredEvent e)
    {
        var (correlation, causation, _) = ListedEvent.Metadata(e.Metadata);
        return new(e.Id, e.Position, e.Stream, e.Version, e.Type, e.RecordedAt, correlation, causation);
    }

    public static TraceEvent Of(EventTrace trace) =>
        new(trace.Id, trace.Position, trace.Stream, trace.Version, trace.Type, trace.RecordedAt, trace.Correlation, trace.Causation);
}
