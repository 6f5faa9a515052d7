namespace EventSourcing;

/// <summary>
/// What to give to a collector of traces and metrics. Spans and measurements carry the store's name
/// (<see cref="EventStoreOptions.Name"/>) and names of streams, categories and projections. They never carry payloads, values of metadata,
/// messages of exceptions or connection strings.
/// </summary>
public static class EventSourcingTelemetry
{
    /// <summary>The name of the activity source and of the meter of every store.</summary>
    public const string Name = "EventSourcing";
}
