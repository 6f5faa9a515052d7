namespace EventSourcing.Explorer;

/// <summary>A projection or reactor, with what is parked and skipped.</summary>
internal sealed record ProjectionModel(
    ShownProjection Projection,
    int ParkedInAll,
    IReadOnlyList<ShownParked> Parked,
    IReadOnlyList<ShownSkipped> Skipped,
    bool MayAct,
    string? Done,
    string? Late);

/// <summary>A stream or document whose events are held back.</summary>
internal sealed record ShownParked(
    string Id, string Partition, string Kind, long Position, string Stream, string EventType, string Error, string ErrorType, int Attempts,
    DateTimeOffset ParkedAt, DateTimeOffset? RetryAt)
{
    public static ShownParked Of(ParkedEvents parked, Payloads payloads) => new(
        parked.Id, parked.Partition, parked.Kind == ParkedKind.Stream
            ? "stream"
            : "document", parked.Position, parked.Stream, parked.EventType,
        payloads.Error(parked.Error), parked.ErrorType, parked.Attempts, parked.ParkedAt, parked.RetryAt);
}

/// <summary>An event that was left out by an order.</summary>
internal sealed record ShownSkipped(long Position, string Partition, string Error, string By, string Reason, DateTimeOffset At)
{
    public static ShownSkipped Of(SkippedEvent skipped, Payloads payloads) =>
        new(skipped.Position, skipped.Partition, payloads.Error(skipped.Error), skipped.By, skipped.Reason, skipped.At);
}

/// <summary>One projection or reactor.</summary>
internal static class ProjectionPage
{
    private const int MostShown = 100;

    public static async Task<Answer> BuildAsync(PageContext page)
    {
        var name = page.Require("name");
        var admin = page.Store.ProjectionAdmin();
        var status = (await admin.GetStatusAsync(page.Aborted).ConfigureAwait(false)).FirstOrDefault(one => one.Name == name)
            ?? throw new RefusedException(
                404,
                "There is no such projection",
                $"No projection or reactor named '{Parts.Cut(name, 200)}' was ever started on this store.");
        var parked = await admin.GetParkedAsync(name, page.Aborted).ConfigureAwait(false);
        var skipped = await admin.GetSkippedAsync(name, page.Aborted).ConfigureAwait(false);
        var model = new ProjectionModel(
            ShownProjection.Of(status, page.Payloads), parked.Count,
            [.. parked.Take(MostShown).Select(one => ShownParked.Of(one, page.Payloads))],
            [.. skipped.Reverse().Take(MostShown).Select(one => ShownSkipped.Of(one, page.Payloads))],
            page.MayAct, page.Find("done"), page.Find("late"));
        return new Answer<ProjectionModel>(name, model, ExplorerJson.Default.ProjectionModel, View);
    }

    private static Html View(ProjectionModel model)
    {
        var one = model.Projection;
        return Html.Of($"""
            {Parts.Crumbs(Html.Of($"<a href=\"projections\">Projections</a>"))}
            {Parts.NameTitle(one.Name, ProjectionsPage.State(one))}
            {Html.When(model.Done is not null, $"{Given}")}
            {Html.When(model.Late is not null, $"{TooLate}")}
            {Html.When(one.Error is not null, $"{Parts.Notice("bad", "It has failed.", one.Error!)}")}
            {Figures(one)}
            {Html.When(model.MayAct, $"{Orders(one)}")}
            {Parts.Section("Parked", Parked(model))}
            {Html.When(model.Skipped.Count > 0, $"{Parts.Section("Skipped", Skipped(model.Skipped))}")}
            {Html.When(!model.MayAct, $"<p class=\"muted\">Orders cannot be given here. In code, store.ProjectionAdmin() gives them.</p>")}
            """);
    }

    private static Html Given =>
        Parts.Notice("good", "The order is stored.", "The process that runs the projection carries it out within about half a second.");

    private static Html TooLate =>
        Parts.Notice("warn", "There was nothing left to do.", "Somebody else was first, or the event has succeeded meanwhile.");

