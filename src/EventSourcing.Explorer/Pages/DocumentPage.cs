using System.Text.Json;

namespace EventSourcing.Explorer;

/// <summary>A document, as it is stored or as it was.</summary>
/// <param name="Model">Its read model.</param>
/// <param name="Key">Its key.</param>
/// <param name="AsOf">The position that it is looked at; null for now.</param>
/// <param name="Document">The document; null if there is none, or it may not be seen.</param>
/// <param name="Exists">Whether there is one.</param>
/// <param name="IsRegistered">Whether the projection is registered, so that the document can be folded afresh.</param>
/// <param name="Head">The head of the log.</param>
/// <param name="Steps">The events that made it, the newest first; null if they were not asked for.</param>
/// <param name="HasEarlier">Whether there are earlier ones than are shown.</param>
/// <param name="Problem">Why it could not be folded.</param>
internal sealed record DocumentModel(
    string Model, string Key, long? AsOf, JsonElement? Document, bool Exists, bool IsRegistered, long Head,
    IReadOnlyList<DocumentStep>? Steps, bool HasEarlier, string? Problem);

/// <summary>An event, and what it changed in a document.</summary>
internal sealed record DocumentStep(
    long Position, string Stream, long Version, string Type, DateTimeOffset RecordedAt, IReadOnlyList<MemberChange> Changes);

/// <summary>One document, the events that made it, and what it was.</summary>
internal static class DocumentPage
{
    private const int MostSteps = 50;

    public static string Address(string model, string key) => Parts.Link("document", ("model", model), ("key", key));

    public static async Task<Answer> BuildAsync(PageContext page)
    {
        var (name, key) = (page.Require("model"), page.Require("key"));
        await ReadModelPage.FindAsync(page, name).ConfigureAwait(false);
        var asOf = await page.FindPositionAsync("asof").ConfigureAwait(false);
        var head = await page.Store.GetHeadAsync(page.Aborted).ConfigureAwait(false);
        var stored = (await page.Store.Storage.ReadModels.LoadAsync(name, [key], page.Aborted).ConfigureAwait(false))[0];
        var source = page.Options.Documents.FirstOrDefault(source => source.Name == name);
        var document = stored is null ? null : page.Payloads.Of(name, stored);
        var model = new DocumentModel(name, key, null, document, stored is not null, source is not null, head, null, false, null);

        // Folding goes through the log, so it is done unasked only if that is short.
        var isAsked = asOf is not null || page.Find("fold") is not null;
        if (source is not null && page.Payloads.AreShown && (isAsked || head <= StreamPage.FoldedUnasked))
            model = await FoldAsync(page, model, source, asOf).ConfigureAwait(false);
        if (stored is null && model is { Exists: false, Steps: null or { Count: 0 }, Problem: null })
        {
            throw new RefusedException(
                404, "There is no such document", $"The read model '{name}' has no document under the key '{Parts.Cut(key, 200)}'.");
        }

        return new Answer<DocumentModel>(key, model, ExplorerJson.Default.DocumentModel, View);
    }

    private static async Task<DocumentModel> FoldAsync(PageContext page, DocumentModel model, DocumentSource source, long? asOf)
    {
        var steps = new Queue<DocumentStep>();
        var (hasEarlier, isWhole) = (false, page.Payloads.AreWhole);
        JsonElement? state = null;
        try
        {
            var end = AsOf.Position(Math.Min(asOf ?? long.MaxValue, model.Head));
            await foreach (var step in source.HistoryAsync(page.Store, model.Key, end, page.Aborted).ConfigureAwait(false))
            {
                var after = isWhole || step.State is not { } whole ? step.State : page.Payloads.Of(model.Model, whole);
                var changes = isWhole ? step.Changes : MemberChange.Between(state, after);
                state = after;
                var e = step.Event;
                steps.Enqueue(new DocumentStep(e.Position, e.Stream, e.Version, e.Type, e.RecordedAt, changes));
                if (steps.Count <= MostSteps) continue;
                steps.Dequeue();
                hasEarlier = true;
            }
        }
        catch (Exception failure) when (failure is EventSourcingException or NotSupportedException)
        {
            return model with { Problem = page.Payloads.Error(failure.Message) };
        }

        model = model with { Steps = [.. steps.Reverse()], HasEarlier = hasEarlier };
        return asOf is { } at ? model with { AsOf = at, Document = state, Exists = state is not null } : model;
    }

