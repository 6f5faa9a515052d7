using System.Diagnostics;
using System.Globalization;
using Spectre.Console;

namespace Shop;

/// <summary>What the commands share: a database, kept where that was asked for, a plan, a clock, and the report at the end.</summary>
internal sealed class ShopRun : IAsyncDisposable
{
    private readonly DirectoryInfo? _temporary;
    private readonly long _began = Stopwatch.GetTimestamp();

    private ShopRun(Arguments arguments, IAnsiConsole console, DirectoryInfo? temporary, string database, ShopClock clock, ShopStore shop)
    {
        _temporary = temporary;
        Console = console;
        Database = database;
        Shop = shop;
        Plan = DayPlan.Create(arguments.Seed, arguments.Customers);
        Load = new Load(shop, Plan, clock);
    }

    public IAnsiConsole Console { get; }

    public string Database { get; }

    public ShopStore Shop { get; }

    public DayPlan Plan { get; }

    public Load Load { get; }

    public SimulatedProvider Provider { get; } = new();

    public TimeSpan Elapsed => Stopwatch.GetElapsedTime(_began);

    public static async Task<ShopRun> BeginAsync(Arguments arguments, IAnsiConsole console, CancellationToken cancellationToken)
    {
        var temporary = arguments.Database is null ? Directory.CreateTempSubdirectory("shop-") : null;
        var database = arguments.Database ?? Path.Combine(temporary!.FullName, "shop.db");
        try
        {
            var clock = new ShopClock();
            var run = new ShopRun(arguments, console, temporary, database, clock, await ShopStore.OpenNewAsync(database, clock, cancellationToken));
            console.MarkupLineInterpolated(CultureInfo.InvariantCulture, $"[bold]Black Friday[/]: {run.Plan.Visits.Count:#,0} visitors between 8 and 22 o'clock, by seed {arguments.Seed}.");
            return run;
        }
        catch
        {
            temporary?.Delete(recursive: true);
            throw;
        }
    }

    /// <summary>Shows the report, then what was measured, which no two runs have in common.</summary>
    /// <returns>The exit code.</returns>
    public async Task<int> ReportAsync(CancellationToken cancellationToken, params IEnumerable<string> measured)
    {
        var took = Elapsed;
        var events = await Shop.Events.GetHeadAsync(cancellationToken);
        var report = await Report.CreateAsync(Shop, cancellationToken);
        var exitCode = report.Show(Console);
        Console.WriteLine();
        Console.MarkupLine("[bold]This run[/] [grey](no two are alike)[/]");
        Console.MarkupLineInterpolated(CultureInfo.InvariantCulture, $"  {events:#,0} events in {took.TotalSeconds:0.0} s; {Load.Conflicts:#,0} times somebody else was faster, so a command was decided again");
        Console.MarkupLineInterpolated(CultureInfo.InvariantCulture, $"  refused: {Load.RegistrationsRefused:#,0} registrations under an address that somebody had, {Load.SoldOut:#,0} carts with what was sold out, {Load.DoubleClicks:#,0} second clicks on \"order\"");
        foreach (var line in measured) Console.MarkupLineInterpolated($"  {line}");
        if (_temporary is null) Console.MarkupLineInterpolated($"  kept in {ShopStore.NameOf(Database)}");
        return exitCode;
    }

    public async ValueTask DisposeAsync()
    {
        await Shop.DisposeAsync();
        _temporary?.Delete(recursive: true);
    }
}
