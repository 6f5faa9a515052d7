namespace EventSourcing.Explorer;

/// <summary>The read models of a store.</summary>
internal sealed record ReadModelsModel(IReadOnlyList<ShownReadModel> ReadModels, IReadOnlyList<string> Own);

/// <summary>A read model, under the name that it is read by.</summary>
internal sealed record ShownReadModel(string Name, IReadOnlyList<FieldDefinition> Fields, bool IsRegistered);

/// <summary>All read models of documents.</summary>
internal static class ReadModelsPage
{
    public static async Task<Answer> BuildAsync(PageContext page)
    {
        var all = await ListAsync(page).ConfigureAwait(false);
        var model = new ReadModelsModel(
            [.. all.Where(one => one.Name[0] != '$')], [.. all.Where(one => one.Name[0] == '$').Select(one => one.Name)]);
        return new Answer<ReadModelsModel>("Read models", model, ExplorerJson.Default.ReadModelsModel, View);
    }

    /// <summary>The read models by their aliases; those that have none, by their names.</summary>
    public static async Task<IReadOnlyList<ShownReadModel>> ListAsync(PageContext page)
    {
        var stored = await page.Store.Catalog.ListReadModelsAsync(page.Aborted).ConfigureAwait(false);
        return
        [
            .. from model in stored
               from name in model.Aliases.Count > 0 ? model.Aliases : [model.Definition.Name]
               let isRegistered = page.Options.Documents.Any(source => source.Name == name)
               select new ShownReadModel(name, model.Definition.Fields, isRegistered),
        ];
    }

    private static Html View(ReadModelsModel model) => Html.Of($"""
        {Parts.Title("Read models")}
        {(model.ReadModels.Count == 0
            ? Parts.Empty(
                "There is no read model of documents",
                "A projection makes one when it is started. Tables of a projection's own are not shown here.")
            : ReadModels(model.ReadModels))}
        {Html.When(
            model.Own.Count > 0,
            $"<details><summary>The library's own</summary><ul class=\"chips plain\">{model.Own.Select(Own)}</ul></details>")}
        """);

    private static Html ReadModels(IReadOnlyList<ShownReadModel> models) => new Table<ShownReadModel>("Read models")
        .Column("Name", one => Parts.NamedLink(Parts.Link("read-model", ("name", one.Name)), one.Name))
        .Column("Fields", one => one.Fields.Count == 0 ? Parts.None("none") : Html.Join(one.Fields.Select(Field), " "))
        .Column("History", one => one.IsRegistered ? Parts.Badge("yes", "good") : Parts.None("not registered"))
        .Of(models);

    private static Html Field(FieldDefinition field) => Html.Of($"<span class=\"tag plain\">{field.Name}</span>");

    private static Html Own(string name) => Html.Of($"<li><a href=\"{Parts.Link("read-model", ("name", name))}\">{name}</a></li>");
}