    private static Html View(DocumentModel model) => Html.Of($"""
        {Parts.Crumbs(
            Html.Of($"<a href=\"read-models\">Read models</a>"), Parts.NamedLink(Parts.Link("read-model", ("name", model.Model)), model.Model))}
        {Parts.NameTitle(model.Key, Parts.Sub(model.AsOf is { } at ? "as of position " + Parts.Group(at) : "as it is stored"))}
        {Html.When(model.Problem is not null, $"{Parts.Notice("warn", "It cannot be folded.", model.Problem!)}")}
        <div class="split">
        <aside class="panel" aria-label="Document"><h2>Document</h2>{Document(model)}{Html.When(model.IsRegistered, $"{AsOfForm(model)}")}</aside>
        <section class="grow"><h2>Made from</h2>{MadeFrom(model)}</section>
        </div>
        """);

    private static Html Document(DocumentModel model) => model.Document is { } document
        ? Html.Of($"""
            {JsonMarkup.Members(document)}
            <details class="raw"><summary>As text</summary><pre tabindex="0">{JsonMarkup.Pretty(document)}</pre></details>
            """)
        : Html.Of(
            $"<p>{Parts.None(model.Exists ? "hidden" : model.AsOf is null ? "There is none." : "There is none at this position.")}</p>");

    private static Html AsOfForm(DocumentModel model) => Html.Of($"""
        <form class="compare" action="document">{Parts.Hidden("model", model.Model)}{Parts.Hidden("key", model.Key)}
        <label>As of
        <input name="asof" required placeholder="position or instant" value="{(model.AsOf is { } at ? Parts.Text(at) : "")}" spellcheck="false"></label>
        <button>Show</button>{Html.When(model.AsOf is not null, $"{Parts.Button(Address(model.Model, model.Key), "Now")}")}</form>
        """);

    private static Html MadeFrom(DocumentModel model)
    {
        if (model.Steps is { Count: 0 }) return Parts.Empty("No event is about it", "At that point of the log there was none.");
        if (model.Steps is { } steps) return Steps(model, steps);
        if (!model.IsRegistered)
        {
            const string How = "Register the projection with the explorer: explorer => explorer.ReadModel(new OrderSummaries()).";
            return Parts.Notice("info", "The events that made it are not shown.", How);
        }

        var ask = Parts.Button(Parts.Link("document", ("model", model.Model), ("key", model.Key), ("fold", "1")), "Show them");
        var cost = $"It takes going through the log of {Parts.Group(model.Head)} events.";
        return Parts.Notice("info", "The events that made it are shown when you ask for it.", cost, ask);
    }

    private static Html Steps(DocumentModel model, IReadOnlyList<DocumentStep> steps)
    {
        var earlier = steps[^1].Position - 1;
        var table = new Table<DocumentStep>("Events that made it, the newest first")
            .Number("Position", step => Parts.Event(step.Position))
            .Column("Recorded (UTC)", step => Parts.Time(step.RecordedAt))
            .Column("Type", step => Parts.Type(step.Type))
            .Column("Changed", step => Parts.Changes(step.Changes))
            .Column("Stream", step => Parts.Stream(step.Stream))
            .Of(steps);
        var older = model.HasEarlier
            ? Parts.Link("document", ("model", model.Model), ("key", model.Key), ("asof", Parts.Text(earlier)))
            : null;
        return Html.Of(
            $"{table}{Parts.Pager("Earlier events", older: older, olderText: $"Earlier, as of position {Parts.Group(earlier)}")}");
    }
}
