using System.Security.Cryptography;
using System.Text;

namespace EventSourcing;

/// <summary>Says whether two read models are interchangeable: equal fingerprints, equal folds.</summary>
internal static class Fingerprint
{
    public static string Of(Projection projection, EventQuery query, IEnumerable<string> shape)
    {
        var text = new StringBuilder().Append(projection.Version).Append('\n').Append(query).Append('\n');
        foreach (var line in shape) text.Append(line).Append('\n');
        return Convert.ToHexStringLower(SHA256.HashData(Encoding.UTF8.GetBytes(text.ToString())).AsSpan(0, 8));
    }
}
