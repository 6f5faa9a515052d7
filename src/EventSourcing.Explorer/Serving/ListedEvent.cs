using System.Text.Json;

namespace EventSourcing.Explorer;

/// <summary>An event as lists show it, as it is stored.</summary>
internal sealed record ListedEvent(
    long Position,
    string Stream,
    long Version,
    string Type,
    DateTimeOffset RecordedAt,
    Guid Id,
    IReadOnlyList<string> Tags,
    bool IsErased,
    string? Preview)
{
    public static ListedEvent Of(in StoredEvent e, Payloads payloads) => new(
        e.Position, e.Stream, e.Version, e.Type, e.RecordedAt, e.Id, e.Tags, e.IsErased,
        e.IsErased || payloads.Of(e.Type, e.Data) is not { } data ? null : Parts.Short(data));

    public static List<ListedEvent> Of(EventPage page, Payloads payloads)
    {
        var events = new List<ListedEvent>(page.Count);
        foreach (var e in page.Events) events.Add(Of(e, payloads));
        return events;
    }

    /// <summary>What is known of an event beside what happened.</summary>
    public static (
        string? Correlation, string? Causation, IReadOnlyList<KeyValuePair<string, string>> Values) Metadata(ReadOnlyMemory<byte> utf8)
    {
        string? correlation = null, causation = null;
        var values = new List<KeyValuePair<string, string>>();
        if (utf8.IsEmpty) return (null, null, values);
        try
        {
            foreach (var member in JsonElement.Parse(utf8.Span).EnumerateObject())
            {
                var value = member.Value.ValueKind == JsonValueKind.String ? member.Value.GetString()! : member.Value.GetRawText();
                if (member.NameEquals("correlationId")) correlation = value;
                else if (member.NameEquals("causationId")) causation = value;
                else values.Add(new(member.Name, value));
            }
        }
        catch (Exception notMetadata) when (notMetadata is JsonException or InvalidOperationException)
        {
            values.Add(new("(unreadable)", System.Text.Encoding.UTF8.GetString(utf8.Span)));
        }

        return (correlation, causation, values);
    }
}
