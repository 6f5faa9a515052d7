using System.Text;
using System.Text.Encodings.Web;
using System.Text.Json;
using System.Text.Unicode;

namespace EventSourcing.Tool;

/// <summary>A stored event as JSON, with every byte of it, and as text for people.</summary>
internal static class EventText
{
    private const string PayloadErased = "(erased)";
    private const string PayloadEmpty = "(empty)";
    private static readonly JsonWriterOptions Indented = new() { Indented = true, Encoder = JavaScriptEncoder.UnsafeRelaxedJsonEscaping };

    /// <summary>
    /// Writes the event. Its data and metadata stand in it as they are stored, byte for byte. What cannot stand on a line of JSON is in
    /// Base64, under <c>dataBase64</c> or <c>metadataBase64</c>.
    /// </summary>
    public static void Write(Utf8JsonWriter json, in StoredEvent stored)
    {
        json.WriteStartObject();
        json.WriteNumber("position"u8, stored.Position);
        json.WriteString("stream"u8, stored.Stream);
        json.WriteNumber("version"u8, stored.Version);
        json.WriteString("type"u8, stored.Type);
        json.WriteString("id"u8, stored.Id);
        Span<byte> recordedAt = stackalloc byte[Format.ExactLength];
        Format.Exact(stored.RecordedAt, recordedAt);
        json.WriteString("recordedAt"u8, recordedAt);
        if (stored.Tags.Count > 0)
        {
            json.WriteStartArray("tags"u8);
            for (var i = 0; i < stored.Tags.Count; i++) json.WriteStringValue(stored.Tags[i]);
            json.WriteEndArray();
        }

        if (!stored.Seal.IsEmpty) json.WriteBase64String("seal"u8, stored.Seal.Span);
        if (!stored.Metadata.IsEmpty) WritePayload(json, "metadata"u8, "metadataBase64"u8, stored.Metadata.Span);
        if (stored.IsErased) json.WriteBoolean("erased"u8, true);
        else WritePayload(json, "data"u8, "dataBase64"u8, stored.Data.Span);
        json.WriteEndObject();
    }

    private static void WritePayload(
        Utf8JsonWriter json, ReadOnlySpan<byte> name, ReadOnlySpan<byte> nameIfBase64, ReadOnlySpan<byte> payload)
    {
        if (CanStandOnALine(payload))
        {
            json.WritePropertyName(name);
            json.WriteRawValue(payload, skipInputValidation: true);
        }
        else json.WriteBase64String(nameIfBase64, payload);
    }

    /// <summary>Whether the bytes are one JSON value on one line, so that they can be read back from it unchanged.</summary>
    private static bool CanStandOnALine(ReadOnlySpan<byte> payload)
    {
        if (payload.IsEmpty || payload.ContainsAnyInRange((byte)0, (byte)0x1F) || !Utf8.IsValid(payload)) return false;
        if (payload[0] == ' ' || payload[^1] == ' ') return false; // it would not be told from the space of the line
        try
        {
            var reader = new Utf8JsonReader(payload, new JsonReaderOptions { MaxDepth = 1000 });
            while (reader.Read())
            {
            }

            return true;
        }
        catch (JsonException)
        {
            return false;
        }
    }

    /// <summary>The data on one line.</summary>
    public static string Data(in StoredEvent stored) =>
        stored.IsErased ? PayloadErased : stored.Data.IsEmpty ? PayloadEmpty : Cells.OneLine(Encoding.UTF8.GetString(stored.Data.Span));

    /// <summary>JSON in lines, indented; other bytes as the text that they may be. Numbers stay as they are written.</summary>
    public static IEnumerable<string> Pretty(ReadOnlyMemory<byte> payload)
    {
        string text;
        try
        {
            using var bytes = new MemoryStream();
            using (var document = JsonDocument.Parse(payload, new JsonDocumentOptions { MaxDepth = 1000 }))
            using (var writer = new Utf8JsonWriter(bytes, Indented))
                document.WriteTo(writer);
            text = Encoding.UTF8.GetString(bytes.ToArray());
        }
        catch (Exception unreadable) when (unreadable is JsonException or InvalidOperationException)
        {
            text = Encoding.UTF8.GetString(payload.Span);
        }

        return text.Split('\n').Select(Cells.OneLine);
    }
}