    private static Html Figures(ShownProjection one)
    {
        var speed = one.Runner switch
        {
            { PositionsPerSecond: >= 10 } runner => Parts.Group((long)runner.PositionsPerSecond),
            { PositionsPerSecond: > 0 } => "under 10",
            _ => "not known",
        };
        var sign = one.Runner is { LastSign: { } last } ? "last sign of life " + Parts.Plain(last) : "no sign of life is stored";
        return new Cards()
            .Add("Position", Parts.Group(one.Position), "of " + Parts.Group(one.Head))
            .Add(
                "Behind", one.Lag == 0 ? "level" : Parts.Group(one.Lag),
                one.Lag == 0 ? "with the log" : "the oldest since " + Parts.Span(one.LagTime))
            .Add(
                "Run by", Html.Of($"<span class=\"figure small\">{ProjectionsPage.RunBy(one)}</span>"),
                Html.Of($"<span class=\"note\">{sign}</span>"))
            .Add("Speed", speed, "positions a second since it began")
            .Of();
    }

    private static Html Orders(ShownProjection one)
    {
        var startOrStop = one.State == "stopped"
            ? Order(one.Name, "start", "Start", "It goes on where it was.")
            : Order(one.Name, "stop", "Stop", "It runs in no process until it is started again. Appends go on.");
        return Html.Of($"""
            <details class="orders"><summary>Orders</summary><div class="cards">
            {Order(one.Name, "rebuild", "Rebuild", "A new read model is built from the whole log, and then replaces the one that is read.")}
            {startOrStop}
            {Html.When(one.Parked > 0, $"{Order(one.Name, "resume-all", "Resume all", "All that is parked is tried again, in order.")}")}
            </div></details>
            """);
    }

    private static Html Order(string projection, string order, string title, string text) => Html.Of($"""
        <form class="card order" method="post" action="act"><h3>{title}</h3><p>{text}</p>
        {Parts.Hidden("order", order)}{Parts.Hidden("projection", projection)}{Reason}<button class="primary">{title}</button></form>
        """);

    private static Html Reason => Html.Of($"<label>Reason <input name=\"reason\" required maxlength=\"500\"></label>");

    private static Html Parked(ProjectionModel model)
    {
        if (model.Parked.Count == 0)
        {
            const string When =
                "An event that fails again and again is held back here, with what depends on it, until somebody resumes or skips it.";
            return Parts.Empty("Nothing is parked", When);
        }

        var cut = Html.When(
            model.ParkedInAll > model.Parked.Count,
            $"<p class=\"muted\">The first {model.Parked.Count} of {model.ParkedInAll} are shown.</p>");
        return Html.Of($"{cut}<ul class=\"parked\">{model.Parked.Select(parked => Parked(model, parked))}</ul>");
    }

    private static Html Parked(ProjectionModel model, ShownParked parked)
    {
        var retry = parked.RetryAt is { } at ? ", tried again at " + Parts.Plain(at) : "";
        var what = parked.Kind == "stream" ? "The stream" : "The document";
        return Html.Of($"""
            <li class="panel"><h3>{what} {Parts.Name(parked.Partition)} is held back at {Parts.Event(parked.Position)}</h3>
            <p>{Parts.Type(parked.EventType)} of {Parts.Stream(parked.Stream)},
            tried {Parts.Count(parked.Attempts, "time")}, since {Parts.Time(parked.ParkedAt)}{retry}</p>
            <pre tabindex="0" class="error"><strong>{parked.ErrorType}</strong> {parked.Error}</pre>
            {Html.When(model.MayAct, $"{Decide(model.Projection.Name, parked)}")}</li>
            """);
    }

    private static Html Decide(string projection, ShownParked parked) => Html.Of($"""
        <form class="inline" method="post" action="act">{Parts.Hidden("projection", projection)}{Parts.Hidden("parked", parked.Id)}{Reason}
        <button name="order" value="resume" class="primary">Resume</button><button name="order" value="skip">Skip this event</button></form>
        """);

    private static Html Skipped(IReadOnlyList<ShownSkipped> skipped) => new Table<ShownSkipped>("Skipped events")
        .Number("Event", one => Parts.Event(one.Position))
        .Column("Of", one => Parts.Name(one.Partition))
        .Column("Skipped (UTC)", one => Parts.Time(one.At))
        .Column("By", one => one.By)
        .Column("Reason", one => one.Reason)
        .Column("Error", one => Parts.Cut(one.Error, 300))
        .Of(skipped);
}
