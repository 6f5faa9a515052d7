using System.Text.Json;

namespace EventSourcing.Operations;

/// <summary>An event, and how it changed a state.</summary>
/// <param name="Event">The event.</param>
/// <param name="Changes">The public members that differ between the state before it and the state after it, as JSON shows them.</param>
public sealed record HistoryStep(RecordedEvent Event, IReadOnlyList<MemberChange> Changes)
{
    /// <summary>
    /// The state after the event, as JSON shows its public members; <see langword="null"/> if the event has deleted a document.
    /// </summary>
    public JsonElement? State { get; init; }
}
