using System.Text.Json;

namespace EventSourcing.Explorer;

/// <summary>A stream, and the state that results from its events.</summary>
/// <param name="Name">Its name.</param>
/// <param name="Version">Its version now.</param>
/// <param name="At">The version that is shown.</param>
/// <param name="Aggregate">The class whose state is shown; null if none is registered.</param>
/// <param name="Events">The events up to that version, the newest first, each with what it changed.</param>
/// <param name="Older">The version at which the next page begins; null if there are no older events.</param>
/// <param name="State">The state at that version; null if it is not shown.</param>
/// <param name="IsFoldNeeded">Whether the stream is so long that its state is shown on request only.</param>
/// <param name="Compared">What differs between two versions; null if none were asked for.</param>
/// <param name="Problem">Why the state cannot be shown.</param>
/// <param name="Folding">How far the fold is, if it has not ended. Until it has, the state or the comparison is missing.</param>
internal sealed record StreamModel(
    string Name, long Version, long At, string? Aggregate, IReadOnlyList<ChangedEvent> Events, long? Older, JsonElement? State,
    bool IsFoldNeeded, ComparedVersions? Compared, string? Problem, FoldProgress? Folding = null);

/// <summary>An event, and what it changed in the state of its stream; null if that is not known.</summary>
internal sealed record ChangedEvent(ListedEvent Event, IReadOnlyList<MemberChange>? Changes);

/// <summary>What differs between two versions.</summary>
internal sealed record ComparedVersions(long From, long To, IReadOnlyList<MemberChange> Changes);

/// <summary>Shows a stream: its events with what each changed, its state at any version, and a comparison of two versions.</summary>
internal static class StreamPage
{
    /// <summary>Up to this many events are folded even if nobody has asked for the state: they fit into one page of a storage.</summary>
    public const int FoldedUnasked = 500;

    private const int Limit = 50;

    public static async Task<Answer> BuildAsync(PageContext page)
    {
        var name = page.Require("name");
        var (store, token) = (page.Store, page.Aborted);
        var version = await store.GetVersionAsync(name, token).ConfigureAwait(false);
        if (version == 0)
            throw new RefusedException(404, "There is no such stream", $"No event has been appended to a stream named '{name}'.");
        var at = Math.Clamp(page.FindNumber("at") ?? version, 1, version);
        if (page.Find("position") is not null) at = Math.Max(1, await VersionAtAsync(page, name, at).ConfigureAwait(false));
        var upTo = Math.Min(page.FindNumber("upto") ?? at, at);
        var read = new StreamRead(name) { UpTo = upTo, Direction = ReadDirection.Backwards, Limit = Limit };
        using var found = await store.Storage.ReadStreamAsync(read, token).ConfigureAwait(false);
        var events = ListedEvent.Of(found, page.Payloads);
        var older = found.IsEnd || events.Count == 0 ? (long?)null : events[^1].Version - 1;
        var model = new StreamModel(
            name, version, at, null, [.. events.Select(e => new ChangedEvent(e, null))], older, null, false, null, null);
        if (StateSource.Find(page.Options.States, store, name) is { } registered && page.Payloads.AreShown)
            model = await WithStateAsync(page, model with { Aggregate = registered.Source.Name }, registered).ConfigureAwait(false);
        return new Answer<StreamModel>(name, model, ExplorerJson.Default.StreamModel, stream => View(stream, page))
        {
            Status = model.Folding is null ? 200 : 202,
            InMotion = model.Folding is { IsStopped: false } ? "folded" : null,
        };
    }

    private static async Task<long> VersionAtAsync(PageContext page, string name, long at)
    {
        var position = await page.FindPositionAsync("position").ConfigureAwait(false) ?? long.MaxValue;
        var read = new StreamRead(name) { UpTo = at, UpToPosition = position, Direction = ReadDirection.Backwards, Limit = 1 };
        using var found = await page.Store.Storage.ReadStreamAsync(read, page.Aborted).ConfigureAwait(false);
        return found.Count > 0 ? found.Events[0].Version : 0;
    }

    private static async Task<StreamModel> WithStateAsync(
        PageContext page, StreamModel model, (StateSource Source, string Id, string Category) of)
    {
        try
        {
            return model.At > FoldedUnasked
                ? await WithLongStateAsync(page, model, of).ConfigureAwait(false)
                : await WithShortStateAsync(page, model, of).ConfigureAwait(false);
        }
        catch (Exception failure) when (failure is EventSourcingException or NotSupportedException)
        {
            return model with { Problem = page.Payloads.Error(failure.Message) };
        }
    }

    private static async Task<StreamModel> WithShortStateAsync(
        PageContext page, StreamModel model, (StateSource Source, string Id, string Category) of)
    {
        var first = model.Events.Count > 0 ? model.Events[^1].Event.Version : 1;
        var steps = await StateSteps.ReadAsync(page, of, AsOf.Version(model.At), first).ConfigureAwait(false);
        var events = model.Events.Select(e => e with { Changes = steps.ChangesOf(e.Event.Version) }).ToList();
        model = model with { Events = events, State = steps.Last };
        return await CompareAsync(page, model, of, pages: 0).ConfigureAwait(false);
    }

