using System.Text;
using System.Text.Json;
using System.Text.Json.Nodes;
using System.Text.Unicode;

namespace EventSourcing.Explorer;

/// <summary>Payloads as this user may see them.</summary>
internal sealed class Payloads(bool areShown, Func<string, JsonNode?, JsonNode?>? redact)
{
    private static readonly JsonElement Unreadable = JsonElement.Parse("\"(the redaction failed, so this is not shown)\"");

    public bool AreShown => areShown;

    public bool AreWhole => areShown && redact is null;

    /// <summary>A payload from its stored bytes; null if it may not be seen.</summary>
    public JsonElement? Of(string name, ReadOnlyMemory<byte> utf8)
    {
        if (!areShown) return null;
        JsonElement value;
        try
        {
            value = JsonElement.Parse(utf8.Span);
            if (MayHaveUnreadableText(utf8.Span)) ThrowIfATextCannotBeRead(utf8.Span);
        }
        catch (Exception unreadable) when (unreadable is JsonException or InvalidOperationException)
        {
            // Another tool has written it. It is shown as the text that it is.
            value = TextOf(Encoding.UTF8.GetString(utf8.Span));
        }

        return Of(name, value);
    }

    /// <summary>A payload; null if it may not be seen.</summary>
    public JsonElement? Of(string name, JsonElement value)
    {
        if (!areShown) return null;
        if (redact is null) return value;
        try
        {
            var changed = redact(name, JsonNode.Parse(value.GetRawText()));
            return JsonElement.Parse(changed?.ToJsonString() ?? "null");
        }
        catch (Exception failure) when (failure is not OperationCanceledException)
        {
            // A payload that cannot be redacted must not be seen, and the page is there for all others.
            return Unreadable;
        }
    }

    /// <summary>The text of an error, which may have data in it.</summary>
    public string Error(string text) => AreWhole ? text : "The text is hidden, since it may have data in it.";

    private static bool MayHaveUnreadableText(ReadOnlySpan<byte> utf8) => utf8.IndexOf("\\u"u8) >= 0 || !Utf8.IsValid(utf8);

    /// <summary>
    /// JSON may have half a character as an escape, or bytes that are not UTF-8. A name or a value like that would throw later.
    /// </summary>
    private static void ThrowIfATextCannotBeRead(ReadOnlySpan<byte> utf8)
    {
        var reader = new Utf8JsonReader(utf8);
        while (reader.Read())
        {
            if (reader.TokenType is JsonTokenType.String or JsonTokenType.PropertyName) reader.GetString();
        }
    }

    private static JsonElement TextOf(string text)
    {
        using var buffer = new MemoryStream();
        using (var writer = new Utf8JsonWriter(buffer)) writer.WriteStringValue(text);
        return JsonElement.Parse(buffer.ToArray());
    }
}
