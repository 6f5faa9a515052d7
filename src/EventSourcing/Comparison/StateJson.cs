using System.Text.Json;
using System.Text.Json.Serialization.Metadata;

namespace EventSourcing;

/// <summary>States as JSON shows them: by their public members.</summary>
internal static class StateJson
{
    /// <exception cref="NotSupportedException">JSON cannot handle the type.</exception>
    public static JsonElement Of(object state, JsonSerializerOptions options, IReadOnlySet<string>? without = null)
    {
        JsonTypeInfo info;
        try
        {
            info = options.GetTypeInfo(state.GetType());
        }
        catch (NotSupportedException e)
        {
            throw new NotSupportedException(
                $"JSON cannot handle {state.GetType()}, so its states cannot be compared. If EventStoreOptions.Json names a "
                + $"JsonSerializerContext, add [JsonSerializable(typeof({state.GetType().Name}))] to that.",
                e);
        }

        var json = JsonSerializer.SerializeToElement(state, info);
        if (without is null || json.ValueKind != JsonValueKind.Object) return json;
        using var buffer = new MemoryStream();
        using (var writer = new Utf8JsonWriter(buffer))
        {
            writer.WriteStartObject();
            foreach (var property in json.EnumerateObject().Where(property => !without.Contains(property.Name))) property.WriteTo(writer);
            writer.WriteEndObject();
        }

        return JsonElement.Parse(buffer.ToArray());
    }
}
