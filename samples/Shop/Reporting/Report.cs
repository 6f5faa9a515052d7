using System.Globalization;
using Spectre.Console;

namespace Shop;

/// <summary>The report at the end of every command. Each sum is computed twice: from the read models, and from the log.</summary>
internal sealed class Report
{
    private const int ProductsShown = 10;
    private const int BarWidth = 40;
    private readonly Sums _models;
    private readonly Sums _log;
    private readonly List<Check> _checks = [];
    private readonly List<Check> _headlines = [];

    private Report(Sums models, Sums log)
    {
        _models = models;
        _log = log;
        CompareHeadlines();
        CompareProducts();
        CompareMinutes();
        CheckRules();
    }

    /// <summary>Whether every sum is the same from the read models and from the log.</summary>
    public bool AddsUp => _checks.TrueForAll(check => check.Holds);

    public static async Task<Report> CreateAsync(ShopStore shop, CancellationToken cancellationToken) =>
        new(await ReadModelSums.ReadAsync(shop, cancellationToken), await LogSums.FoldAsync(shop.Events, cancellationToken));

    /// <summary>Shows the report.</summary>
    /// <returns>The exit code.</returns>
    public int Show(IAnsiConsole console)
    {
        console.WriteLine();
        console.Write(HeadlineTable());
        console.Write(ProductTable());
        ShowRevenueByHour(console);
        console.WriteLine();
        foreach (var check in _checks.Where(check => !check.Holds)) console.MarkupLineInterpolated($"[red]does not add up:[/] {check.What}: {check.Models} {check.Between} {check.Log}");
        if (AddsUp) console.MarkupLineInterpolated($"[green]All {_checks.Count} sums agree:[/] {_headlines.Count} totals, {_log.Products.Count} products, {_log.RevenueByMinute.Count} minutes with revenue, and the rules of the shop.");
        else console.MarkupLineInterpolated($"[red]{_checks.Count(check => !check.Holds)} of {_checks.Count} sums do not add up.[/]");
        return AddsUp ? ExitCode.Ok : ExitCode.DoesNotAddUp;
    }

    private void CompareHeadlines()
    {
        Headline("customers", _models.Customers, _log.Customers);
        Headline("e-mail addresses", _models.Emails, _log.Emails);
        Headline("orders placed", _models.OrdersPlaced, _log.OrdersPlaced);
        Headline("  confirmed", _models.OrdersConfirmed, _log.OrdersConfirmed);
        Headline("  cancelled", _models.OrdersCancelled, _log.OrdersCancelled);
        Headline("value of orders", _models.OrderValue, _log.OrderValue);
        Headline("payments", _models.Payments, _log.Payments);
        Headline("  captured", _models.Captured, _log.Captured);
        Headline("  refunded", _models.Refunded, _log.Refunded);
        Headline("revenue", _models.Revenue, _log.Revenue);
        Headline("units sold", _models.UnitsSold, _log.UnitsSold);
        Headline("units left", _models.StockLeft, _log.StockLeft);

        void Headline(string what, object models, object log)
        {
            var check = new Check(what, Text(models), Text(log));
            _headlines.Add(check);
            _checks.Add(check with { What = what.Trim() });
        }
    }

    private void CompareProducts()
    {
        foreach (var sku in _log.Products.Keys.Union(_models.Products.Keys))
        {
            var (models, log) = (_models.Products.GetValueOrDefault(sku) ?? new(), _log.Products.GetValueOrDefault(sku) ?? new());
            _checks.Add(new Check($"{sku} received, sold, for, left", Text(models), Text(log)));
        }

        static string Text(ProductSums product) => string.Create(CultureInfo.InvariantCulture, $"{product.Received}, {product.Sold}, {Money.Text(product.Value)}, {product.Left}");
    }

    private void CompareMinutes()
    {
        foreach (var minute in _log.RevenueByMinute.Keys.Union(_models.RevenueByMinute.Keys))
            _checks.Add(new Check($"revenue at {minute}", Text(_models.RevenueByMinute.GetValueOrDefault(minute)), Text(_log.RevenueByMinute.GetValueOrDefault(minute))));
    }

    /// <summary>Checks what must hold between sums if no conflict was missed and no command was carried out twice.</summary>
    private void CheckRules()
    {
        Rule("every address belongs to one customer", _log.Customers, _log.Emails);
        Rule("every order is confirmed or cancelled", _log.OrdersPlaced, _log.OrdersConfirmed + _log.OrdersCancelled);
        Rule("orders that stand are paid for", _log.OrderValue, _log.Revenue);
        Rule("units sold are those of orders that stand", _log.SalesValue, _log.OrderValue);
        foreach (var (sku, product) in _log.Products)
        {
            Rule($"{sku}: what was received is sold or left", product.Received, product.Sold + product.Left);
            _checks.Add(new Check($"{sku}: nothing is sold that is not there", product.Left < 0 ? Text(product.Left) : "0", "0", "<"));
        }

        void Rule(string what, object one, object other) => _checks.Add(new Check(what, Text(one), Text(other), "is not"));
    }

    private Table HeadlineTable()
    {
        var table = new Table().Border(TableBorder.Rounded).Title("[bold]The day's report[/]")
            .AddColumn("").AddColumn(new TableColumn("from the read models").RightAligned()).AddColumn(new TableColumn("from the log").RightAligned()).AddColumn("");
        foreach (var line in _headlines) table.AddRow(line.What, line.Models, line.Log, line.Holds ? "[green]ok[/]" : "[red]DIFFERS[/]");
        return table;
    }

    private Table ProductTable()
    {
        var table = new Table().Border(TableBorder.Rounded).Title($"[bold]Best sellers[/], {Math.Min(ProductsShown, _models.Products.Count)} of {_models.Products.Count} products")
            .AddColumn("").AddColumn("product");
        foreach (var column in new[] { "in the morning", "sold", "left", "sold for" }) table.AddColumn(new TableColumn(column).RightAligned());
        foreach (var (sku, product) in _models.Products.OrderByDescending(pair => pair.Value.Sold).ThenBy(pair => pair.Key, StringComparer.Ordinal).Take(ProductsShown))
            table.AddRow(sku, product.Name.EscapeMarkup(), Text(product.Received), Text(product.Sold), Text(product.Left), Money.Text(product.Value));
        return table;
    }

    private void ShowRevenueByHour(IAnsiConsole console)
    {
        var hours = _models.RevenueByMinute.GroupBy(minute => minute.Key[..13], minute => minute.Value).Select(hour => (Hour: hour.Key[11..], Revenue: hour.Sum())).ToList();
        if (hours.Count == 0) return;
        var most = hours.Max(hour => hour.Revenue);
        console.MarkupLine("[bold]Revenue by hour[/]");
        foreach (var (hour, revenue) in hours)
            console.MarkupLineInterpolated($"  {hour}:00  [blue]{new string('█', (int)(Math.Max(0, revenue) / Math.Max(1, most) * BarWidth)),-BarWidth}[/] {Money.Text(revenue),12}");
    }

    private static string Text(object value) => value switch
    {
        decimal amount => Money.Text(amount),
        IFormattable number => number.ToString("#,0", CultureInfo.InvariantCulture),
        _ => value.ToString()!,
    };

    /// <param name="Between">What the report says between the two values if they differ.</param>
    private sealed record Check(string What, string Models, string Log, string Between = "from the read models,")
    {
        public bool Holds => Models == Log;
    }
}
