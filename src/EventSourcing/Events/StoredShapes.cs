namespace EventSourcing;

/// <summary>
/// All shapes in which events may be stored, by their names in the store, and how each leads to a current one. Every possible
/// error in types and upcasters together is found here, at start-up.
/// </summary>
internal sealed class StoredShapes
{
    private readonly Dictionary<string, NameOfEvents> _names = new(StringComparer.Ordinal);
    private readonly Dictionary<Type, EventType> _types;
    private readonly Dictionary<(string Name, int Version), Upcaster> _steps = [];
    private readonly Dictionary<(string Name, int Version), StoredShape> _shapes = [];

    /// <exception cref="ArgumentException">Says what does not fit, and what to do.</exception>
    public StoredShapes(Dictionary<Type, EventType> types, IReadOnlyList<Upcaster> upcasters)
    {
        _types = types;
        foreach (var family in types.Values.GroupBy(type => type.Name, StringComparer.Ordinal)) AddName(family.Key, [.. family]);
        foreach (var name in _names.Values.Where(name => !name.IsAlias).ToList()) AddAliases(name);
        foreach (var upcaster in upcasters) AddStep(upcaster);
        foreach (var name in _names.Values.Where(name => !name.IsAlias)) AddShapes(name);
        foreach (var shape in _shapes.Values) Link(shape);
        foreach (var shape in _shapes.Values) shape.Results = ResultsOf(shape);
        foreach (var (given, name) in _names)
        {
            for (var version = 1; version <= name.LastVersion; version++)
            {
                ByStoredName.Add(EventType.StoredNameOf(given, version), _shapes[(name.Name, version)]);
            }
        }
    }

    /// <summary>
    /// The same for the simple case, that of most apps: every event has one version and one name, and is stored as it is. Null
    /// in other cases, and if a name is claimed twice, which the full check then explains. The start of an app waits for this,
    /// so it is a single pass.
    /// </summary>
    public static Dictionary<string, StoredShape>? PlainByStoredName(Dictionary<Type, EventType> types)
    {
        var shapes = new Dictionary<string, StoredShape>(types.Count, StringComparer.Ordinal);
        foreach (var type in types.Values)
        {
            var shape = new StoredShape(type.Name, 1, type, step: null) { Results = [type] };
            if (type.Version > 1 || type.Aliases.Count > 0 || !shapes.TryAdd(type.Name, shape)) return null;
        }

        return shapes;
    }

    /// <summary>The shapes by every name under which an event may be stored.</summary>
    public Dictionary<string, StoredShape> ByStoredName { get; } = new(StringComparer.Ordinal);

    /// <summary>The current names of the events of a name, an alias or a retired name.</summary>
    public IReadOnlyCollection<string> CurrentNamesOf(string name)
    {
        var known = _names[name];
        if (_shapes[(known.Name, known.LastVersion)].Step is null) return [known.Name];
        var results = Enumerable.Range(1, known.LastVersion)
            .SelectMany(version => _shapes[(known.Name, version)].Results).Select(type => type.Name).ToHashSet(StringComparer.Ordinal);
        return results.Count > 0 ? results : [known.Name];
    }

    private void AddName(string name, List<EventType> types)
    {
        foreach (var version in types.GroupBy(type => type.Version).Where(version => version.Count() > 1))
        {
            throw new ArgumentException(
                $"The event name '{version.First().StoredName}' is claimed by "
                + $"{string.Join(" and by ", version.Select(type => type.ClrType))}. Give one of them another name with "
                + "[EventType(\"…\")], or, if it is a later shape of the same event, another Version.");
        }

        _names.Add(name, new NameOfEvents(name, types, types.Max(type => type.Version)));
    }

    private void AddAliases(NameOfEvents name)
    {
        foreach (var alias in name.Types.SelectMany(type => type.Aliases).Distinct(StringComparer.Ordinal))
        {
            if (_names.TryGetValue(alias, out var taken))
                throw new ArgumentException(
                    $"The event name '{alias}' is claimed by '{taken.Name}' ({taken.Types[0].ClrType}) and, as an alias, "
                    + $"by '{name.Name}' ({name.Types[0].ClrType}). A stored name is read in one way: remove it from one of them.");
            _names.Add(alias, name with { IsAlias = true });
        }
    }

