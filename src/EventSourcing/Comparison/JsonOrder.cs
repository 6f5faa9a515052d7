using System.Text.Json;

namespace EventSourcing;

/// <summary>Compares JSON values, regardless of the order of items in their arrays.</summary>
internal static class JsonOrder
{
    public static bool AreEqual(JsonElement one, JsonElement other)
    {
        if (one.ValueKind != other.ValueKind) return false;
        if (one.ValueKind == JsonValueKind.Object)
        {
            var members = other.EnumerateObject().ToList();
            return one.GetPropertyCount() == members.Count
                && members.TrueForAll(member => one.TryGetProperty(member.Name, out var same) && AreEqual(same, member.Value));
        }

        if (one.ValueKind != JsonValueKind.Array) return JsonElement.DeepEquals(one, other);
        if (one.GetArrayLength() != other.GetArrayLength()) return false;
        var rest = other.EnumerateArray().ToList();
        foreach (var item in one.EnumerateArray())
        {
            var at = rest.FindIndex(candidate => AreEqual(item, candidate));
            if (at < 0) return false;
            rest.RemoveAt(at);
        }

        return true;
    }
}
