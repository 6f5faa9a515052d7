using System.Text.Json;
using SQLitePCL;

namespace EventSourcing.Tamper;

/// <summary>What the oracle knows of erased payloads, told from the file alone.</summary>
internal static class Erasures
{
    /// <summary>The first position that is erased but not recorded, or recorded but not erased; the greatest number where there is none.</summary>
    public static long FirstUnlikeRecord(IReadOnlyList<EventRow> events)
    {
        var erased = events.Where(e => e.Position > 0 && e.IsErased).Select(e => e.Position).ToHashSet();
        var recorded = new HashSet<long>();
        var first = long.MaxValue;
        foreach (var record in events.Where(e => e.IsErasureRecord && e.IsReadable))
        {
            foreach (var position in PositionsIn(record))
            {
                if (position < record.Position && erased.Contains(position)) recorded.Add(position);
                else first = Math.Min(first, position);
            }
        }

        return Math.Min(first, erased.Except(recorded).DefaultIfEmpty(long.MaxValue).Min());
    }

    /// <summary>Whether two rows are one event, of which the payload is there or erased.</summary>
    public static bool IsAllThatDiffers(EventRow a, EventRow b) =>
        (a with { Seal = b.Seal, Data = b.Data }).SaysTheSameAs(b) && Commitment(a) is { } commitment && commitment == Commitment(b);

    private static MerkleHash? Commitment(EventRow row) => (row.Seal.Class, row.Data.Class, row.Seal.Bytes.Length, row.Data.Bytes.Length) switch
    {
        (raw.SQLITE_BLOB, raw.SQLITE_BLOB, MerkleHash.Length, 0) => new MerkleHash(row.Seal.Bytes),
        (raw.SQLITE_BLOB, raw.SQLITE_BLOB, LedgerLeaf.SaltLength, _) => LedgerLeaf.CommitToData(row.Seal.Bytes, row.Data.Bytes),
        _ => null,
    };

    /// <exception cref="InvalidOperationException">It is not UTF-8.</exception>
    private static bool IsText(JsonElement value) => value.ValueKind == JsonValueKind.String && value.GetString() is not null;

    private static long[] PositionsIn(EventRow record)
    {
        try
        {
            using var json = JsonDocument.Parse(record.Data.ToBytes());
            string[] known = ["positions", "reason", "by"];
            if (json.RootElement.EnumerateObject().GroupBy(member => member.Name).Any(members => known.Contains(members.Key) && members.Count() > 1)) return [];
            if (!IsText(json.RootElement.GetProperty("reason")) || (json.RootElement.TryGetProperty("by", out var by) && by.ValueKind != JsonValueKind.Null && !IsText(by))) return [];

            // A record whose positions do not ascend from 1 is one that no reader takes: it records nothing. So is one of which a
            // text is not UTF-8, or a member is there twice.
            long[] positions = [.. json.RootElement.GetProperty("positions").EnumerateArray().Select(position => position.GetInt64())];
            for (var i = 0; i < positions.Length; i++)
            {
                if (positions[i] <= (i == 0 ? 0 : positions[i - 1])) return [];
            }

            return positions;
        }
        catch (Exception e) when (e is JsonException or KeyNotFoundException or InvalidOperationException or FormatException)
        {
            return [];
        }
    }
}
