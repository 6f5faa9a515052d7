using System.Diagnostics.CodeAnalysis;
using System.Globalization;
using System.Text;
using System.Text.Encodings.Web;
using System.Text.Json;
using System.Text.Json.Serialization;
using System.Text.Json.Serialization.Metadata;

namespace EventSourcing;

/// <summary>
/// Writes times as System.Text.Json does, and refuses the local ones that are not read back: JSON has a local time with its offset to
/// UTC, and reads back the local time of that instant. Times of other kinds cost one comparison more.
/// </summary>
internal sealed class DateTimeJson : JsonConverter<DateTime>
{
    public override DateTime Read(ref Utf8JsonReader reader, Type typeToConvert, JsonSerializerOptions options) => reader.GetDateTime();

    /// <exception cref="JsonException">The time would not be read back.</exception>
    public override void Write(Utf8JsonWriter writer, DateTime value, JsonSerializerOptions options)
    {
        if (value.Kind == DateTimeKind.Local) ThrowIfLost(value);
        writer.WriteStringValue(value);
    }

    public override DateTime ReadAsPropertyName(ref Utf8JsonReader reader, Type typeToConvert, JsonSerializerOptions options)
    {
        // No reader reads a time from the name of a property: made a value, it is read as all others are.
        var value = new Utf8JsonReader(Encoding.UTF8.GetBytes($"\"{JsonEncodedText.Encode(reader.GetString()!)}\""));
        value.Read();
        return value.GetDateTime();
    }

    /// <exception cref="JsonException">The time would not be read back.</exception>
    public override void WriteAsPropertyName(
        Utf8JsonWriter writer, [DisallowNull] DateTime value, JsonSerializerOptions options)
    {
        if (value.Kind == DateTimeKind.Local) ThrowIfLost(value);

        // The text of a value. Its plus sign is not escaped there either, whatever the encoder.
        var text = value.ToString("yyyy-MM-dd'T'HH:mm:ss.FFFFFFFK", CultureInfo.InvariantCulture);
        writer.WritePropertyName(JsonEncodedText.Encode(text, JavaScriptEncoder.UnsafeRelaxedJsonEscaping));
    }

    /// <summary>
    /// Whether a value of a type may contain a time, or an address (<see cref="UriJson"/>), that the library's own converters would see:
    /// there is one among its parts at any depth, or a converter of the app's own, which may write anything.
    /// </summary>
    public static bool IsOfUseFor(JsonTypeInfo root)
    {
        var met = new HashSet<Type> { root.Type };
        var open = new Stack<JsonTypeInfo>([root]);
        while (open.TryPop(out var info))
        {
            if (info.Type == typeof(DateTime) || info.Type == typeof(Uri) || JsonTypeCheck.IsOwn(info.Converter)) return true;
            foreach (var derived in info.PolymorphismOptions?.DerivedTypes ?? []) Add(derived.DerivedType);
            if (Nullable.GetUnderlyingType(info.Type) is { } underlying) Add(underlying);
            if (info.ElementType is { } element) Add(element);
            if (info.KeyType is { } key) Add(key);
            if (info.Kind != JsonTypeInfoKind.Object) continue;
            foreach (var property in info.Properties)
            {
                if (property.CustomConverter is { } converter && JsonTypeCheck.IsOwn(converter)) return true;
                Add(property.PropertyType);
            }
        }

        return false;

        void Add(Type type)
        {
            if (met.Add(type) && root.Options.TryGetTypeInfo(type, out var info)) open.Push(info);
        }
    }

    private static void ThrowIfLost(DateTime value)
    {
        var zone = TimeZoneInfo.Local;
        var offset = zone.GetUtcOffset(value);
        var utc = value.Ticks - offset.Ticks;
        if (utc < DateTime.MinValue.Ticks) throw Lost(value, zone, "in UTC it is before the first time that there is");
        if (utc > DateTime.MaxValue.Ticks) throw Lost(value, zone, "in UTC it is after the last time that there is");
        if (zone.GetUtcOffset(new DateTime(utc, DateTimeKind.Utc)) != offset)
            throw Lost(value, zone, "the clocks there leave it out");
    }

    private static JsonException Lost(DateTime value, TimeZoneInfo zone, string why) =>
        new(
            $"The local time {value.ToString("yyyy-MM-dd'T'HH:mm:ss.FFFFFFF", CultureInfo.InvariantCulture)} in the time zone '{zone.Id}' "
            + $"would not be read back: {why}. Keep times in UTC, or as DateTimeOffset.");
}
