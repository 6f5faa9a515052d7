using System.Text.Json;

namespace EventSourcing.Explorer;

/// <summary>What the events of a stream have changed, as the user may see it.</summary>
internal sealed class StateSteps
{
    private readonly Dictionary<long, IReadOnlyList<MemberChange>> _changes = [];
    private readonly Dictionary<long, List<RecordedEvent>> _events = [];

    /// <summary>The state after the last event; null if there is none.</summary>
    public JsonElement? Last { get; private set; }

    public IReadOnlyList<MemberChange>? ChangesOf(long version) => _changes.GetValueOrDefault(version);

    /// <summary>What an event is read as; several events if an upcaster has split it.</summary>
    public IReadOnlyList<RecordedEvent> EventsOf(long version) => _events.GetValueOrDefault(version) ?? [];

    /// <summary>Folds a stream up to a point, and keeps the steps from a version on.</summary>
    /// <exception cref="EventSourcingException">One of the events cannot be read.</exception>
    /// <exception cref="NotSupportedException">JSON cannot handle the state.</exception>
    public static async Task<StateSteps> ReadAsync(
        PageContext page, (StateSource Source, string Id, string Category) of, AsOf asOf, long first)
    {
        var steps = new StateSteps();
        JsonElement? before = null;
        if (!page.Payloads.AreWhole)
            before = page.Payloads.Of(
                of.Category, (await of.Source.ShowAsync(page.Store, of.Id, AsOf.Version(0), page.Aborted).ConfigureAwait(false)).State);
        await foreach (var step in of.Source.HistoryAsync(page.Store, of.Id, asOf, page.Aborted).ConfigureAwait(false))
        {
            // If something is left out of states, it must be left out of what has changed in them too.
            var after = page.Payloads.AreWhole ? step.State : page.Payloads.Of(of.Category, step.State!.Value);
            var changes = page.Payloads.AreWhole ? step.Changes : MemberChange.Between(before, after);
            before = steps.Last = after;
            var version = step.Event.Version;
            if (version < first) continue;
            steps._changes[version] = steps._changes.TryGetValue(version, out var earlier) ? [.. earlier, .. changes] : changes;
            if (!steps._events.TryGetValue(version, out var parts)) steps._events[version] = parts = [];
            parts.Add(step.Event);
        }

        return steps;
    }
}
