using System.Globalization;

namespace EventSourcing;

/// <summary>
/// A read model of causes and effects. With it, the explorer finds all events of a conversation at once. It is optional: without it, the
/// explorer looks for them only near one event. Start it like any other projection: <c>store.StartProjections(new EventTraces())</c>. It
/// keeps one small document for each event that has a correlation or causation id. It reads the whole log, so the store's types must list
/// every stored event.
/// </summary>
public sealed class EventTraces : Projection<EventTrace>
{
    /// <summary>The name of the read model, under which the explorer looks for it.</summary>
    public const string ReadModelName = "EventTraces";

    /// <summary>The conversation that an event belongs to.</summary>
    public static readonly DocumentField<EventTrace, string?> Correlation = new("correlation", trace => trace.Correlation);

    /// <summary>What caused an event.</summary>
    public static readonly DocumentField<EventTrace, string?> Causation = new("causation", trace => trace.Causation);

    /// <summary>The position of an event.</summary>
    public static readonly DocumentField<EventTrace, long> Position = new("position", trace => trace.Position);

    /// <summary>Creates the projection.</summary>
    public EventTraces()
    {
        OnAny(KeysOf, (_, _, e) => Trace(e));
        On<ErasedEvent>((_, e) => KeysOf(e), (_, _, _, e) => Trace(e));
    }

    /// <inheritdoc/>
    public override string Name => ReadModelName;

    /// <inheritdoc/>
    public override IReadOnlyList<DocumentField<EventTrace>> Fields => [Correlation, Causation, Position];

    private static IEnumerable<string> KeysOf(RecordedEvent e) => e.Metadata is { CorrelationId: null, CausationId: null }
        ? []
        : [e.Position.ToString(CultureInfo.InvariantCulture)];

    private static EventTrace Trace(RecordedEvent e) =>
        new(e.Id, e.Position, e.Stream, e.Version, e.Type, e.RecordedAt, e.Metadata.CorrelationId, e.Metadata.CausationId);
}
