using System.Text.Json;

namespace EventSourcing;

/// <summary>The positions that a stored <see cref="PayloadsErased"/> names, read without trust in who wrote it.</summary>
internal static class ErasureRecord
{
    public static bool Is(in StoredEvent e) => e.Type == PayloadsErased.TypeName && e.Stream == PayloadsErased.StreamName;

    /// <returns>The positions, or null where the data is no such record.</returns>
    public static List<long>? TryRead(ReadOnlySpan<byte> data)
    {
        try
        {
            var json = new Utf8JsonReader(data);
            if (!json.Read() || json.TokenType != JsonTokenType.StartObject) return null;
            List<long>? positions = null;
            var hasReason = false;
            while (json.Read() && json.TokenType == JsonTokenType.PropertyName)
            {
                if (json.ValueTextEquals("positions"u8))
                {
                    if (positions is not null || (positions = ReadPositions(ref json)) is null) return null;
                }
                else if (json.ValueTextEquals("reason"u8))
                {
                    if (hasReason || !json.Read() || json.TokenType != JsonTokenType.String) return null;
                    hasReason = true;
                }
                else
                {
                    json.Skip();
                }
            }

            return json.TokenType == JsonTokenType.EndObject && json.CurrentDepth == 0 && !json.Read() && hasReason ? positions : null;
        }
        catch (JsonException)
        {
            return null;
        }
    }

    private static List<long>? ReadPositions(ref Utf8JsonReader json)
    {
        var positions = new List<long>();
        if (!json.Read() || json.TokenType != JsonTokenType.StartArray) return null;
        while (json.Read() && json.TokenType != JsonTokenType.EndArray)
        {
            if (json.TokenType != JsonTokenType.Number || !json.TryGetInt64(out var position) || position < 1) return null;
            positions.Add(position);
        }

        return positions;
    }
}
