using System.Buffers;
using System.Text.Encodings.Web;
using System.Text.Json;

namespace EventSourcing;

/// <summary>
/// The event by which a store records that it has erased payloads: appended in the same transaction, to the stream
/// <see cref="StreamName"/>. Every store knows its type, which no <see cref="EventTypes"/> lists; only
/// <c>ErasePayloadsAsync</c> appends it. Its payload is never erased itself.
/// </summary>
/// <remarks>
/// As JSON, regardless of the app's options: <c>{"positions":[3,17],"reason":"…","by":"…"}</c>. <c>by</c> is missing if no one is
/// named.
/// </remarks>
/// <param name="Positions">The positions of the events whose payloads were erased, ascending.</param>
/// <param name="Reason">Why.</param>
/// <param name="By">Who asked for it, or <see langword="null"/>.</param>
public sealed record PayloadsErased(IReadOnlyList<long> Positions, string Reason, string? By)
{
    /// <summary>The stored name of the event's type.</summary>
    public const string TypeName = "$payloads-erased";

    /// <summary>The stream of all such events.</summary>
    public const string StreamName = "$erasures";

    internal static EventType Type { get; } = EventType.OfTheLibrary(typeof(PayloadsErased), TypeName);

    // People read these in the file: letters of all languages stay readable.
    private static JsonWriterOptions Json => new() { Encoder = JavaScriptEncoder.UnsafeRelaxedJsonEscaping, SkipValidation = true };

    /// <summary>Reads the JSON of such an event.</summary>
    /// <param name="utf8Json">The JSON. Unknown members are ignored.</param>
    /// <returns>The event.</returns>
    /// <exception cref="JsonException">
    /// It is not such an event: a member is missing or occurs twice, or the positions are not ascending from 1.
    /// </exception>
    public static PayloadsErased Parse(ReadOnlySpan<byte> utf8Json)
    {
        try
        {
            return Read(utf8Json);
        }
        catch (InvalidOperationException flaw)
        {
            // The reader says so of text that it is asked for: the name of a member, or a reason.
            throw new JsonException("A text of it has half a character in it, or is not UTF-8.", flaw);
        }
    }

    /// <summary>The event as JSON.</summary>
    /// <returns>What <see cref="Parse"/> reads.</returns>
    public byte[] ToBytes()
    {
        var buffer = new ArrayBufferWriter<byte>(256);
        using (var json = new Utf8JsonWriter(buffer, Json))
        {
            json.WriteStartObject();
            json.WriteStartArray("positions"u8);
            foreach (var position in Positions) json.WriteNumberValue(position);
            json.WriteEndArray();
            json.WriteString("reason"u8, Reason);
            if (By is not null) json.WriteString("by"u8, By);
            json.WriteEndObject();
        }

        return buffer.WrittenSpan.ToArray();
    }

    private static PayloadsErased Read(ReadOnlySpan<byte> utf8Json)
    {
        List<long>? positions = null;
        string? reason = null, by = null;
        var reader = new Utf8JsonReader(utf8Json);
        if (!reader.Read() || reader.TokenType != JsonTokenType.StartObject) throw new JsonException("It is not a JSON object.");
        while (reader.Read() && reader.TokenType == JsonTokenType.PropertyName)
        {
            // If a member occurs twice, another reader may take the other one. A name that is no text is no member that is unknown.
            switch (reader.GetString())
            {
                case "positions": positions = positions is null ? PositionsFrom(ref reader) : throw Twice("positions"); break;
                case "reason": reason = reason is null ? TextFrom(ref reader) : throw Twice("reason"); break;
                case "by": by = by is null ? TextFrom(ref reader) : throw Twice("by"); break;
                default: reader.Skip(); break;
            }
        }

        while (reader.Read()) throw new JsonException("Something follows after the object.");
        if (positions is not { Count: > 0 }) throw new JsonException("It names no positions.");
        return new PayloadsErased(positions, reason ?? throw new JsonException("It gives no reason."), by);
    }

    private static JsonException Twice(string member) => new($"It has the member '{member}' twice.");

    private static List<long> PositionsFrom(ref Utf8JsonReader reader)
    {
        var positions = new List<long>();
        if (!reader.Read() || reader.TokenType != JsonTokenType.StartArray) throw new JsonException("Its positions are not an array.");
        while (reader.Read() && reader.TokenType != JsonTokenType.EndArray)
        {
            if (reader.TokenType != JsonTokenType.Number || !reader.TryGetInt64(out var position)
                || position <= (positions.Count == 0 ? 0 : positions[^1]))
                throw new JsonException("Its positions are not whole numbers from 1, ascending.");
            positions.Add(position);
        }

        return positions;
    }

    private static string? TextFrom(ref Utf8JsonReader reader)
    {
        reader.Read();
        if (reader.TokenType == JsonTokenType.Null) return null;
        if (reader.TokenType != JsonTokenType.String) throw new JsonException("Its reason, or who asked for it, is not text.");
        return reader.GetString();
    }
}
