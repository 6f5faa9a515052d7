using Microsoft.CodeAnalysis;

namespace EventSourcing.Generators.Analyzers;

/// <summary>What reads stored events: the event types of a compilation and its upcasters.</summary>
internal sealed class StoredReaders
{
    private readonly List<DeclaredEvent> _events;
    private readonly List<DeclaredUpcaster> _upcasters;
    private readonly Dictionary<string, string> _nameOfAlias = new(StringComparer.Ordinal);

    public StoredReaders(IEnumerable<DeclaredEvent> events, IEnumerable<DeclaredUpcaster> upcasters)
    {
        _events = [.. events];
        _upcasters = [.. upcasters];
        foreach (var e in _events)
        {
            foreach (var alias in e.Aliases) _nameOfAlias[alias] = e.Name;
        }
    }

    /// <summary>Whether an event type or an upcaster reads a name.</summary>
    public bool Claims(string name) => _events.Exists(e => e.Names.Contains(name)) || _upcasters.Exists(upcaster => upcaster.Name == name);

    /// <summary>Follows the upcasters from a stored version to a current type.</summary>
    /// <returns>The version at which the chain ends before that; null if it does not.</returns>
    public (string Name, int Version)? GapAfter(string name, int version)
    {
        var at = (Name: TodaysName(name), Version: version);
        for (var seen = new HashSet<(string, int)>(); seen.Add(at);)
        {
            var versions = _events.Where(e => e.Name == at.Name).Select(e => e.Version).ToList();
            if (versions.Count > 0 && at.Version == versions.Max()) return null;
            if (_upcasters.Find(upcaster => TodaysName(upcaster.Name) == at.Name && upcaster.Version == at.Version) is not { } found)
                return at;
            if (found.Next is not { } next) return null;
            at = (TodaysName(next.Name), next.Version);
        }

        return at;
    }

    private string TodaysName(string name) =>
        !_events.Exists(e => e.Name == name) && _nameOfAlias.TryGetValue(name, out var today) ? today : name;
}
