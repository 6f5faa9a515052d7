using System.Text.Json;

namespace EventSourcing.Tool;

/// <summary>A field of events that a mapping names, for example <c>stream</c>, <c>tag:order-</c> or <c>data:customer.id</c>.</summary>
internal sealed class EventField
{
    public const string Stream = "stream";
    public const string Type = "type";
    private const string Category = "category";
    private const string Correlation = "correlation";
    private const string Tag = "tag:";
    private const string Data = "data:";
    private const string Metadata = "metadata:";
    private readonly string _kind;
    private readonly string _name;

    private EventField(string kind, string name)
    {
        _kind = kind;
        _name = name;
    }

    /// <summary>Whether it is the stream itself, which needs no grouping.</summary>
    public bool IsStream => _kind == Stream;

    /// <exception cref="ToolException">The text names no field.</exception>
    public static EventField Parse(string text)
    {
        if (text is Stream or Type or Category or Correlation) return new EventField(text, "");
        foreach (var kind in (string[])[Tag, Data, Metadata])
        {
            if (text.StartsWith(kind, StringComparison.Ordinal) && text.Length > kind.Length)
                return new EventField(kind, text[kind.Length..]);
        }

        throw new ToolException(
            $"'{text}' names no field of an event. Write stream, category, type, correlation, tag:PREFIX, data:PATH or metadata:NAME.");
    }

    /// <summary>The values of the field: several tags may begin alike, and the event may have none.</summary>
    public IEnumerable<string> ValuesOf(in StoredEvent stored)
    {
        switch (_kind)
        {
            case Stream: return [stored.Stream];
            case Type: return [stored.Type];
            case Category: return [StreamName.CategoryOf(stored.Stream)];
            case Tag: return stored.Tags.Where(tag => tag.StartsWith(_name, StringComparison.Ordinal)).ToList();
            case Correlation: return ValueIn(stored.Metadata, ["correlationId"]) is { } id ? [id] : [stored.Id.ToString()];
            case Metadata: return ValueIn(stored.Metadata, [_name]) is { } value ? [value] : [];
            default: return stored.IsErased ? [] : ValueIn(stored.Data, _name.Split('.')) is { } found ? [found] : [];
        }
    }

    private static string? ValueIn(ReadOnlyMemory<byte> json, string[] path)
    {
        if (json.IsEmpty) return null;
        try
        {
            using var document = JsonDocument.Parse(json);
            var value = document.RootElement;
            foreach (var name in path)
            {
                if (value.ValueKind != JsonValueKind.Object || !value.TryGetProperty(name, out value)) return null;
            }

            return value.ValueKind switch
            {
                JsonValueKind.Null => null,
                JsonValueKind.String => JsonTexts.TextOf(value),
                _ => value.GetRawText(),
            };
        }
        catch (Exception unreadable) when (unreadable is JsonException or InvalidOperationException)
        {
            return null;
        }
    }
}
