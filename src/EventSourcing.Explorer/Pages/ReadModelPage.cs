using System.Globalization;

namespace EventSourcing.Explorer;

/// <summary>Documents of a read model.</summary>
/// <param name="Name">Its name.</param>
/// <param name="Fields">The fields to choose and order by; none if documents may not be seen as they are.</param>
/// <param name="Filters">The conditions that all documents meet.</param>
/// <param name="OrderBy">The field that they are ordered by; null for their keys.</param>
/// <param name="Descending">Whether the last ones come first.</param>
/// <param name="Documents">The documents.</param>
/// <param name="Next">The address of the next ones; null if there are none.</param>
internal sealed record ReadModelModel(
    string Name, IReadOnlyList<FieldDefinition> Fields, IReadOnlyList<FieldFilter> Filters, string? OrderBy, bool Descending,
    IReadOnlyList<ListedDocument> Documents, string? Next);

/// <summary>A condition on a field.</summary>
internal sealed record FieldFilter(string Field, string Comparison, string Value)
{
    internal IEnumerable<(string, string?)> Parameters => [("c." + Field, Comparison), ("v." + Field, Value)];
}

/// <summary>A document as lists show it.</summary>
internal sealed record ListedDocument(string Key, string? Preview)
{
    public static ListedDocument Of(string model, StoredDocument document, Payloads payloads) =>
        new(document.Key, payloads.Of(model, document.Data) is { } value ? Parts.Short(value) : null);
}

/// <summary>The documents of one read model, by their fields.</summary>
internal static class ReadModelPage
{
    private const int Limit = 50;

    private static readonly (string Name, string Text, FieldComparison Comparison)[] Comparisons =
    [
        ("is", "is", FieldComparison.Equal), ("min", "at least", FieldComparison.AtLeast), ("max", "at most", FieldComparison.AtMost),
        ("above", "above", FieldComparison.Above), ("below", "below", FieldComparison.Below),
    ];

    public static async Task<Answer> BuildAsync(PageContext page)
    {
        var name = page.Require("name");
        var known = await FindAsync(page, name).ConfigureAwait(false);
        if (!page.Payloads.AreWhole)
        {
            // The stored fields are compared. Whoever may ask which documents have a value can find out what is hidden.
            var isAsked = page.Find("order") is not null || page.Find("at") is not null;
            if (isAsked || known.Fields.Any(field => FilterOf(page, field) is not null))
                throw new RefusedException(
                    403, "Documents are hidden",
                    "You may not see documents as they are stored, so they can be chosen and ordered by their keys only.");
            known = known with { Fields = [] };
        }

        var filters = known.Fields.Select(field => FilterOf(page, field)).OfType<FieldFilter>().ToList();
        var orderBy = page.Find("order") is { } order && known.Fields.Any(field => field.Name == order) ? order : null;
        var query = new DocumentQuery
        {
            Conditions = [.. filters.Select(filter => Condition(filter, known.Fields.First(field => field.Name == filter.Field)))],
            OrderBy = orderBy,
            Descending = page.Find("down") is not null,
            Limit = Limit + 1,
            After = page.Find("after") is { } key ? new DocumentCursor(CursorValue(page, known, orderBy), key) : null,
        };
        var found = await page.Store.Storage.ReadModels.QueryAsync(name, query, page.Aborted).ConfigureAwait(false);
        var shown = found.Take(Limit).ToList();
        string? next = null;
        if (found.Count > Limit)
        {
            var last = shown[^1];
            next = Parts.Link("read-model",
            [
                ("name", name), .. filters.SelectMany(filter => filter.Parameters), ("order", orderBy),
                ("down", query.Descending ? "1" : null),
                ("after", last.Key), ("at", orderBy is null ? null : Text(last.OrderedBy)),
            ]);
        }

        var model = new ReadModelModel(
            name, known.Fields, filters, orderBy, query.Descending,
            [.. shown.Select(document => ListedDocument.Of(name, document, page.Payloads))], next);
        return new Answer<ReadModelModel>(name, model, ExplorerJson.Default.ReadModelModel, View);
    }

    public static async Task<ShownReadModel> FindAsync(PageContext page, string name) =>
        (await ReadModelsPage.ListAsync(page).ConfigureAwait(false)).FirstOrDefault(model => model.Name == name)
        ?? throw new RefusedException(
            404, "There is no such read model", $"The store has no read model of documents named '{Parts.Cut(name, 200)}'.");

    private static FieldFilter? FilterOf(PageContext page, FieldDefinition field) =>
        page.Find("v." + field.Name) is { } value ? new FieldFilter(field.Name, page.Find("c." + field.Name) ?? "is", value) : null;

