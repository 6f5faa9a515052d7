namespace EventSourcing.Explorer;

/// <summary>The events of a conversation.</summary>
/// <param name="Correlation">The conversation.</param>
/// <param name="Events">Its events, in the order of the log.</param>
/// <param name="IsIndexed">
/// Whether these are all events of the conversation, by <see cref="EventTraces"/>. Otherwise they are only those near a position.
/// </param>
/// <param name="SearchedFrom">The first position that was searched.</param>
/// <param name="SearchedTo">The last position that was searched.</param>
/// <param name="Head">The head of the log.</param>
/// <param name="HasMore">Whether the conversation has more events than are shown.</param>
internal sealed record TraceModel(
    string Correlation, IReadOnlyList<TraceEvent> Events, bool IsIndexed, long SearchedFrom, long SearchedTo, long Head, bool HasMore);

/// <summary>Shows the causes and effects of a conversation: as a tree, and over its streams.</summary>
internal static class TracePage
{
    private const int Window = EventSourcing.Storage.EventPage.DefaultLimit;
    private const int Most = 300;

    public static async Task<Answer> BuildAsync(PageContext page)
    {
        var correlation = page.Require("correlation");
        var head = await page.Store.GetHeadAsync(page.Aborted).ConfigureAwait(false);
        var model = await TraceIndex.ExistsAsync(page.Store, page.Aborted).ConfigureAwait(false)
            ? await IndexedAsync(page, correlation, head).ConfigureAwait(false)
            : await NearAsync(page, correlation, head).ConfigureAwait(false);
        return new Answer<TraceModel>("Trace", model, ExplorerJson.Default.TraceModel, View);
    }

    private static async Task<TraceModel> IndexedAsync(PageContext page, string correlation, long head)
    {
        var found = await TraceIndex.FindAsync(page.Store, "correlation", correlation, Most + 1, page.Aborted).ConfigureAwait(false);
        var events = found.Take(Most).ToList();

        // If the event that began the conversation came from outside, it has no correlation itself. Then its id is the correlation of the
        // others.
        if (Guid.TryParse(correlation, out var id)
            && events.All(e => e.Id != id)
            && await RootAsync(page, id).ConfigureAwait(false) is { } root)
            events.Insert(0, root);
        return new TraceModel(correlation, events, IsIndexed: true, 0, 0, head, found.Count > Most);
    }

    private static async Task<TraceEvent?> RootAsync(PageContext page, Guid id)
    {
        var position = await page.Store.GetPositionAsync(id, page.Aborted).ConfigureAwait(false);
        if (position == 0) return null;
        using var found = await page.Store.Storage.ReadLogAsync(SingleEventPage.At(position), page.Aborted).ConfigureAwait(false);
        return found.Count > 0 ? TraceEvent.Of(found.Events[0]) : null;
    }

    /// <summary>Searches one page of the log before a position, and one page that begins at that position.</summary>
    private static async Task<TraceModel> NearAsync(PageContext page, string correlation, long head)
    {
        var near = page.FindNumber("near") ?? 0;
        if (near == 0 && Guid.TryParse(correlation, out var id))
            near = await page.Store.GetPositionAsync(id, page.Aborted).ConfigureAwait(false);
        if (near == 0 || near > head) near = Math.Max(1, head - Window + 1);
        var events = new List<TraceEvent>();
        var (from, to) = (near, near);
        if (near > 1)
        {
            var earlier = new LogRead { UpTo = near - 1, Direction = ReadDirection.Backwards, Limit = Window };
            using var before = await page.Store.Storage.ReadLogAsync(earlier, page.Aborted).ConfigureAwait(false);
            Take(before);
            if (before.Count > 0) from = before.Events[^1].Position;
        }

        using var after = await page.Store.Storage.ReadLogAsync(
            new LogRead { After = near - 1, Limit = Window }, page.Aborted).ConfigureAwait(false);
        Take(after);
        if (after.Count > 0) to = after.Events[^1].Position;
        return new TraceModel(correlation, [.. events.OrderBy(e => e.Position)], IsIndexed: false, from, to, head, HasMore: false);

        void Take(EventPage found)
        {
            foreach (var stored in found.Events)
            {
                if (stored.Metadata.IsEmpty && stored.Id.ToString() != correlation) continue;
                var e = TraceEvent.Of(stored);
                if (e.Correlation == correlation || e.Id.ToString() == correlation) events.Add(e);
            }
        }
    }

    private static Html View(TraceModel trace) => Html.Of($"""
        {Parts.Title("Trace", Html.Of($"<p class=\"sub name\">{trace.Correlation}</p>"))}
        {Html.When(!trace.IsIndexed, $"{Searched(trace)}")}
        {Html.When(trace.HasMore, $"{Parts.Notice("info", $"Only the first {Most} events are shown.", "The conversation has more.")}")}
        {(trace.Events.Count == 0
            ? Parts.Empty(
                "No event of this conversation",
                trace.IsIndexed ? "No stored event has this correlation id." : "None was found in that part of the log.")
            : Html.Of($"{Parts.Section("Causes and effects", Tree(trace))}{Parts.Section("Over streams", Charts.Lanes(trace.Events))}"))}
        """);

    private static Html Searched(TraceModel trace)
    {
        var earlier = Html.When(
            trace.SearchedFrom > 1, $"{Parts.Button(Near(trace, Math.Max(1, trace.SearchedFrom - Window)), "Search earlier")}");
        var later = Html.When(trace.SearchedTo < trace.Head, $"{Parts.Button(Near(trace, trace.SearchedTo + Window), "Search later")}");
        return Parts.Notice(
            "info",
            $"Positions {Parts.Group(trace.SearchedFrom)} to {Parts.Group(trace.SearchedTo)} were searched.",
            "To find all events of a conversation at once, let the app run the read model EventTraces.",
            Html.Of($"{earlier} {later}"));
    }

    private static string Near(TraceModel trace, long position) =>
        Parts.Link("trace", ("correlation", trace.Correlation), ("near", Parts.Text(position)));

    private static Html Tree(TraceModel trace)
    {
        var ids = trace.Events.Select(e => e.Id).ToHashSet();
        var effects = trace.Events.Where(e => e.Cause is { } cause && ids.Contains(cause) && cause != e.Id).ToLookup(e => e.Cause!.Value);
        var roots = trace.Events.Where(e => e.Cause is not { } cause || !ids.Contains(cause) || cause == e.Id);
        var seen = new HashSet<Guid>();
        return Html.Of($"<ul class=\"trace\">{roots.Select(root => Branch(root, effects, seen, isRoot: true))}</ul>");
    }

    private static Html Branch(TraceEvent e, ILookup<Guid, TraceEvent> effects, HashSet<Guid> seen, bool isRoot)
    {
        if (!seen.Add(e.Id)) return Html.None;
        var children = effects[e.Id].ToList();
        var cause = Html.When(isRoot && e is { Cause: null, Causation: not null }, $"{Parts.Muted("caused by " + e.Causation)}");
        return Html.Of($"""
            <li><div class="node">{Parts.Type(e.Type)} {Parts.Stream(e.Stream)} <span class="version">v{e.Version}</span>
            <span class="muted">{Parts.Time(e.RecordedAt)}</span> {cause} {Parts.Event(e.Position)}</div>
            {Html.When(children.Count > 0, $"<ul>{children.Select(child => Branch(child, effects, seen, isRoot: false))}</ul>")}</li>
            """);
    }
}
