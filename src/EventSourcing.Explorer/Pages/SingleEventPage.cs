using System.Text.Json;

namespace EventSourcing.Explorer;

/// <summary>All that is known of an event.</summary>
internal sealed record EventModel(
    ListedEvent Event, long Head, long Bytes, JsonElement? Data, IReadOnlyList<ReadEvent> ReadAs, string? Problem, string? Aggregate,
    IReadOnlyList<MemberChange>? Changes, string? Correlation, string? Causation, TraceEvent? Cause,
    IReadOnlyList<KeyValuePair<string, string>>? Metadata,
    IReadOnlyList<TraceEvent>? Effects,
    string Leaf,
    bool IsLeafWhole,
    LedgerState Ledger);

/// <summary>What the app reads a stored event as.</summary>
internal sealed record ReadEvent(string Type, JsonElement? Data);

/// <summary>One event.</summary>
internal static class SingleEventPage
{
    private const int LargeBytes = 64 * 1024;
    private const int MostEffects = 50;

    public static LogRead At(long position) => new() { After = Math.Max(0, position - 1), UpTo = Math.Max(0, position), Limit = 1 };

    public static RefusedException Missing(long position) =>
        new(404, "There is no such event", $"The log has no event at position {Parts.Group(position)}.");

    public static async Task<Answer> BuildAsync(PageContext page)
    {
        var (store, token) = (page.Store, page.Aborted);
        var position = await PositionAsync(page).ConfigureAwait(false);
        using var found = await store.Storage.ReadLogAsync(At(position) with { WithSeals = true }, token).ConfigureAwait(false);
        if (found.Count == 0) throw Missing(position);
        var (model, head) = (Stored(page, found), await store.GetHeadAsync(token).ConfigureAwait(false));
        model = await WithTodayAsync(page, model with { Head = head }).ConfigureAwait(false);
        if (Guid.TryParse(model.Causation, out var cause)
            && await store.GetPositionAsync(cause, token).ConfigureAwait(false) is > 0 and var at)
            model = model with { Cause = await CauseAsync(store, at, token).ConfigureAwait(false) };
        model = model with { Effects = await TraceIndex.EffectsAsync(store, model.Event.Id, MostEffects, token).ConfigureAwait(false) };
        return new Answer<EventModel>($"{model.Event.Type} at {Parts.Group(position)}", model, ExplorerJson.Default.EventModel, View);
    }

    private static async Task<TraceEvent?> CauseAsync(EventStore store, long position, CancellationToken cancellationToken)
    {
        using var found = await store.Storage.ReadLogAsync(At(position), cancellationToken).ConfigureAwait(false);
        return found.Count > 0 ? TraceEvent.Of(found.Events[0]) : null;
    }

    private static EventModel Stored(PageContext page, EventPage found)
    {
        var e = found.Events[0];
        var (correlation, causation, values) = ListedEvent.Metadata(e.Metadata);
        var isLarge = e.Data.Length > LargeBytes;
        var data = e.IsErased || isLarge ? null : page.Payloads.Of(e.Type, e.Data);
        var (leaf, isWhole) = LeafOf(e, page.Payloads);
        return new EventModel(
            ListedEvent.Of(e, page.Payloads), 0, e.Data.Length, data, [], null, null, null, correlation, causation, null,
            page.Payloads.AreShown ? values : null, null, leaf, isWhole, LedgerState.Of(page));
    }

    private static (string Leaf, bool IsWhole) LeafOf(in StoredEvent e, Payloads payloads)
    {
        try
        {
            return (e.ToLeaf().Hash().ToString(), true);
        }
        catch (ArgumentException flaw)
        {
            return (payloads.Error(flaw.Message), false);
        }
    }

    private static async Task<long> PositionAsync(PageContext page)
    {
        if (page.FindNumber("position") is { } position) return position;
        if (page.Find("stream") is { } stream && page.FindNumber("version") is { } version)
        {
            var read = new StreamRead(stream) { After = Math.Max(0, version - 1), UpTo = version, Limit = 1 };
            using var found = await page.Store.Storage.ReadStreamAsync(read, page.Aborted).ConfigureAwait(false);
            return found.Count > 0
                ? found.Events[0].Position
                : throw new RefusedException(404, "There is no such event", $"The stream '{stream}' has no version {version}.");
        }

        var text = page.Require("id");
        var known = Guid.TryParse(text, out var id) ? await page.Store.GetPositionAsync(id, page.Aborted).ConfigureAwait(false) : 0;
        if (known == 0) throw new RefusedException(404, "There is no such event", $"No event has the id '{Parts.Cut(text, 100)}'.");
        return known;
    }