    /// <summary>Folds more events than one request may read: the fold goes on by itself, and its results are kept.</summary>
    private static async Task<StreamModel> WithLongStateAsync(
        PageContext page, StreamModel model, (StateSource Source, string Id, string Category) of)
    {
        var isAsked = page.Find("fold") is not null;
        var key = FoldOrders.State(page.Store, model.Name);

        // The list of events and the other version of a comparison are read too, and a request may read two pages at most.
        var pages = isAsked && page.Find("from") is null ? 1 : 0;
        var (view, begun) = await FoldAsync(page, model, model.At, of, key, isAsked, pages).ConfigureAwait(false);
        if (view.Problem is { } problem) return model with { Problem = page.Payloads.Error(problem) };
        if (view.Progress is not null) return isAsked ? model with { Folding = view.Progress } : model with { IsFoldNeeded = true };
        var (state, steps) = view.For(page.Payloads, of.Category, begun);
        var changes = steps.ToLookup(step => step.Step.Version, step => step.Changes);
        var events = model.Events.Select(e => changes.Contains(e.Event.Version)
            ? e with { Changes = [.. changes[e.Event.Version].SelectMany(some => some)] }
            : e).ToList();
        return await CompareAsync(page, model with { Events = events, State = state }, of, pages: 1).ConfigureAwait(false);
    }

    /// <summary>Gets the state at a version. If the fold may need it, also gets the state before the first event.</summary>
    private static async Task<(FoldView View, JsonElement? Begun)> FoldAsync(
        PageContext page,
        StreamModel model,
        long version,
        (StateSource Source, string Id, string Category) of,
        FoldKey key,
        bool isAsked,
        int pages)
    {
        var read = new StreamRead(model.Name) { UpTo = version, Direction = ReadDirection.Backwards, Limit = 1 };
        using var found = await page.Store.Storage.ReadStreamAsync(read, page.Aborted).ConfigureAwait(false);
        var position = found.Count > 0 ? found.Events[0].Position : 0;
        var listed = model.Events.Count > 0 ? model.Events[0].Event.Position : position;
        var view = await page.Explorer.Folds.LookAsync(
            page, key, () => of.Source.Open(page.Store, of.Id), position, Math.Min(position, listed), isAsked, pages).ConfigureAwait(false);
        if (view.Progress is not null || view is { Before: not null, State: not null }) return (view, null);
        var begun = await of.Source.ShowAsync(page.Store, of.Id, AsOf.Version(0), page.Aborted).ConfigureAwait(false);
        return (view, page.Payloads.Of(of.Category, begun.State));
    }

    private static async Task<StreamModel> CompareAsync(
        PageContext page, StreamModel model, (StateSource Source, string Id, string Category) of, int pages)
    {
        if (page.FindNumber("from") is not { } from) return model;
        from = Math.Clamp(from, 0, model.Version);
        JsonElement? before;
        if (from <= FoldedUnasked)
        {
            before = page.Payloads.Of(
                of.Category, (await of.Source.ShowAsync(page.Store, of.Id, AsOf.Version(from), page.Aborted).ConfigureAwait(false)).State);
        }
        else
        {
            var key = FoldOrders.Compared(page.Store, model.Name);
            var (view, begun) = await FoldAsync(page, model, from, of, key, isAsked: true, pages).ConfigureAwait(false);
            if (view.Problem is { } problem) return model with { Problem = page.Payloads.Error(problem) };
            if (view.Progress is not null) return model with { Folding = view.Progress };
            before = view.For(page.Payloads, of.Category, begun).State;
        }

        return model with { Compared = new ComparedVersions(from, model.At, MemberChange.Between(before, model.State)) };
    }

    private static Html View(StreamModel stream, PageContext page)
    {
        var seen = stream.At < stream.Version ? $", seen at version {Parts.Group(stream.At)}" : "";
        var older = stream.Older is not { } version ? null
            : Parts.Link(
                "stream", ("name", stream.Name), ("at", Parts.Text(stream.At)), ("upto", Parts.Text(version)), ("fold", page.Find("fold")));
        return Html.Of($"""
            {Parts.Crumbs(Html.Of($"<a href=\"streams\">Streams</a>"), Category(stream.Name))}
            {Parts.NameTitle(stream.Name, Parts.Sub(Parts.Count(stream.Version, "event") + seen))}
            {Html.When(stream.Version > 1, $"{Slider(stream, page)}")}
            <div id="folded">
            {Html.When(stream.Folding is not null, $"{Progress(stream, page)}")}
            <div class="{(stream.State is null ? "single" : "split")}">
            {(stream.State is { } state ? State(stream, state) : Html.None)}
            <section class="grow">
            {Remark(stream, page)}
            {Table(stream)}
            {Parts.Pager("Pages of the stream", older: older)}
            </section></div></div>
            """);
    }

    private static Html Progress(StreamModel stream, PageContext page) => FoldOrders.Notice(
        stream.Folding!,
        $"The {(stream.State is null ? "state" : "comparison")} is shown when the fold has ended.",
        "stream",
        ("name", stream.Name), ("at", Parts.Text(stream.At)), ("from", page.Find("from")), ("upto", page.Find("upto")), ("fold", "1"));

