using System.Collections.Immutable;

namespace EventSourcing.Generators;

/// <summary>The events of an assembly, and how those of old shapes become those of today.</summary>
internal sealed record EventMap(EquatableList<EventEntry> Events, EquatableList<UpcasterEntry> Upcasters)
{
    /// <summary>The map of all that is marked; null where nothing is, or something is wrong.</summary>
    public static Parsed<EventMap> Of(ImmutableArray<Parsed<Placed<EventEntry>>> events, ImmutableArray<Parsed<UpcasterEntry>> upcasters)
    {
        // Sorted, so that moving a type to another file changes nothing.
        var listed = events.Where(e => e.Model is not null).Select(e => e.Model!)
            .OrderBy(e => e.Value.Name, StringComparer.Ordinal).ThenBy(e => e.Value.Version).ThenBy(e => e.Value.Type, StringComparer.Ordinal).ToList();
        var diagnostics = events.SelectMany(e => e.Diagnostics).Concat(upcasters.SelectMany(upcaster => upcaster.Diagnostics)).Concat(ClaimedTwice(listed)).ToEquatableList();
        var methods = upcasters.Where(upcaster => upcaster.Model is not null).Select(upcaster => upcaster.Model!).OrderBy(upcaster => upcaster.Call, StringComparer.Ordinal);
        var isEmpty = listed.Count == 0 && upcasters.IsEmpty;
        return new Parsed<EventMap>(isEmpty || diagnostics.Count > 0 ? null : new EventMap(listed.Select(e => e.Value).ToEquatableList(), methods.ToEquatableList()), diagnostics);
    }

    private static IEnumerable<DiagnosticInfo> ClaimedTwice(IEnumerable<Placed<EventEntry>> events)
    {
        var claims = new Dictionary<(string Name, int Version), string>();
        foreach (var e in events)
        {
            foreach (var name in e.Value.Aliases.Prepend(e.Value.Name))
            {
                var (type, claim) = (e.Value.Type, (name, e.Value.Version));
                if (claims.TryGetValue(claim, out var other)) yield return DiagnosticInfo.Of(GeneratorDiagnostics.NameClaimedTwice, e.Place, name, $"{e.Value.Version}", Plain(other), Plain(type));
                else claims.Add(claim, type);
            }
        }
    }

    private static string Plain(string type) => type.Replace("global::", "");
}

/// <summary>An event type.</summary>
/// <param name="Type">Its full name.</param>
/// <param name="Name">The name under which it is stored.</param>
/// <param name="Version">The version of that name that it is.</param>
/// <param name="Aliases">Further names.</param>
internal sealed record EventEntry(string Type, string Name, int Version, EquatableList<string> Aliases);

/// <summary>An upcaster.</summary>
/// <param name="Call">The call that makes it, after <c>Upcaster.</c>.</param>
internal sealed record UpcasterEntry(string Call);

/// <summary>A value and where in the code it stands, until it is known whether something is to be said about that.</summary>
internal sealed record Placed<T>(T Value, DiagnosticPlace Place);