    private static FieldCondition Condition(FieldFilter filter, FieldDefinition field)
    {
        var comparison = Comparisons.FirstOrDefault(known => known.Name == filter.Comparison, Comparisons[0]).Comparison;
        return new FieldCondition(field.Name, comparison, Value(field, filter.Value));
    }

    private static FieldValue Value(FieldDefinition field, string text) => field.Kind switch
    {
        FieldKind.WholeNumber => long.TryParse(text, NumberStyles.AllowLeadingSign, CultureInfo.InvariantCulture, out var whole)
            ? new FieldValue(whole)
            : throw NotA("whole number", field, text),
        FieldKind.Number => double.TryParse(text, NumberStyles.Float, CultureInfo.InvariantCulture, out var number) && !double.IsNaN(number)
            ? new FieldValue(number)
            : throw NotA("number", field, text),
        _ => new FieldValue(text),
    };

    private static RefusedException NotA(string what, FieldDefinition field, string text) =>
        new(400, $"That is not a {what}", $"The field '{field.Name}' holds a {what}, and '{Parts.Cut(text, 100)}' is none.");

    private static FieldValue CursorValue(PageContext page, ShownReadModel known, string? orderBy) =>
        orderBy is null || page.Find("at") is not { } text ? default : Value(known.Fields.First(field => field.Name == orderBy), text);

    private static string? Text(FieldValue value) => value.Kind switch
    {
        FieldKind.WholeNumber => value.WholeNumber.ToString(CultureInfo.InvariantCulture),
        FieldKind.Number => value.Number.ToString("R", CultureInfo.InvariantCulture),
        FieldKind.Text => value.Text,
        _ => null,
    };

    private static Html View(ReadModelModel model) => Html.Of($"""
        {Parts.Crumbs(Html.Of($"<a href=\"read-models\">Read models</a>"))}
        {Parts.NameTitle(model.Name)}
        <form class="filters" action="document">{Parts.Hidden("model", model.Name)}
        <label>Key <input name="key" required maxlength="200" spellcheck="false"></label>
        <div class="buttons"><button>Open</button></div></form>
        {Html.When(model.Fields.Count > 0, $"{Filters(model)}")}
        {(model.Documents.Count > 0
            ? Documents(model)
            : Parts.Empty(
                "There is no such document",
                model.Filters.Count > 0 ? "No document meets all conditions." : "The read model is empty."))}
        {Parts.Pager("Pages of documents", older: model.Next, olderText: "More")}
        """);

    private static Html Documents(ReadModelModel model) => new Table<ListedDocument>("Documents")
        .Column("Key", document => Parts.NamedLink(DocumentPage.Address(model.Name, document.Key), document.Key))
        .Column(
            "Document",
            document => document.Preview is { } preview ? Parts.Preview(preview) : Parts.None("hidden"))
        .Of(model.Documents);

    private static Html Filters(ReadModelModel model)
    {
        var isSet = model.Filters.Count > 0 || model.OrderBy is not null;
        return Html.Of($"""
            <form class="filters" action="read-model">{Parts.Hidden("name", model.Name)}
            {model.Fields.Select(field => Filter(model, field))}
            <label>Order by
            <select name="order"><option value="">key</option>{model.Fields.Select(field => Order(model, field))}</select></label>
            <label class="check"><input type="checkbox" name="down" value="1"{Html.When(model.Descending, $" checked")}> descending</label>
            <div class="buttons"><button class="primary">Filter</button>
            {Html.When(isSet, $"{Parts.Button(Parts.Link("read-model", ("name", model.Name)), "Clear")}")}</div>
            </form>
            """);
    }

    private static Html Order(ReadModelModel model, FieldDefinition field) =>
        Html.Of($"<option value=\"{Html.Value(field.Name)}\"{Html.When(model.OrderBy == field.Name, $" selected")}>{field.Name}</option>");

    private static Html Filter(ReadModelModel model, FieldDefinition field)
    {
        var set = model.Filters.FirstOrDefault(filter => filter.Field == field.Name);
        var options = Comparisons.Select(one =>
            Html.Of($"<option value=\"{one.Name}\"{Html.When(set?.Comparison == one.Name, $" selected")}>{one.Text}</option>"));
        return Html.Of($"""
            <fieldset><legend>{field.Name}</legend>
            <select name="{Html.Value("c." + field.Name)}" aria-label="{field.Name}: comparison">{options}</select>
            <input name="{Html.Value("v." + field.Name)}" value="{Html.Value(set?.Value)}"
                aria-label="{field.Name}: value" spellcheck="false">
            </fieldset>
            """);
    }
}