    private static Html Category(string stream)
    {
        var hyphen = stream.IndexOf('-', StringComparison.Ordinal);
        return hyphen <= 0
            ? Html.None
            : Html.Of($"<a href=\"{Parts.Link("streams", ("prefix", stream[..(hyphen + 1)]))}\">{stream[..hyphen]}</a>");
    }

    private static Html State(StreamModel stream, JsonElement state) => Html.Of($"""
        <aside class="panel" aria-label="State"><h2>{stream.Aggregate} at version {stream.At}</h2>
        {JsonMarkup.Members(state)}{Compare(stream)}</aside>
        """);

    /// <summary>Why no state is shown.</summary>
    private static Html Remark(StreamModel stream, PageContext page)
    {
        if (stream.Problem is { } problem) return Parts.Notice("warn", "The state cannot be shown.", problem);
        if (stream.IsFoldNeeded)
        {
            var ask = Parts.Button(Parts.Link("stream", ("name", stream.Name), ("at", Parts.Text(stream.At)), ("fold", "1")), "Show it");
            return Parts.Notice(
                "info", "The state is shown when you ask for it.", $"For that, {Parts.Group(stream.At)} events must be read.", ask);
        }

        if (stream is { State: not null, Events: [{ Event.Version: var newest }, ..] } && stream.Events.All(e => e.Changes is null))
        {
            var look = Parts.Button(Parts.Link("stream", ("name", stream.Name), ("at", Parts.Text(newest)), ("fold", "1")), "Look there");
            return Parts.Notice(
                "info", "What these events changed is no longer in memory.", $"It is shown as of version {Parts.Group(newest)}.", look);
        }

        if (stream.Folding is not null || stream.Aggregate is not null || !page.Payloads.AreShown || stream.Name[0] == '$')
            return Html.None;
        const string How = "Register the aggregate of this stream with the explorer: explorer => explorer.Aggregate<Account>().";
        return Parts.Notice("info", "What each event changed is not shown.", How);
    }

    private static Html Slider(StreamModel stream, PageContext page) => Html.Of($"""
        <form class="slider" action="stream">{Parts.Hidden("name", stream.Name)}{Fold(page.Find("fold") is not null)}
        <label for="at">As of version</label>
        <input id="at" class="at" name="at" type="number" min="1" max="{stream.Version}" value="{stream.At}">
        <input class="range" type="range" min="1" max="{stream.Version}" value="{stream.At}" aria-label="Version" data-sets="at" hidden>
        <button>Show</button>
        {Html.When(stream.At > 1, $"{Parts.Button(At(stream, stream.At - 1, page), "Before", "prev")}")}
        {Html.When(stream.At < stream.Version, $"{Parts.Button(At(stream, stream.At + 1, page), "After", "next")}")}
        {Html.When(stream.At < stream.Version, $"{Parts.Button(Parts.StreamAddress(stream.Name), "Now")}")}
        </form>
        """);

    private static Html Fold(bool isAsked) => Html.When(isAsked, $"{Parts.Hidden("fold", "1")}");

    private static string At(StreamModel stream, long version, PageContext page) =>
        Parts.Link("stream", ("name", stream.Name), ("at", Parts.Text(version)), ("fold", page.Find("fold")));

    private static Html Compare(StreamModel stream)
    {
        var from = stream.Compared?.From ?? Math.Max(0, stream.At - 1);
        return Html.Of($"""
            <form class="compare" action="stream">{Parts.Hidden("name", stream.Name)}{Fold(stream.At > FoldedUnasked)}
            <h3>Compare</h3>
            <label>from version <input name="from" type="number" min="0" max="{stream.Version}" value="{from}"></label>
            <label>to version <input name="at" type="number" min="1" max="{stream.Version}" value="{stream.At}"></label>
            <button>Compare</button></form>
            {(stream.Compared is { } compared ? Compared(compared) : Html.None)}
            """);
    }

    private static Html Compared(ComparedVersions compared) => Html.Of($"""
        <div class="compared"><p>From version {compared.From} to {compared.To}:</p>{Parts.Changes(compared.Changes)}</div>
        """);

    private static Html Table(StreamModel stream)
    {
        var table = new Table<ChangedEvent>("Events of the stream, the newest first")
            .Number("Version", e => Version(e.Event))
            .Column("Recorded (UTC)", e => Parts.Time(e.Event.RecordedAt))
            .Column("Type", e => Parts.Type(e.Event.Type));
        if (stream.Events.Any(e => e.Changes is not null))
            table.Column("Changed", e => e.Changes is { } changes ? Parts.Changes(changes) : Html.None);
        return table.Column("Data", e => Parts.PreviewAndTags(e.Event)).Of(stream.Events);
    }

    private static Html Version(ListedEvent e) => Html.Of($"""
        <a class="pos" href="{Parts.EventAddress(e.Position)}"
            aria-label="Version {e.Version}, position {e.Position}">{Parts.Group(e.Version)}</a>
        """);
}
