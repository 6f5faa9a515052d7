using System.Globalization;

namespace EventSourcing.Explorer;

/// <summary>All projections and reactors.</summary>
internal sealed record ProjectionsModel(IReadOnlyList<ShownProjection> Projections, IReadOnlyList<OrderRecord> Orders);

/// <summary>All projections and reactors, and the orders that were given here.</summary>
internal static class ProjectionsPage
{
    private const int NewestOrders = 20;

    public static async Task<Answer> BuildAsync(PageContext page)
    {
        var status = await page.Store.ProjectionAdmin().GetStatusAsync(page.Aborted).ConfigureAwait(false);
        var orders = await OrderRecords.ListAsync(page.Store, NewestOrders, page.Aborted).ConfigureAwait(false);
        var model = new ProjectionsModel([.. status.Select(one => ShownProjection.Of(one, page.Payloads))], orders);
        return new Answer<ProjectionsModel>("Projections", model, ExplorerJson.Default.ProjectionsModel, View);
    }

    public static Html Table(IReadOnlyList<ShownProjection> projections) => new Table<ShownProjection>("Projections and reactors")
        .Column("Name", one => Link(one.Name))
        .Column("State", State)
        .Number("Position", one => one.Position)
        .Number("Behind", Behind)
        .Number("Parked", one => one.Parked == 0 ? Parts.None("none") : Html.Of($"<strong class=\"warn\">{one.Parked}</strong>"))
        .Column("Run by", one => RunBy(one))
        .Of(projections);

    public static Html State(ShownProjection one) => Html.Of($"{Parts.Badge(one.State, Kind(one))} {Rebuild(one)}");

    public static Html RunBy(ShownProjection one) => one.Runner is { } runner
        ? Html.Of($"{(runner.Machine.Length == 0 ? "a machine without a name" : runner.Machine)}, process {runner.ProcessId}")
        : Parts.None("nobody");

    private static Html Link(string name) => Parts.NamedLink(Parts.Link("projection", ("name", name)), name);

    private static Html Rebuild(ShownProjection one) => one.RebuildPart is { } part
        ? Html.Of(
            $"{Parts.Muted($"rebuilding {(part * 100).ToString("0", CultureInfo.InvariantCulture)} %")} {Charts.Meter(part, "Rebuilt")}")
        : Html.When(one.IsRebuildOrdered, $"{Parts.Muted("a rebuild is ordered")}");

    private static Html Orders(IReadOnlyList<OrderRecord> orders) => new Table<OrderRecord>("Orders")
        .Column("Given (UTC)", order => Parts.Time(order.At))
        .Column("Order", order => Html.Of($"{order.Order} {Parts.Muted(order.Subject)}"))
        .Column("Projection", order => Link(order.Projection))
        .Column("By", order => order.By)
        .Column("Reason", order => order.Reason)
        .Column("Outcome", order => order.Outcome)
        .Of(orders);

    private static string Kind(ShownProjection one) => one.State switch
    {
        "live" => "good",
        "failed" or "its process is gone" => "bad",
        "catching up" => "",
        _ => "warn",
    };

    private static Html Behind(ShownProjection one) =>
        one.Lag == 0 ? Parts.None("level") : Html.Of($"{Parts.Group(one.Lag)} {Parts.Muted(Parts.Span(one.LagTime))}");

    private static Html View(ProjectionsModel model) => Html.Of($"""
        {Parts.Title("Projections and reactors")}
        {(model.Projections.Count == 0
            ? Parts.Empty(
                "None was ever started on this store",
                "Start one, and its state is here: store.StartProjections(new OrderSummaries());")
            : Table(model.Projections))}
        {Html.When(model.Orders.Count > 0, $"{Parts.Section("Orders given here", Orders(model.Orders))}")}
        """);
}
