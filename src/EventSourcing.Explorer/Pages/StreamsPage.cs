namespace EventSourcing.Explorer;

/// <summary>A page of the streams, by name.</summary>
/// <param name="Prefix">What their names are to begin with; null for all.</param>
/// <param name="Streams">The streams.</param>
/// <param name="Next">The name after which the next page begins; null if there is none.</param>
/// <param name="Categories">The first categories, if all streams are listed.</param>
/// <param name="IsWithinCategories">Whether no name begins so, and these have it after their category.</param>
internal sealed record StreamsModel(
    string? Prefix, IReadOnlyList<StreamSummary> Streams, string? Next, IReadOnlyList<ShownCategory> Categories, bool IsWithinCategories);

/// <summary>What the names of some streams begin with, and how many there are: at most as many as one page lists.</summary>
internal sealed record ShownCategory(string Name, int Streams, bool HasMore);

/// <summary>All streams, by category or by the beginning of their names.</summary>
internal static class StreamsPage
{
    private const int Limit = 50;
    private const int MostCategories = 24;
    private const int MostCounted = 100;
    private const int MostWithinCategory = 10;
    private const int LongestName = 200;

    public static async Task<Answer> BuildAsync(PageContext page)
    {
        var (catalog, token) = (page.Store.Storage.Catalog, page.Aborted);
        await page.Store.GetHeadAsync(token).ConfigureAwait(false);
        var (prefix, after) = (page.Find("prefix"), page.Find("after"));
        var found = await catalog.ListStreamsAsync(
            new StreamListing { Prefix = prefix ?? "", After = after, Limit = Limit }, token).ConfigureAwait(false);
        var categories = prefix is null && after is null ? await CategoriesAsync(catalog, token).ConfigureAwait(false) : [];
        var within = found.Streams.Count == 0 && prefix is not null && after is null
            ? await FindWithinCategoriesAsync(catalog, prefix, token).ConfigureAwait(false)
            : [];
        var model = within.Count > 0
            ? new StreamsModel(prefix, within, null, [], IsWithinCategories: true)
            : new StreamsModel(prefix, found.Streams, found.IsEnd ? null : found.Streams[^1].Name, categories, IsWithinCategories: false);
        return new Answer<StreamsModel>("Streams", model, ExplorerJson.Default.StreamsModel, View);
    }

    /// <summary>
    /// The streams whose names begin with a text after their category: somebody who looks for <c>ann</c> need not know that it is
    /// <c>account-ann</c>. A few of each of the first categories.
    /// </summary>
    public static async Task<IReadOnlyList<StreamSummary>> FindWithinCategoriesAsync(
        IStorageCatalog catalog, string text, CancellationToken cancellationToken)
    {
        var found = new List<StreamSummary>();
        foreach (var category in await CategoriesAsync(catalog, cancellationToken).ConfigureAwait(false))
        {
            if (category.Name.Length + text.Length > LongestName) continue;
            var listing = new StreamListing { Prefix = category.Name + text, Limit = MostWithinCategory };
            found.AddRange((await catalog.ListStreamsAsync(listing, cancellationToken).ConfigureAwait(false)).Streams);
        }

        return found;
    }

    /// <summary>The first categories. Each is found by one look behind the one before it, however many streams that has.</summary>
    private static async Task<IReadOnlyList<ShownCategory>> CategoriesAsync(IStorageCatalog catalog, CancellationToken cancellationToken)
    {
        var categories = new List<ShownCategory>();
        string? after = null;
        while (categories.Count < MostCategories)
        {
            var next = await catalog.ListStreamsAsync(
                new StreamListing { After = after, Limit = 1 }, cancellationToken).ConfigureAwait(false);
            if (next.Streams.Count == 0) break;
            var name = next.Streams[0].Name;
            var hyphen = name.IndexOf('-', StringComparison.Ordinal);
            if (hyphen <= 0 || hyphen > 190)
            {
                after = name;
                continue;
            }

            var prefix = name[..(hyphen + 1)];
            var listed = await catalog.ListStreamsAsync(
                new StreamListing { Prefix = prefix, Limit = MostCounted }, cancellationToken).ConfigureAwait(false);
            categories.Add(new ShownCategory(prefix, listed.Streams.Count, !listed.IsEnd));
            after = prefix + "\U0010FFFF";
        }

        return categories;
    }

    private static Html View(StreamsModel model)
    {
        var older = model.Next is null ? null : Parts.Link("streams", ("prefix", model.Prefix), ("after", model.Next));
        return Html.Of($"""
            {Parts.Title("Streams")}
            <form class="filters" action="streams">
            <label>Name begins with
            <input name="prefix" value="{Html.Value(model.Prefix)}" maxlength="200" placeholder="order-" spellcheck="false"></label>
            <div class="buttons"><button class="primary">Find</button>
            {Html.When(model.Prefix is not null, $"{Parts.Button("streams", "All")}")}</div>
            </form>
            {Html.When(model.Categories.Count > 0, $"{Parts.Section("Categories", Categories(model.Categories))}")}
            {Html.When(model.IsWithinCategories, $"{Parts.Notice("info", "No name begins so.", "These have it after their category.")}")}
            {(model.Streams.Count == 0 ? None(model) : Streams(model.Streams))}
            {Parts.Pager("Pages of streams", older: older, olderText: "More")}
            """);
    }

    private static Html None(StreamsModel model) => Parts.Empty(
        "No stream is named so", model.Prefix is null
            ? "The store has no events yet."
            : "Names are compared letter by letter, in upper and lower case.");

    private static Html Categories(IReadOnlyList<ShownCategory> categories) =>
        Html.Of($"<ul class=\"chips\">{categories.Select(Category)}</ul>");

    private static Html Category(ShownCategory category)
    {
        var count = Parts.Group(category.Streams) + (category.HasMore ? "+" : "");
        return Html.Of($"""
            <li><a href="{Parts.Link("streams", ("prefix", category.Name))}">
            <i class="dot {Parts.Hue(category.Name)}"></i>{category.Name} <span class="count">{count}</span></a></li>
            """);
    }

    private static Html Streams(IReadOnlyList<StreamSummary> streams) => new Table<StreamSummary>("Streams by name")
        .Column("Stream", stream => Parts.Stream(stream.Name))
        .Number("Events", stream => stream.Version)
        .Number("Newest", stream => Parts.Event(stream.LastPosition))
        .Column("Recorded (UTC)", stream => Parts.Time(stream.LastRecordedAt))
        .Of(streams);
}