    /// <summary>Adds what the app reads the event as, and what it changed in the state of its stream.</summary>
    private static async Task<EventModel> WithTodayAsync(PageContext page, EventModel model)
    {
        var (e, store) = (model.Event, page.Store);
        if (!page.Payloads.AreShown) return model;
        try
        {
            IReadOnlyList<RecordedEvent> parts;
            if (StateSource.Find(page.Options.States, store, e.Stream) is { } of)
            {
                model = model with { Aggregate = of.Source.Name };
                if (e.Version <= StreamPage.FoldedUnasked)
                {
                    var steps = await StateSteps.ReadAsync(page, of, AsOf.Version(e.Version), e.Version).ConfigureAwait(false);
                    model = model with { Changes = steps.ChangesOf(e.Version) ?? [] };
                    parts = steps.EventsOf(e.Version);
                    return model with { ReadAs = Today(page, model, parts) };
                }
            }

            var read = new LogReadOptions
            {
                After = e.Position - 1,
                AsOf = AsOf.Position(e.Position),
                Limit = 1,
                UnknownEvents = UnknownEvents.AsRaw,
            };
            var list = new List<RecordedEvent>();
            await foreach (var part in store.ReadLogAsync(read, page.Aborted).ConfigureAwait(false)) list.Add(part);
            return model with { ReadAs = Today(page, model, list) };
        }
        catch (Exception failure) when (failure is EventSourcingException or NotSupportedException)
        {
            return model with { Problem = page.Payloads.Error(failure.Message) };
        }
    }

    /// <summary>The events that the stored one is read as, if they are not what is stored.</summary>
    private static List<ReadEvent> Today(PageContext page, EventModel model, IReadOnlyList<RecordedEvent> parts)
    {
        if (model.Event.IsErased || model.Bytes > LargeBytes || parts is [{ Data: UnknownEvent or PayloadsErased }]) return [];
        var today = new List<ReadEvent>();
        foreach (var part in parts)
        {
            var json = JsonSerializer.SerializeToElement(part.Data, page.Store.Json.GetTypeInfo(part.Data.GetType()));
            today.Add(new ReadEvent(part.Type, page.Payloads.Of(part.Type, json)));
        }

        if (today is not [{ Data: { } read } only] || only.Type != model.Event.Type || model.Data is not { } stored) return today;
        return JsonElement.DeepEquals(read, stored) ? [] : today;
    }

    private static Html View(EventModel model)
    {
        var e = model.Event;
        return Html.Of($"""
            {Parts.Crumbs(
                Html.Of($"<a href=\"log\">Log</a>"),
                Parts.Stream(e.Stream),
                Html.Of($"<a href=\"{At(e)}\">version {Parts.Group(e.Version)}</a>"))}
            <div class="title"><h1>{Parts.Type(e.Type)}</h1>
            <p class="sub">position {Parts.Group(e.Position)} of {Parts.Group(model.Head)}, recorded {Parts.Time(e.RecordedAt)} UTC</p>
            <span class="steps">{Html.When(e.Position > 1, $"{Parts.Button(Parts.EventAddress(e.Position - 1), "Before", "prev")}")}
            {Html.When(e.Position < model.Head, $"{Parts.Button(Parts.EventAddress(e.Position + 1), "After", "next")}")}</span></div>
            <div class="split even">
            <div>
            {Html.When(model.Aggregate is not null, $"{Parts.Panel("What it changed", Changed(model))}")}
            {Parts.Panel("Data", Data(model))}
            {Html.When(model.Problem is not null, $"{Parts.Notice("warn", "The app cannot read it.", model.Problem!)}")}
            {Html.When(model.ReadAs.Count > 0, $"{Parts.Panel("Read by the app as", Html.Join(model.ReadAs.Select(Today)))}")}
            </div>
            <div>
            {Parts.Panel("Cause and effects", Causes(model))}
            {Parts.Panel("Recorded with it", Recorded(model))}
            {Parts.Panel("Proof", Proof(model))}
            </div></div>
            """);
    }

    private static string At(ListedEvent e) => Parts.Link("stream", ("name", e.Stream), ("at", Parts.Text(e.Version)));

    private static Html Today(ReadEvent today) =>
        Html.Of($"<p>{Parts.Type(today.Type)}</p>{(today.Data is { } data ? JsonMarkup.Tree(data) : Html.None)}");

