namespace EventSourcing.Explorer;

/// <summary>A page of the log, the newest first.</summary>
internal sealed record LogModel(
    long Head, IReadOnlyList<string> Types, IReadOnlyList<string> Tags, string? Prefix, string? From, string? To, string? AsOf,
    IReadOnlyList<ListedEvent> Events, long? Older, long? Newer, IReadOnlyList<string> KnownTypes);

/// <summary>The log, filtered.</summary>
internal static class LogPage
{
    private const int Limit = 50;

    public static EventQuery FilterOf(PageContext page)
    {
        var (types, tags, prefix) = (page.FindAll("type"), TagsOf(page), page.Find("prefix"));
        return types.Count == 0 && tags.Count == 0 && prefix is null
            ? EventQuery.All
            : EventQuery.Any([new EventQueryItem(types, tags, prefix) { AllowsUnlistedTypes = true }]);
    }

    public static async Task<Answer> BuildAsync(PageContext page)
    {
        var (store, token) = (page.Store, page.Aborted);
        var head = await store.GetHeadAsync(token).ConfigureAwait(false);
        var from = page.FindInstant("from") is { Ticks: > 0 } begin
            ? await store.GetPositionAsync(begin.AddTicks(-1), token).ConfigureAwait(false)
            : 0;
        var to = page.FindInstant("to") is { } end ? await store.GetPositionAsync(end, token).ConfigureAwait(false) : long.MaxValue;
        var asOf = await page.FindPositionAsync("asof").ConfigureAwait(false) ?? long.MaxValue;
        var newest = Math.Min(to, asOf);
        var upTo = Math.Min(page.FindNumber("upto") ?? long.MaxValue, newest);
        var after = Math.Max(from, page.FindNumber("after") ?? 0);
        var goesForwards = page.Find("after") is not null;
        var direction = goesForwards ? ReadDirection.Forwards : ReadDirection.Backwards;
        var read = new LogRead { Filter = FilterOf(page), After = after, UpTo = upTo, Limit = Limit, Direction = direction };
        using var found = await store.Storage.ReadLogAsync(read, token).ConfigureAwait(false);
        var events = ListedEvent.Of(found, page.Payloads);
        if (goesForwards) events.Reverse();
        var mayBeOlder = goesForwards ? events.Count > 0 && after > 0 : !found.IsEnd;
        var mayBeNewer = goesForwards ? !found.IsEnd : upTo < newest && upTo < head;
        var types = await store.Catalog.ListEventTypesAsync(token).ConfigureAwait(false);
        var model = new LogModel(
            head, page.FindAll("type"), TagsOf(page), page.Find("prefix"), page.Find("from"), page.Find("to"), page.Find("asof"), events,
            mayBeOlder ? events.Count > 0 ? events[^1].Position - 1 : found.Next : null,
            mayBeNewer ? events.Count > 0 ? events[0].Position : upTo : null,
            [.. types.Select(type => type.Name)]);
        return new Answer<LogModel>("Log", model, ExplorerJson.Default.LogModel, log => View(log, page));
    }

    private static IReadOnlyList<string> TagsOf(PageContext page) => [.. page.FindAll("tag").Distinct(StringComparer.Ordinal)];

    private static Html View(LogModel log, PageContext page)
    {
        var isFiltered = log.Types.Count + log.Tags.Count > 0
            || log.Prefix is not null
            || log.From is not null
            || log.To is not null
            || log.AsOf is not null;
        var types = log.KnownTypes.Select(type => Option(type, log.Types.Contains(type)));
        var table = Parts.EventTable("Events, the newest first").Of(log.Events);
        var isLive = log is { To: null, AsOf: null, Newer: null };
        return Html.Of($"""
            {Parts.Title("Log", Html.Of($"{Parts.Sub(Parts.Count(log.Head, "event"))}{Html.When(isLive, $"{Live(log)}")}"))}
            <form class="filters" action="log">
            <label>Type <select name="type"><option value="">any</option>{types}</select></label>
            {Field("Tag", "tag", log.Tags.Count > 0 ? log.Tags[0] : null, "")}
            {Field("Stream begins with", "prefix", log.Prefix, "order-")}
            {Field("From (UTC)", "from", log.From, "2026-11-28 14:30")}
            {Field("To (UTC)", "to", log.To, "2026-11-28 15:00")}
            {Field("As of", "asof", log.AsOf, "position or instant")}
            <div class="buttons"><button class="primary">Filter</button>{Html.When(isFiltered, $"{Parts.Button("log", "Clear")}")}</div>
            </form>
            <p class="status" id="live-status" role="status"></p>
            {Html.When(log.Events.Count == 0, $"{None(log, isFiltered)}")}
            {(log.Events.Count > 0 ? table : Html.When(isLive, $"<div id=\"arriving\" hidden>{table}</div>"))}
            {Parts.Pager(
                "Pages of the log",
                log.Newer is { } newer ? Address(page, ("after", Parts.Text(newer))) : null,
                log.Older is { } older ? Address(page, ("upto", Parts.Text(older))) : null)}
            """);
    }

    private static Html None(LogModel log, bool isFiltered) =>
        log.Head == 0 ? Parts.Empty("The log is empty", "Events are here as soon as they are appended.")
        : Parts.Empty(isFiltered ? "No event matches" : "There are no more events", "Loosen the filter, or clear it.");

    private static Html Live(LogModel log) => Html.Of($"""
        <button type="button" class="live" data-live="{LiveAddress(log)}" aria-pressed="false" hidden>Live</button>
        """);

    private static Html Option(string type, bool isSelected) =>
        Html.Of($"<option value=\"{Html.Value(type)}\"{Html.When(isSelected, $" selected")}>{type}</option>");

    private static Html Field(string label, string name, string? value, string example) => Html.Of($"""
        <label>{label} <input name="{name}" value="{Html.Value(value)}" maxlength="200" placeholder="{example}" spellcheck="false"></label>
        """);

    private static string LiveAddress(LogModel log) => Parts.Link("live",
    [
        .. Named("type", log.Types), .. Named("tag", log.Tags), ("prefix", log.Prefix), ("after", Parts.Text(log.Head)),
    ]);

    private static string Address(PageContext page, (string, string?) further) => Parts.Link("log",
    [
        .. Named("type", page.FindAll("type")), .. Named("tag", TagsOf(page)), ("prefix", page.Find("prefix")), ("from", page.Find("from")),
        ("to", page.Find("to")), ("asof", page.Find("asof")), further,
    ]);

    private static IEnumerable<(string, string?)> Named(string name, IReadOnlyList<string> values) =>
        values.Select(value => (name, (string?)value));
}
