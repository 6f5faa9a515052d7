using System.Text;
using System.Text.Json;
using System.Text.Json.Serialization.Metadata;

namespace EventSourcing;

/// <summary>The JSON of the records that the library keeps about projections.</summary>
internal static class RecordJson
{
    /// <summary>How many bytes of an unreadable record an error message shows.</summary>
    private const int MaxShown = 120;

    /// <summary>The bytes of a record.</summary>
    public static byte[] Write<T>(T record) => JsonSerializer.SerializeToUtf8Bytes(record, InfoOf<T>());

    /// <summary>Reads a record.</summary>
    /// <param name="model">The model that it is in.</param>
    /// <param name="key">Its key.</param>
    /// <param name="bytes">The record.</param>
    /// <param name="projection">The projection that it belongs to; null if its key tells.</param>
    /// <exception cref="ReadModelDamagedException">The record cannot be read.</exception>
    public static T Read<T>(string model, string key, ReadOnlySpan<byte> bytes, string? projection = null)
        where T : class, IControlRecord
    {
        var whose = projection ?? (model == ControlDocuments.Runs && key.LastIndexOf('@') is var at and > 0 ? key[..at] : key);
        try
        {
            return JsonSerializer.Deserialize(bytes, InfoOf<T>()) is { IsSound: true } record
                ? record
                : throw new ReadModelDamagedException(
                    whose, $"its record '{key}' in '{model}' is not one that the library writes: {Shown(bytes)}");
        }
        catch (JsonException e)
        {
            throw new ReadModelDamagedException(
                whose, $"its record '{key}' in '{model}' is not one that the library writes: {Shown(bytes)} ({e.Message})", e);
        }
    }

    /// <summary>Reads a record; null if it cannot be read.</summary>
    public static T? TryRead<T>(ReadOnlySpan<byte> bytes)
        where T : class, IControlRecord
    {
        try
        {
            return JsonSerializer.Deserialize(bytes, InfoOf<T>()) is { IsSound: true } record ? record : null;
        }
        catch (JsonException)
        {
            return null;
        }
    }

    private static string Shown(ReadOnlySpan<byte> bytes) => bytes.Length > MaxShown
        ? $"'{Names.Printable(Encoding.UTF8.GetString(bytes[..MaxShown]))}'…"
        : $"'{Names.Printable(Encoding.UTF8.GetString(bytes))}'";

    private static JsonTypeInfo<T> InfoOf<T>() => (JsonTypeInfo<T>)ControlJson.Default.GetTypeInfo(typeof(T))!;
}
