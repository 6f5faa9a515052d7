using System.Globalization;
using System.Text;
using System.Text.Json;

namespace EventSourcing.Testing;

/// <summary>Compares the events that a scenario appended with those that are expected.</summary>
internal static class ScenarioDifferences
{
    /// <summary>The store adds it to the metadata of what is appended within a recorded trace.</summary>
    private const string TraceKey = "traceparent";

    /// <summary>What differs, a line for each difference; empty if nothing does.</summary>
    public static string Of(EventStore store, object[] expected, IReadOnlyList<RecordedEvent> appended)
    {
        var text = new StringBuilder();
        for (var i = 0; i < Math.Max(expected.Length, appended.Count); i++)
        {
            foreach (var difference in i >= appended.Count ? [$"{PayloadOf(expected[i]).GetType().Name} was not appended"]
                : i >= expected.Length ? [$"{appended[i].Data.GetType().Name} was appended, but is not expected"]
                : Between(store, expected[i], appended[i]))
                text.Append(CultureInfo.InvariantCulture, $"  event {i + 1}: {difference}\n");
        }

        return text.ToString().TrimEnd('\n');
    }

    /// <summary>Events as a numbered list for messages.</summary>
    public static string List(EventStore store, object[] events) =>
        events.Length == 0 ? " nothing" : ":" + string.Concat(events.Select((e, i) => string.Create(
            CultureInfo.InvariantCulture, $"\n  {i + 1}. {PayloadOf(e).GetType().Name} {Json(store, PayloadOf(e)).GetRawText()}")));

    private static IEnumerable<string> Between(EventStore store, object expected, RecordedEvent appended)
    {
        var payload = PayloadOf(expected);
        if (payload.GetType() != appended.Data.GetType())
            return [$"should be a {payload.GetType().Name}, but is a {appended.Data.GetType().Name}"];
        var changes = MemberChange.Between(Json(store, payload), Json(store, appended.Data)).Select(change => change.ToString());
        return expected is EventData data ? changes.Concat(Beside(data, appended)) : changes;
    }

    /// <summary>What differs beside the payload.</summary>
    private static IEnumerable<string> Beside(EventData expected, RecordedEvent appended)
    {
        if (!expected.Tags.ToHashSet(StringComparer.Ordinal).SetEquals(appended.Tags))
            yield return $"should have the tags [{string.Join(", ", expected.Tags)}], but has [{string.Join(", ", appended.Tags)}]";
        if (expected.Id is { } id && id != appended.Id) yield return $"should have the id {id}, but has {appended.Id}";
        if (expected.Metadata is not { } metadata) yield break;
        var (should, has) = (ValuesOf(metadata), ValuesOf(appended.Metadata));
        if (!should.ContainsKey(TraceKey)) has.Remove(TraceKey);
        foreach (var key in should.Keys.Union(has.Keys, StringComparer.Ordinal).Order(StringComparer.Ordinal))
        {
            if (should.GetValueOrDefault(key) != has.GetValueOrDefault(key))
                yield return $"metadata {key}: {should.GetValueOrDefault(key) ?? "(none)"} → {has.GetValueOrDefault(key) ?? "(none)"}";
        }
    }

    private static Dictionary<string, string> ValuesOf(EventMetadata metadata)
    {
        var values = new Dictionary<string, string>(metadata.Values, StringComparer.Ordinal);
        if (metadata.CorrelationId is { } correlation) values.Add("correlationId", correlation);
        if (metadata.CausationId is { } causation) values.Add("causationId", causation);
        return values;
    }

    private static object PayloadOf(object @event) => (@event is EventData data ? data.Payload : @event)
        ?? throw new ArgumentNullException(nameof(@event), "An event of the scenario is null.");

    private static JsonElement Json(EventStore store, object payload) =>
        JsonSerializer.SerializeToElement(payload, store.Json.GetTypeInfo(payload.GetType()));
}
