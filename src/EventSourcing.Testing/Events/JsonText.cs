using System.Buffers;
using System.Text;
using System.Text.Encodings.Web;
using System.Text.Json;

namespace EventSourcing.Testing;

/// <summary>JSON as text, compared by its meaning.</summary>
internal static class JsonText
{
    public static string Indented(string json) => Written(json, indented: true);

    public static string Compact(string json) => Written(json, indented: false);

    public static bool AreEqual(string json, string other)
    {
        try
        {
            using var a = JsonDocument.Parse(json);
            using var b = JsonDocument.Parse(other);
            return JsonElement.DeepEquals(a.RootElement, b.RootElement);
        }
        catch (Exception unreadable) when (unreadable is JsonException or InvalidOperationException)
        {
            return false;
        }
    }

    /// <summary>The path of the first value of one text that is missing or different in another; null if there is none.</summary>
    public static string? FirstLost(string json, string other)
    {
        using var a = JsonDocument.Parse(json);
        using var b = JsonDocument.Parse(other);
        return FirstLost(a.RootElement, b.RootElement, "$");
    }

    private static string? FirstLost(JsonElement a, JsonElement b, string path)
    {
        if (a.ValueKind != b.ValueKind) return path;
        if (a.ValueKind == JsonValueKind.Object)
        {
            return a.EnumerateObject()
                .Where(property => property.Value.ValueKind != JsonValueKind.Null || b.TryGetProperty(property.Name, out _))
                .Select(property => b.TryGetProperty(property.Name, out var same)
                    ? FirstLost(property.Value, same, $"{path}.{property.Name}")
                    : $"{path}.{property.Name}")
                .FirstOrDefault(lost => lost is not null);
        }

        if (a.ValueKind == JsonValueKind.Array && a.GetArrayLength() == b.GetArrayLength())
            return a.EnumerateArray().Zip(b.EnumerateArray()).Select((pair, i) => FirstLost(pair.First, pair.Second, $"{path}[{i}]"))
                .FirstOrDefault(lost => lost is not null);

        return JsonElement.DeepEquals(a, b) ? null : path;
    }

    private static string Written(string json, bool indented)
    {
        try
        {
            using var document = JsonDocument.Parse(json);
            var buffer = new ArrayBufferWriter<byte>();
            using (var writer = new Utf8JsonWriter(
                buffer,
                new JsonWriterOptions { Indented = indented, NewLine = "\n", Encoder = JavaScriptEncoder.UnsafeRelaxedJsonEscaping }))
                document.WriteTo(writer);
            return Encoding.UTF8.GetString(buffer.WrittenSpan);
        }
        catch (Exception unreadable) when (unreadable is JsonException or InvalidOperationException)
        {
            return json;
        }
    }
}
