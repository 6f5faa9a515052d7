using System.Diagnostics;
using System.Globalization;
using System.Runtime.CompilerServices;
using EventSourcing;
using EventSourcing.Operations;
using Spectre.Console;
using Spectre.Console.Rendering;

namespace Shop;

/// <summary>Shows what a shopkeeper watches. All of it is read from the read models while orders come in.</summary>
internal sealed class Dashboard(ShopRun run, BackOffice office, TimeSpan length, long began)
{
    private const int MinutesShown = 12;
    private const int ProductsShown = 12;
    private static readonly TimeSpan RateWindow = TimeSpan.FromSeconds(2);

    // The measurements of the last moments: rates are computed over the window that they cover.
    private readonly Queue<(TimeSpan At, long Orders, long Events)> _measured = new();

    /// <summary>Looks at the shop again and again, until it is cancelled.</summary>
    public async IAsyncEnumerable<Frame> FramesAsync(TimeSpan every, [EnumeratorCancellation] CancellationToken end)
    {
        while (!end.IsCancellationRequested)
        {
            yield return await LookAsync();
            await Task.Delay(every, end).ConfigureAwait(ConfigureAwaitOptions.SuppressThrowing);
        }
    }

    private async Task<Frame> LookAsync()
    {
        var shop = run.Shop;
        var minutes = await ReadModelSums.MinutesAsync(shop, CancellationToken.None);
        var sales = await shop.Events.ReadModel(shop.BestSellers).Query().OrderByDescending(BestSellers.Units).Take(ProductsShown).ToListAsync();
        var stock = await shop.Events.ReadModel(shop.Stock).FindAsync([.. sales.Select(product => product.Key)]);
        var orders = await shop.Events.ReadModel(shop.OrderHistory).Query().CountAsync();
        var statuses = await office.GetStatusAsync(CancellationToken.None);
        var now = Stopwatch.GetElapsedTime(began);
        var events = statuses.Max(status => status.Head);
        _measured.Enqueue((now, orders, events));
        while (now - _measured.Peek().At > RateWindow) _measured.Dequeue();
        var (since, ordersThen, eventsThen) = _measured.Peek();
        var seconds = Math.Max(0.001, (now - since).TotalSeconds);
        return new Frame
        {
            TimeOfDay = ShopClock.Opening.AddMinutes(run.Load.Minute),
            Left = now < length ? length - now : TimeSpan.Zero,
            Orders = orders,
            OrdersPerSecond = (orders - ordersThen) / seconds,
            EventsPerSecond = (events - eventsThen) / seconds,
            Revenue = minutes.Sum(minute => minute.Captured - minute.Refunded),
            Minutes = [.. minutes.TakeLast(MinutesShown)],
            Products = [.. sales.Select((product, i) => (product.Key, stock[i]?.Name ?? "", product.Value, stock[i]?.Left ?? 0))],
            Statuses = statuses,
        };
    }

    /// <summary>One look at the shop.</summary>
    internal sealed record Frame
    {
        private const int BarWidth = 24;

        public required DateTimeOffset TimeOfDay { get; init; }

        public required TimeSpan Left { get; init; }

        public required long Orders { get; init; }

        public required double OrdersPerSecond { get; init; }

        public required double EventsPerSecond { get; init; }

        public required decimal Revenue { get; init; }

        public required IReadOnlyList<MinuteRow> Minutes { get; init; }

        public required IReadOnlyList<(string Sku, string Name, ProductSales Sales, int Left)> Products { get; init; }

        public required IReadOnlyList<ProjectionStatus> Statuses { get; init; }

        /// <summary>The frame as one line, for an output on which nothing can be drawn.</summary>
        public string Line() => string.Create(
            CultureInfo.InvariantCulture,
            $"{TimeOfDay:HH:mm}  {OrdersPerSecond,6:#,0} orders/s  {EventsPerSecond,7:#,0} events/s  {Orders,6:#,0} orders  revenue {Money.Text(Revenue),12}  lag {Statuses.Max(status => status.Lag):#,0} events  best: {(Products.Count > 0 ? Products[0].Name : "-")}");

        public IRenderable Render() => new Rows(
            new Panel(new Markup(string.Create(
                CultureInfo.InvariantCulture,
                $"[bold]{TimeOfDay:HH:mm}[/]   [green bold]{OrdersPerSecond:#,0}[/] orders/s   [green]{EventsPerSecond:#,0}[/] events/s   [bold]{Orders:#,0}[/] orders   revenue [bold]{Money.Text(Revenue)}[/]   [grey]{Left.TotalSeconds:0} s left, q ends[/]")))
                .Header(" Black Friday ").RoundedBorder().Expand(),
            new Columns(RevenueTable(), ProductTable()) { Expand = false },
            StatusTable());

        private Table RevenueTable()
        {
            var table = new Table().RoundedBorder().Title("Revenue by minute").AddColumn("minute").AddColumn(new TableColumn("").Width(BarWidth)).AddColumn(new TableColumn("revenue").RightAligned().Width(10));
            var most = Minutes.Select(minute => minute.Captured).DefaultIfEmpty().Max();
            foreach (var row in Minutes)
            {
                var revenue = row.Captured - row.Refunded;
                table.AddRow(row.Minute[11..], $"[blue]{new string('█', most > 0 ? (int)(Math.Max(0, revenue) / most * BarWidth) : 0)}[/]", Money.Text(revenue));
            }

            for (var i = Minutes.Count; i < MinutesShown; i++) table.AddEmptyRow();
            return table;
        }

        private Table ProductTable()
        {
            var table = new Table().RoundedBorder().Title("Best sellers").AddColumn(new TableColumn("product").Width(22)).AddColumn(new TableColumn("sold").RightAligned()).AddColumn(new TableColumn("left").RightAligned().Width(8).NoWrap());
            foreach (var (_, name, sales, left) in Products)
                table.AddRow(name.EscapeMarkup(), sales.Units.ToString("#,0", CultureInfo.InvariantCulture), left > 0 ? left.ToString("#,0", CultureInfo.InvariantCulture) : "[red]sold out[/]");
            for (var i = Products.Count; i < ProductsShown; i++) table.AddEmptyRow();
            return table;
        }

        private Table StatusTable()
        {
            var table = new Table().RoundedBorder().Title("Projections and the order process").AddColumn(new TableColumn("").Width(18)).AddColumn(new TableColumn("state").Width(12));
            foreach (var column in new[] { "checkpoint", "log", "lag", "waiting for a retry" }) table.AddColumn(new TableColumn(column).RightAligned());
            foreach (var status in Statuses)
            {
                table.AddRow(
                    status.Name,
                    status.State == ProjectionState.Live ? "[green]live[/]" : status.State.ToString(),
                    Number(status.Position),
                    Number(status.Head),
                    status.Lag > 0 ? $"[yellow]{Number(status.Lag)}[/]" : "0",
                    Number(status.Parked));
            }

            return table;

            static string Number(long number) => number.ToString("#,0", CultureInfo.InvariantCulture);
        }
    }
}
