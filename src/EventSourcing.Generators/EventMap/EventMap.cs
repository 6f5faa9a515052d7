using System.Collections.Immutable;

namespace EventSourcing.Generators;

/// <summary>The events of an assembly, and how events of old shapes become current ones.</summary>
internal sealed record EventMap(EquatableList<EventEntry> Events, EquatableList<UpcasterEntry> Upcasters)
{
    /// <summary>The map of everything that is marked; null if nothing is marked, or if something is wrong.</summary>
    public static Parsed<EventMap> Of(ImmutableArray<Parsed<EventEntry>> events, ImmutableArray<Parsed<UpcasterEntry>> upcasters)
    {
        // Sorted, so that moving a type to another file changes nothing.
        var listed = events.Where(e => e.Model is not null).Select(e => e.Model!)
            .OrderBy(e => e.Name, StringComparer.Ordinal)
            .ThenBy(e => e.Version).ThenBy(e => e.Type, StringComparer.Ordinal).ToEquatableList();
        var diagnostics = events.SelectMany(e => e.Diagnostics)
            .Concat(upcasters.SelectMany(upcaster => upcaster.Diagnostics)).ToEquatableList();
        var methods = upcasters.Where(upcaster => upcaster.Model is not null)
            .Select(upcaster => upcaster.Model!).OrderBy(upcaster => upcaster.Call, StringComparer.Ordinal);
        var isEmpty = listed.Count == 0 && upcasters.IsEmpty;
        return new Parsed<EventMap>(isEmpty || diagnostics.Count > 0 ? null : new EventMap(listed, methods.ToEquatableList()), diagnostics);
    }
}

/// <summary>An event type.</summary>
/// <param name="Type">Its full name.</param>
/// <param name="Name">The name under which it is stored.</param>
/// <param name="Version">Which version of the events of that name it is.</param>
/// <param name="Aliases">Former names, under which it may be stored too.</param>
internal sealed record EventEntry(string Type, string Name, int Version, EquatableList<string> Aliases);

/// <summary>An upcaster.</summary>
/// <param name="Call">The call that creates it, after <c>Upcaster.</c>.</param>
internal sealed record UpcasterEntry(string Call);
