namespace EventSourcing.Explorer;

/// <summary>A stored type, and what the app makes of it.</summary>
internal sealed record ShownType(string Name, long Count, long FirstPosition, long LastPosition, string Standing, string? ReadAs);

/// <summary>All stored types.</summary>
internal sealed record TypesModel(IReadOnlyList<ShownType> Types, IReadOnlyList<string> NeverStored);

/// <summary>The types of the stored events.</summary>
internal static class TypesPage
{
    public static async Task<Answer> BuildAsync(PageContext page)
    {
        var types = page.Store.Types;
        var stored = await page.Store.Catalog.ListEventTypesAsync(page.Aborted).ConfigureAwait(false);
        var names = stored.Select(type => type.Name).ToHashSet(StringComparer.Ordinal);
        var model = new TypesModel(
            [.. stored.Select(type => Of(type, types))],
            [.. types.All.Where(type => IsNewest(type, types) && !names.Contains(type.StoredName))
                .Select(type => type.StoredName).Order(StringComparer.Ordinal)]);
        return new Answer<TypesModel>("Types", model, ExplorerJson.Default.TypesModel, View);
    }

    private static ShownType Of(EventTypeSummary stored, EventTypes types)
    {
        var listed = types.All.FirstOrDefault(type => type.StoredName == stored.Name);
        var alias = types.All.FirstOrDefault(type => type.Aliases.Contains(PlainName(stored.Name)) && IsNewest(type, types));
        var (standing, readAs) =
            stored.Name == PayloadsErased.TypeName ? ("library", null)
            : listed is not null && IsNewest(listed, types) ? ("current", null)
            : !types.StoredNames.Contains(stored.Name) ? ("unknown", null)
            : alias is not null ? ("alias", alias.StoredName)
            : ("upcast", types.All.Where(type => type.Name == PlainName(stored.Name)).MaxBy(type => type.Version)?.StoredName);
        return new ShownType(stored.Name, stored.Count, stored.FirstPosition, stored.LastPosition, standing, readAs);
    }

    private static bool IsNewest(EventType type, EventTypes types) =>
        !types.All.Any(other => other.Name == type.Name && other.Version > type.Version);

    private static string PlainName(string storedName) => storedName.LastIndexOf('@') is > 0 and var at ? storedName[..at] : storedName;

    private static Html View(TypesModel model) => Html.Of($"""
        {Parts.Title("Types", Parts.Sub(Parts.Count(model.Types.Count, "stored type")))}
        {(model.Types.Count == 0 ? Parts.Empty("No event is stored yet", "A type is shown once it has an event.") : Stored(model.Types))}
        {Html.When(model.NeverStored.Count > 0, $"{Parts.Section("Known to the app, never stored", NeverStored(model.NeverStored))}")}
        """);

    private static Html Stored(IReadOnlyList<ShownType> types) => new Table<ShownType>("Stored types")
        .Column("Stored as", type => Html.Of($"<a href=\"{Parts.Link("log", ("type", type.Name))}\">{Parts.Type(type.Name)}</a>"))
        .Column("The app", Standing)
        .Number("Events", type => type.Count)
        .Number("First", type => Parts.Event(type.FirstPosition))
        .Number("Last", type => Parts.Event(type.LastPosition))
        .Of(types);

    private static Html NeverStored(IReadOnlyList<string> names) =>
        Html.Of($"<ul class=\"chips plain\">{names.Select(name => Html.Of($"<li><span>{name}</span></li>"))}</ul>");

    private static Html Standing(ShownType type) => type.Standing switch
    {
        "current" => Parts.Badge("current", "good"),
        "alias" => Html.Of($"{Parts.Badge("alias")} of {type.ReadAs}"),
        "upcast" => Html.Of($"{Parts.Badge("upcast")} {(type.ReadAs is null ? "to other events" : "to " + type.ReadAs)}"),
        "library" => Parts.Badge("the library's own"),
        _ => Html.Of($"{Parts.Badge("unknown", "warn")} to this app"),
    };
}