    private static Html Changed(EventModel model)
    {
        var e = model.Event;
        if (model.Changes is { } changes)
        {
            return Html.Of($"""
                <p class="muted">in {model.Aggregate} {Parts.Stream(e.Stream)}</p>{Parts.Changes(changes)}
                <p class="more"><a href="{At(e)}">The state after it</a></p>
                """);
        }

        var address = Parts.Link("stream", ("name", e.Stream), ("at", Parts.Text(e.Version)), ("fold", "1"));
        return Html.Of($"<p>The stream is long. <a href=\"{address}\">Go through its {Parts.Group(e.Version)} events</a> to see it.</p>");
    }

    private static Html Data(EventModel model)
    {
        if (model.Event.IsErased)
        {
            var records = Html.Of($"<a href=\"{Parts.StreamAddress(PayloadsErased.StreamName)}\">The records</a>");
            return Html.Of($"<p>{Parts.Badge("erased", "bad")} The payload was erased. {records} say when and why.</p>");
        }

        var address = Parts.Link("data", ("position", Parts.Text(model.Event.Position)));
        if (model.Data is { } data)
        {
            return Html.Of($"""
                {JsonMarkup.Tree(data)}
                <details class="raw"><summary>As text, {Parts.Bytes(model.Bytes)}</summary><pre tabindex="0">{JsonMarkup.Pretty(data)}</pre>
                <p><a href="{address}" download>Download</a></p></details>
                """);
        }

        if (model.Event.Preview is not { } preview) return Html.Of($"<p>{Parts.None("hidden")}</p>");
        return Html.Of($"""
            <p class="preview">{preview}</p>
            <p>That is the beginning of {Parts.Bytes(model.Bytes)}. <a href="{address}" download>Download all of it</a></p>
            """);
    }

    private static Html Causes(EventModel model)
    {
        var trace = Parts.Link(
            "trace", ("correlation", model.Correlation ?? model.Event.Id.ToString()), ("near", Parts.Text(model.Event.Position)));
        var cause = model.Cause is { } by ? Link(by)
            : model.Causation is { } causation ? Html.Of($"{Parts.Name(causation)}, which is no event of this store")
            : Parts.None("nothing is recorded");
        var effects = model.Effects is not { } found ? Html.Of($"<a href=\"{trace}\">look for them near it</a>")
            : found.Count == 0 ? Parts.None("none is recorded")
            : Html.Of($"<ul class=\"plain\">{found.Select(effect => Html.Of($"<li>{Link(effect)}</li>"))}</ul>");
        return new Facts()
            .Add("Caused by", cause)
            .Add("Conversation", Parts.NamedLink(trace, model.Correlation ?? "of this event"))
            .Add("Effects", effects)
            .Of();

        static Html Link(TraceEvent e) => Html.Of($"{Parts.Event(e.Position)} {Parts.Type(e.Type)} {Parts.Stream(e.Stream)}");
    }

    private static Html Recorded(EventModel model)
    {
        var e = model.Event;
        var facts = new Facts()
            .Add("Id", Html.Of($"<span class=\"mono\">{e.Id.ToString()}</span>"))
            .Add("Stream", Parts.Stream(e.Stream))
            .Add("Version", Parts.Group(e.Version));
        if (e.Tags.Count > 0) facts.Add("Tags", Parts.Tags(e.Tags));
        foreach (var (name, value) in model.Metadata ?? []) facts.Add(name, value);
        return facts.Of();
    }

    private static Html Proof(EventModel model)
    {
        var pinned = model.Ledger.CheckpointSize ?? 0;
        var text = model.Ledger.Origin is null
            ? "This store signs no checkpoints. The proof leads to the root that the store itself states now."
            : pinned >= model.Event.Position
                ? $"A signed checkpoint of {Parts.Count(pinned, "event")} covers it. The file stands alone: "
                    + "whoever has the public key can check it."
                : "It is proven under a signed checkpoint that covers it, if the store knows one.";
        var address = Parts.Link("proof", ("position", Parts.Text(model.Event.Position)));
        return Html.Of($"""
            {new Facts().Add("Leaf", Html.Of($"<span class=\"mono wrap\">{model.Leaf}</span>")).Of()}<p>{text}</p>
            {Html.When(model.IsLeafWhole, $"<p><a class=\"button primary\" href=\"{address}\" download>Download the proof</a></p>")}
            """);
    }
}
