using System.Globalization;
using System.Security.Cryptography;
using System.Text;

namespace EventSourcing;

/// <summary>Says whether two read models are interchangeable: if their fingerprints are equal, so are their folds.</summary>
internal static class Fingerprint
{
    public static string Of(Projection projection, EventStore store, IEnumerable<string> shape)
    {
        // The query contains the names under which its events may be stored, so that a new upcaster or alias changes the fingerprint.
        var filter = projection.FilterFor(store);
        var text = new StringBuilder().Append(CultureInfo.InvariantCulture, $"{projection.Version}\n").Append(filter.Stored).Append('\n');
        foreach (var line in shape) text.Append(line).Append('\n');
        if (filter.Current.IsAll || filter.Current.Items.Any(item => item.Types.Count == 0))
        {
            // It looks at events of every name: those that are read under another name than the stored one.
            foreach (var (stored, old) in store.Types.Shapes.Where(pair => pair.Value.Step is not null || pair.Value.Name != pair.Key)
                .OrderBy(pair => pair.Key, StringComparer.Ordinal))
            {
                text.Append(stored).Append(" → ").AppendJoin(", ", old.Results.Select(type => type.StoredName)).Append('\n');
            }
        }

        return Convert.ToHexStringLower(SHA256.HashData(Encoding.UTF8.GetBytes(text.ToString())).AsSpan(0, 8));
    }
}