    private void AddStep(Upcaster upcaster)
    {
        if (upcaster.Into?.FirstOrDefault(type => !_types.ContainsKey(type)) is { } unlisted)
            throw new ArgumentException(
                $"{Beginning(upcaster)} gives events of {unlisted}, which the EventTypes do not list. "
                + $"Add EventType.Of<{unlisted.Name}>(), or mark it [EventType(\"…\")].");
        if (upcaster.OldType is { } oldType && !_types.ContainsKey(oldType))
            throw new ArgumentException(
                $"{Beginning(upcaster)} takes events of a type that the EventTypes do not list, so none can be read. "
                + $"Add EventType.Of<{oldType.Name}>(\"…\", version), or mark it [EventType(\"…\", Version = …)].");
        var taken = upcaster.OldType is null
            ? (Name: upcaster.Name!, upcaster.Version)
            : (_types[upcaster.OldType].Name, _types[upcaster.OldType].Version);
        if (_names.TryGetValue(taken.Name, out var name))
        {
            taken.Name = name.Name;
            if (upcaster.OldType is null && name.Types.Count > 0 && taken.Version >= name.LastVersion)
                throw new ArgumentException(
                    $"{Beginning(upcaster)} takes no old shape: version {name.LastVersion} of '{name.Name}' is the current one "
                    + $"({name.Types.First(type => type.Version == name.LastVersion).ClrType}). Raise the Version of the type, "
                    + "or, if there is to be no such event any more, remove the type from the list.");
            _names[taken.Name] = _names[taken.Name] with { LastVersion = Math.Max(name.LastVersion, taken.Version) };
        }
        else
        {
            _names.Add(taken.Name, new NameOfEvents(taken.Name, [], taken.Version));
        }

        if (!_steps.TryAdd(taken, upcaster))
            throw new ArgumentException(
                $"Version {taken.Version} of '{taken.Name}' is taken by two upcasters, {_steps[taken]} and {upcaster}. "
                + "A stored event is read in one way: remove one of them.");
    }

    private void AddShapes(NameOfEvents name)
    {
        for (var version = 1; version <= name.LastVersion; version++)
        {
            var type = name.Types.FirstOrDefault(type => type.Version == version);
            var step = _steps.GetValueOrDefault((name.Name, version));
            if (step is null && (type is null || version < name.LastVersion))
            {
                throw new ArgumentException(
                    $"Events stored as version {version} of '{name.Name}' could not be read: version {name.LastVersion} is known, "
                    + $"and no upcaster takes version {version}. Write one: Upcaster.Json(\"{name.Name}\", {version}, e => …), "
                    + $"or [Upcaster(\"{name.Name}\", {version})] on a static method.");
            }

            _shapes.Add((name.Name, version), new StoredShape(name.Name, version, type, step));
        }
    }

    private void Link(StoredShape shape)
    {
        if (shape.Step is not { } step) return;
        if (step.Splits)
        {
            if (step.Into!.FirstOrDefault(type => _shapes[(_types[type].Name, _types[type].Version)].Step is not null) is { } old)
                throw new ArgumentException(
                    $"{Beginning(step)} gives events of {old}, which is an old version of '{_types[old].Name}'. Give current ones: "
                    + "no further upcaster is run on what a split gives.");
            return;
        }

        var next = step.Into is [var type] ? (_types[type].Name, _types[type].Version) : (shape.Name, Version: shape.Version + 1);
        shape.Next = _shapes.TryGetValue(next, out var known)
            ? known
            : throw new ArgumentException(
                $"{Beginning(step)} gives version {next.Version} of '{next.Name}', which no listed type is and no upcaster takes. "
                + "List the type, write the next upcaster, or say by Upcaster.Json<TEvent> which event it becomes.");
    }

    private EventType[] ResultsOf(StoredShape shape)
    {
        var passed = new HashSet<StoredShape>(ReferenceEqualityComparer.Instance);
        for (var at = shape; ; at = at.Next!)
        {
            if (!passed.Add(at))
            {
                var circle = passed.SkipWhile(p => p != at).Append(at).Select(p => EventType.StoredNameOf(p.Name, p.Version));
                throw new ArgumentException(
                    $"The upcasters go round in a circle: {string.Join(" → ", circle)}. One of them must give a current event.");
            }

            if (at.Step is null) return [at.Type!];
            if (at.Step.Splits) return [.. at.Step.Into!.Select(type => _types[type])];
        }
    }

    private static string Beginning(Upcaster upcaster) =>
        upcaster.ToString() is var text ? char.ToUpperInvariant(text[0]) + text[1..] : text;

    /// <summary>A name without version, or an alias of it.</summary>
    /// <param name="Name">The name.</param>
    /// <param name="Types">Its types, by version; none if it is retired.</param>
    /// <param name="LastVersion">The highest version that may be stored.</param>
    /// <param name="IsAlias">Whether this is an entry of an alias.</param>
    private sealed record NameOfEvents(string Name, IReadOnlyList<EventType> Types, int LastVersion, bool IsAlias = false);
}
