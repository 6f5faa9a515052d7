using Microsoft.AspNetCore.Http;

namespace EventSourcing.Explorer;

/// <summary>The checkpoints, the verification, and the erasures.</summary>
internal sealed record LedgerModel(
    long Head, LedgerState State, string? Root, IReadOnlyList<ShownCheckpoint>? Checkpoints, string? CheckpointsProblem,
    IReadOnlyList<string> Keys, VerificationModel? Verification, IReadOnlyList<ShownErasure> Erasures);

/// <summary>A checkpoint that is kept outside of the store.</summary>
internal sealed record ShownCheckpoint(long Size, string Root, IReadOnlyList<string> Signers);

/// <summary>Shows what proves the history: the tree, the checkpoints, the verification, and the erasures.</summary>
internal static class LedgerPage
{
    private const int MostCheckpoints = 50;
    private const int MostErasures = 50;

    public static async Task<Answer> BuildAsync(PageContext page)
    {
        var (store, token) = (page.Store, page.Aborted);
        var (head, problem, root) = (0L, (string?)null, (string?)null);
        IReadOnlyList<ShownCheckpoint>? checkpoints = null;
        IReadOnlyList<ShownErasure> erasures = [];
        try
        {
            head = await store.GetHeadAsync(token).ConfigureAwait(false);
            root = (await store.Storage.Ledger.GetFrontierAsync(token).ConfigureAwait(false)).Root().ToString();
            erasures = await OverviewPage.ErasuresAsync(page, MostErasures).ConfigureAwait(false);
            if (store.Options.Ledger?.Sink is FileCheckpointSink sink)
                checkpoints = await page.Explorer.Checkpoints.ReadAsync(sink, MostCheckpoints, token).ConfigureAwait(false);
        }
        catch (EventSourcingException failure)
        {
            // If a store contradicts its checkpoints, it serves nothing. But it can be verified, and this page is there for that.
            problem = page.Payloads.Error(failure.Message);
        }

        var keys = store.Options.Ledger?.Verifiers.Select(verifier => verifier.ToString() ?? verifier.Name).ToList() ?? [];
        var model = new LedgerModel(
            head, LedgerState.Of(page), root, checkpoints, problem, keys, page.Explorer.Verification.Look(page.Payloads), erasures);
        return new Answer<LedgerModel>("Ledger", model, ExplorerJson.Default.LedgerModel, View)
        {
            InMotion = model.Verification?.IsRunning == true ? "verification" : null,
        };
    }

    /// <summary>
    /// Starts or cancels a verification. A verification changes nothing, so everybody who may see the pages may start one. Only one runs
    /// at a time.
    /// </summary>
    public static async Task VerifyAsync(HttpContext http, PageContext page)
    {
        if (!http.Request.HasFormContentType)
            throw new RefusedException(415, "That is not an order", "An order must be sent as a form. Nothing was ordered.");
        var form = await http.Request.ReadFormAsync(page.Aborted).ConfigureAwait(false);
        if (form["order"] == "cancel") page.Explorer.Verification.Cancel();
        else page.Explorer.Verification.TryStart(page.Store, ProjectionOrders.NameOf(http), page.Now, page.Explorer.Stopping);
        http.Response.StatusCode = StatusCodes.Status303SeeOther;
        http.Response.Headers.Location = "ledger#verification";
    }

    private static Html View(LedgerModel model) => Html.Of($"""
        {Parts.Title("Ledger", Parts.Sub(model.State.Origin ?? "this store signs no checkpoints"))}
        {Html.When(model.CheckpointsProblem is not null, $"{Parts.Notice("bad", "The store is refused.", model.CheckpointsProblem!)}")}
        {Html.When(model.State.Failure is not null, $"{Parts.Notice("bad", "The last checkpoint failed.", model.State.Failure!)}")}
        {Figures(model)}
        <section id="verification"><h2>Verification</h2>{Verification(model.Verification)}</section>
        {Html.When(model.Keys.Count > 0, $"{Parts.Section("Public keys", Keys(model.Keys))}")}
        {(model.Checkpoints is { } checkpoints ? Parts.Section("Checkpoints kept outside", Checkpoints(checkpoints)) : Html.None)}
        {Parts.Section("Erasures", model.Erasures.Count == 0
            ? Parts.Empty("No payload was ever erased", "Each erasure is an event of its own, with a reason.")
            : OverviewPage.Erasures(model.Erasures))}
        """);

