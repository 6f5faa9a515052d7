using System.Buffers;
using System.Text.Json;

namespace EventSourcing;

/// <summary>The tags of an event as a JSON array, the form in which they stand beside it.</summary>
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

    public static string[] Read(ReadOnlySpan<byte> utf8Json)
    {
        var json = new Utf8JsonReader(utf8Json);
        var tags = new List<string>();
        json.Read();
        while (json.Read() && json.TokenType == JsonTokenType.String) tags.Add(json.GetString()!);
        return [.. tags];
    }
}
