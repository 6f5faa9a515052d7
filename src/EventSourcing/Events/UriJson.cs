using System.Diagnostics.CodeAnalysis;
using System.Text.Json;
using System.Text.Json.Serialization;
using System.Text.Json.Serialization.Metadata;

namespace EventSourcing;

/// <summary>
/// Writes addresses as System.Text.Json does, by the text that they were made of, unless that text alone makes another address. An
/// absolute one that was made of a path, as "/p/q", would be read back as a relative one, so it is written with its scheme. A relative one
/// that would be read back as absolute is refused.
/// </summary>
internal sealed class UriJson : JsonConverter<Uri>
{
    private static JsonConverter<Uri?> Known => JsonMetadataServices.UriConverter;

    public override Uri? Read(ref Utf8JsonReader reader, Type typeToConvert, JsonSerializerOptions options) =>
        Known.Read(ref reader, typeToConvert, options);

    /// <exception cref="JsonException">The address would not be read back.</exception>
    public override void Write(Utf8JsonWriter writer, Uri value, JsonSerializerOptions options) => writer.WriteStringValue(TextOf(value));

    public override Uri ReadAsPropertyName(ref Utf8JsonReader reader, Type typeToConvert, JsonSerializerOptions options) =>
        Known.ReadAsPropertyName(ref reader, typeToConvert, options)!;

    /// <exception cref="JsonException">The address would not be read back.</exception>
    public override void WriteAsPropertyName(Utf8JsonWriter writer, [DisallowNull] Uri value, JsonSerializerOptions options) =>
        writer.WritePropertyName(TextOf(value));

    private static string TextOf(Uri value)
    {
        // Only what may be a path is one thing or the other, by the system and by how it was made.
        var text = value.OriginalString;
        if (text.Length == 0 || text[0] is not ('/' or '\\')) return text;
        if (Uri.TryCreate(text, UriKind.RelativeOrAbsolute, out var read) && read.IsAbsoluteUri == value.IsAbsoluteUri) return text;
        return value.IsAbsoluteUri
            ? value.AbsoluteUri
            : throw new JsonException(
                $"The relative address '{text}' would be read back as an absolute one. Keep it as text, or without the double slash.");
    }
}