    private static Html Figures(LedgerModel model)
    {
        var root = model.Root is { } stored ? "root " + stored : "the tree cannot be read";
        var signed = model.State.CheckpointRoot is { } pinned ? "root " + pinned
            : model.State.Origin is null ? "give EventStoreOptions.Ledger"
            : "this process has seen none yet";
        return new Cards()
            .Add("Events in the tree", Figure(Parts.Group(model.Head)), Root(root))
            .Add("Newest checkpoint", Figure(model.State.CheckpointSize is { } size ? Parts.Group(size) : "none"), Root(signed))
            .Of();
    }

    private static Html Figure(string text) => Html.Of($"<span class=\"figure\">{text}</span>");

    private static Html Root(string text) => Html.Of($"<span class=\"note mono wrap\">{text}</span>");

    private static Html Keys(IReadOnlyList<string> keys) => Html.Of($"""
        <p class="muted">With one of these, anybody can check a proof or a checkpoint, without the store.</p>
        <ul class="plain">{keys.Select(key => Html.Of($"<li class=\"mono wrap\">{key}</li>"))}</ul>
        """);

    private static Html Checkpoints(IReadOnlyList<ShownCheckpoint> checkpoints) => checkpoints.Count == 0
        ? Parts.Empty("None is kept yet", "The first one is signed when it is due.")
        : new Table<ShownCheckpoint>("Checkpoints, the newest first")
            .Number("Events", one => one.Size)
            .Column("Root", one => Html.Of($"<span class=\"mono wrap\">{one.Root}</span>"))
            .Column("Signed by", one => string.Join(", ", one.Signers))
            .Of(checkpoints);

    private static Html Verification(VerificationModel? run) => run switch
    {
        null => Html.Of($"""
            <p>Computes the whole tree anew from the stored events, and compares it with the stored tree and with the checkpoints.</p>
            {Button("start", "Verify the log")}
            """),
        { IsRunning: true } => Html.Of($"""
            <p role="status">{SoFar(run)}</p>
            {Charts.Meter(run.Head == 0 ? 0 : (double)run.Position / run.Head, "Verified")}{Button("cancel", "Cancel")}
            """),
        { State: "sound" } => Html.Of($"{Parts.Notice("good", "The log is sound.", Summary(run))}{Button("start", "Verify again")}"),
        { State: "not sound" } =>
            Html.Of($"{Parts.Notice("bad", "The log is not sound.", Summary(run))}{Findings(run.Found)}{Button("start", "Verify again")}"),
        { State: "cancelled" } => Html.Of($"""
            {Parts.Notice("warn", "The verification was cancelled.", "It did not reach the end, so it proves nothing.")}
            {Button("start", "Verify the log")}
            """),
        _ => Html.Of($"{Parts.Notice("bad", "The verification failed.", run.Failure ?? "")}{Button("start", "Verify again")}"),
    };

    private static string SoFar(VerificationModel run) =>
        $"{Parts.Group(run.Position)} of {Parts.Group(run.Head)} events, {Parts.Count(run.Findings, "finding")} so far.";

    private static string Summary(VerificationModel run)
    {
        var compared = $"compared with {Parts.Count(run.ComparedCheckpoints, "checkpoint")}";
        return $"{Parts.Count(run.Position, "event")}, root {run.Root}, {compared}; begun {Parts.Plain(run.StartedAt)} by {run.By}.";
    }

    private static Html Button(string order, string title) =>
        Html.Of(
            $"<form method=\"post\" action=\"verify\"><button class=\"primary\" name=\"order\" value=\"{order}\">{title}</button></form>");

    private static Html Findings(IReadOnlyList<LedgerFinding> findings) => new Table<LedgerFinding>("Findings")
        .Column("Kind", one => Parts.Badge(one.Kind.ToString(), "bad"))
        .Number(
            "Position",
            one => one.Position > 0
                ? Html.Of($"{Parts.Event(one.Position)}{Html.When(one.UpTo > one.Position, $" to {Parts.Event(one.UpTo)}")}")
                : Html.None)
        .Column("Stream", one => one.Stream is { } stream ? Parts.Stream(stream) : Html.None)
        .Column("What was found", one => one.Description)
        .Of(findings);
}
