using System.Buffers;
using System.Text.Json;

namespace EventSourcing;

/// <summary>The tags of an event as a JSON array, the form in which they are stored with the event.</summary>
internal static class TagList
{
    public static ReadOnlySpan<byte> Write(IReadOnlyList<string> tags)
    {
        var buffer = new ArrayBufferWriter<byte>(64);
        using var json = new Utf8JsonWriter(buffer);
        json.WriteStartArray();
        for (var i = 0; i < tags.Count; i++) json.WriteStringValue(tags[i]);
        json.WriteEndArray();
        json.Flush();
        return buffer.WrittenSpan;
    }

    /// <summary>
    /// Reads a list if an append would write exactly these bytes: at least one tag, no tag twice, and only tags that an append accepts.
    /// </summary>
    public static bool TryReadExact(ReadOnlySpan<byte> utf8Json, out string[] tags)
    {
        tags = [];
        try
        {
            var read = Read(utf8Json);
            if (read.Length == 0 || new NewEvent { Tags = read }.Tags.Count < read.Length || !Write(read).SequenceEqual(utf8Json))
                return false;
            tags = read;
            return true;
        }
        catch (Exception flaw) when (flaw is JsonException or ArgumentException)
        {
            return false;
        }
    }

    /// <summary>Reads what <see cref="Write"/> has written.</summary>
    /// <exception cref="JsonException">It is not an array of texts.</exception>
    public static string[] Read(ReadOnlySpan<byte> utf8Json)
    {
        try
        {
            var json = new Utf8JsonReader(utf8Json);
            var tags = new List<string>();
            if (!json.Read() || json.TokenType != JsonTokenType.StartArray) throw new JsonException("The tags are not a JSON array.");
            while (json.Read() && json.TokenType == JsonTokenType.String) tags.Add(json.GetString()!);
            return json.TokenType == JsonTokenType.EndArray && !json.Read()
                ? [.. tags]
                : throw new JsonException("The tags are not a JSON array of texts.");
        }
        catch (InvalidOperationException flaw)
        {
            // The text is not UTF-8, or has half of a surrogate pair.
            throw new JsonException("A tag is not a text.", flaw);
        }
    }
}
