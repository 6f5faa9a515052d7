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
/// <param name="Folding">How far the fold is, if it is not at its end: the steps are those up to there.</param>
/// <param name="SoFar">The document as of there, if it was asked for as of a position.</param>
internal sealed record DocumentModel(
    string Model, string Key, long? AsOf, JsonElement? Document, bool Exists, bool IsRegistered, long Head,
    IReadOnlyList<DocumentStep>? Steps, bool HasEarlier, string? Problem, FoldProgress? Folding, JsonElement? SoFar);

/// <summary>An event, and what it changed in a document.</summary>
internal sealed record DocumentStep(
    long Position, string Stream, long Version, string Type, DateTimeOffset RecordedAt, IReadOnlyList<MemberChange> Changes);

/// <summary>One document, the events that made it, and what it was.</summary>
internal static class DocumentPage
{
    private const int PagesRead = 2;

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
        var model = new DocumentModel(
            name, key, null, document, stored is not null, source is not null, head, null, false, null, null, null);

        // A request reads two pages of events at most. What takes more is done only if somebody asks for it.
        if (source is not null && page.Payloads.AreShown)
        {
            var isAsked = asOf is not null || page.Find("fold") is not null;
            model = await FoldAsync(page, model, source, asOf, isAsked).ConfigureAwait(false);
        }

        if (stored is null && model is { Exists: false, Steps: null or { Count: 0 }, Problem: null, Folding: null })
        {
            throw new RefusedException(
                404, "There is no such document", $"The read model '{name}' has no document under the key '{Parts.Cut(key, 200)}'.");
        }

        return new Answer<DocumentModel>(key, model, ExplorerJson.Default.DocumentModel, View)
        {
            Status = model.Folding is null ? 200 : 202,
            InMotion = model.Folding is { IsStopped: false } ? "folded" : null,
        };
    }

    private static async Task<DocumentModel> FoldAsync(
        PageContext page, DocumentModel model, DocumentSource source, long? asOf, bool isAsked)
    {
        FoldView view;
        try
        {
            var fold = FoldOrders.Document(page.Store, model.Model, model.Key);
            var upTo = Math.Min(asOf ?? model.Head, model.Head);
            view = await page.Explorer.Folds.LookAsync(
                page, fold, () => source.Open(page.Store, model.Key), upTo, upTo, isAsked, PagesRead).ConfigureAwait(false);
        }
        catch (Exception failure) when (failure is EventSourcingException or NotSupportedException)
        {
            return model with { Problem = page.Payloads.Error(failure.Message) };
        }

        if (view.Problem is { } problem) return model with { Problem = page.Payloads.Error(problem) };
        if (view.Progress is not null && !isAsked) return model;
        var (state, steps) = view.For(page.Payloads, model.Model);
        model = model with { AsOf = asOf, Steps = [.. steps.Reverse().Select(Step)], HasEarlier = view.HasEarlier };
        model = model with { Folding = view.Progress };
        return asOf is null ? model
            : view.Progress is null ? model with { Document = state, Exists = state is not null }
            : model with { SoFar = state, Document = null, Exists = false };

        static DocumentStep Step((KeptStep Step, IReadOnlyList<MemberChange> Changes) of) => new(
            of.Step.Position, of.Step.Stream, of.Step.Version, of.Step.Type, of.Step.RecordedAt, of.Changes);
    }

    private static Html View(DocumentModel model) => Html.Of($"""
        {Parts.Crumbs(
            Html.Of($"<a href=\"read-models\">Read models</a>"),
            Parts.NamedLink(Parts.Link("read-model", ("name", model.Model)), model.Model))}
        <div id="folded">
        {Parts.NameTitle(model.Key, Parts.Sub(When(model)))}
        {Html.When(model.Problem is not null, $"{Parts.Notice("warn", "It cannot be folded.", model.Problem!)}")}
        {Html.When(model.Folding is not null, $"{Progress(model)}")}
        <div class="split">
        <aside class="panel" aria-label="Document"><h2>Document</h2>
        {Document(model)}{Html.When(model.IsRegistered, $"{AsOfForm(model)}")}</aside>
        <section class="grow"><h2>Made from</h2>{MadeFrom(model)}</section>
        </div></div>
        """);

    private static string When(DocumentModel model) => model switch
    {
        { AsOf: null } => "as it is stored",
        { Folding: { } fold } => $"as of position {Parts.Group(fold.Position)}, on the way to {Parts.Group(fold.UpTo)}",
        _ => "as of position " + Parts.Group(model.AsOf.Value),
    };

    private static Html Progress(DocumentModel model) => FoldOrders.Notice(
        model.Folding!,
        $"Meanwhile, {(model.AsOf is null ? "the list of its events" : "all on this page")} ends at this position.",
        "document",
        ("model", model.Model),
        ("key", model.Key),
        ("asof", model.AsOf is { } at ? Parts.Text(at) : null), ("fold", model.AsOf is null ? "1" : null));

    private static Html Document(DocumentModel model) => (model.Document ?? model.SoFar) is { } document
        ? Html.Of($"""
            {JsonMarkup.Members(document)}
            <details class="raw"><summary>As text</summary><pre tabindex="0">{JsonMarkup.Pretty(document)}</pre></details>
            """)
        : Html.Of($"<p>{Parts.None(Missing(model))}</p>");

    private static string Missing(DocumentModel model) => model.Exists ? "hidden"
        : model.Folding is { } fold ? $"There is none as of position {Parts.Group(fold.Position)}."
        : model.AsOf is null ? "There is none."
        : "There is none at this position.";

    private static Html AsOfForm(DocumentModel model) => Html.Of($"""
        <form class="compare" action="document">{Parts.Hidden("model", model.Model)}{Parts.Hidden("key", model.Key)}
        <label>As of
        <input name="asof" required placeholder="position or instant"
            value="{(model.AsOf is { } at ? Parts.Text(at) : "")}" spellcheck="false"></label>
        <button>Show</button>{Html.When(model.AsOf is not null, $"{Parts.Button(Address(model.Model, model.Key), "Now")}")}</form>
        """);

    private static Html MadeFrom(DocumentModel model)
    {
        if (model.Steps is { Count: 0 }) return Parts.Empty(
            "No event is about it", model.Folding is null ? "At that point of the log there was none." : "None has been found so far.");
        if (model.Steps is { } steps) return Steps(model, steps);
        if (!model.IsRegistered)
        {
            const string How = "Register the projection with the explorer: explorer => explorer.ReadModel(new OrderSummaries()).";
            return Parts.Notice("info", "The events that made it are not shown.", How);
        }

        var ask = Parts.Button(Parts.Link("document", ("model", model.Model), ("key", model.Key), ("fold", "1")), "Show them");
        var cost = $"For that, the log of {Parts.Group(model.Head)} events must be read.";
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
