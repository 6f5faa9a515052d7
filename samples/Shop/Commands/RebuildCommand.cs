using System.Globalization;
using EventSourcing;
using EventSourcing.Operations;
using Spectre.Console;

namespace Shop;

/// <summary>
/// Rebuilds every read model while orders come in, then proves that what was rebuilt is what the log says: equal to a
/// fold of the log that stores nothing, and, once nothing changes any more, byte for byte the same when rebuilt again.
/// </summary>
internal static class RebuildCommand
{
    /// <summary>Six hours of orders before the rebuild begins; the other eight come in during it.</summary>
    private const int HistoryMinutes = 6 * 60;
    private static readonly TimeSpan Pause = TimeSpan.FromMilliseconds(250);

    public static async Task<int> RunAsync(Arguments arguments, IAnsiConsole console, CancellationToken cancellationToken)
    {
        await using var run = await ShopRun.BeginAsync(arguments, console, cancellationToken);
        bool isProved;
        await using (var office = await BackOffice.StartAsync(run.Shop, run.Provider))
        {
            await run.Load.PlayAsync(until: HistoryMinutes, cancellationToken: cancellationToken);
            await office.SettleAsync(cancellationToken);
            await RebuildUnderLoadAsync(run, office, cancellationToken);
            await office.SettleAsync(cancellationToken);
            isProved = await ProveAsync(run, office, cancellationToken);
        }

        var exitCode = await run.ReportAsync(cancellationToken);
        return isProved ? exitCode : ExitCode.DoesNotAddUp;
    }

    private static async Task RebuildUnderLoadAsync(ShopRun run, BackOffice office, CancellationToken cancellationToken)
    {
        var head = await run.Shop.Events.GetHeadAsync(cancellationToken);
        var orders = run.Load.Orders;
        run.Console.MarkupLineInterpolated(CultureInfo.InvariantCulture, $"Until {ShopClock.Opening.AddMinutes(HistoryMinutes):HH:mm} there were {orders:#,0} orders, {head:#,0} events. From now on the read models are rebuilt, over and over until the doors close:");
        var load = run.Load.PlayAsync(cancellationToken: cancellationToken);
        var rebuilds = run.Console.Profile.Capabilities.Interactive ? RebuildWithBarsAsync(run, office, load, cancellationToken) : RebuildWithLinesAsync(run, office, load, cancellationToken);
        await Task.WhenAll(load, rebuilds);
        run.Console.MarkupLineInterpolated(CultureInfo.InvariantCulture, $"Meanwhile {run.Load.Orders - orders:#,0} orders were placed. Each read model was rebuilt at least {(await rebuilds).Min():#,0} times.");
    }

    private static async Task<int[]> RebuildWithLinesAsync(ShopRun run, BackOffice office, Task load, CancellationToken cancellationToken) =>
        await Task.WhenAll(run.Shop.Projections.Select(async projection =>
        {
            RebuildProgress? last = null;
            var times = await RebuildUntilAsync(load, office, projection, _ => new Listener(progress => last = progress), cancellationToken);
            run.Console.WriteLine(string.Create(CultureInfo.InvariantCulture, $"  {projection.Name,-17} rebuilt {times} times, at last from {last!.Position:#,0} events"));
            return times;
        }));

    private static async Task<int[]> RebuildWithBarsAsync(ShopRun run, BackOffice office, Task load, CancellationToken cancellationToken) =>
        await run.Console.Progress()
            .Columns(new TaskDescriptionColumn { Alignment = Justify.Left }, new ProgressBarColumn(), new PercentageColumn(), new SpinnerColumn())
            .StartAsync(context => Task.WhenAll(run.Shop.Projections.Select(async projection =>
            {
                var bar = context.AddTask(projection.Name, maxValue: 1);
                var times = await RebuildUntilAsync(load, office, projection, times => new Listener(progress => Show(bar, projection.Name, times, progress)), cancellationToken);
                bar.Value = 1;
                return times;
            })));

    /// <returns>How often it was rebuilt.</returns>
    private static async Task<int> RebuildUntilAsync(
        Task end, BackOffice office, Projection projection, Func<int, IProgress<RebuildProgress>> listener, CancellationToken cancellationToken)
    {
        var times = 0;
        while (true)
        {
            await office.Projections.RebuildAsync(projection.Name, listener(++times), cancellationToken);
            if (await Task.WhenAny(end, Task.Delay(Pause, cancellationToken)) == end) return times;
        }
    }

    private static void Show(ProgressTask bar, string name, int times, RebuildProgress progress)
    {
        // A bar that was full once is taken for finished, so it is full only at the end.
        bar.Value = Math.Min(progress.Part, 0.999);
        var rate = progress.PositionsPerSecond > 0 ? $"{progress.PositionsPerSecond,9:#,0}/s" : "";
        var left = progress.TimeLeft is { } time ? $"{time.TotalSeconds:0.0} s left" : "";
        bar.Description = string.Create(CultureInfo.InvariantCulture, $"{name,-17} no. {times,-3} {progress.Position,8:#,0} of {progress.Target,8:#,0} events {rate,11} {left,11}");
    }

    /// <summary>Nobody orders any more, so the log stands still.</summary>
    private static async Task<bool> ProveAsync(ShopRun run, BackOffice office, CancellationToken cancellationToken)
    {
        var shop = run.Shop;
        var head = await shop.Events.GetHeadAsync(cancellationToken);
        var served = await StoredReadModel.ReadAllAsync(shop, cancellationToken);
        var folded = await FoldedReadModel.FoldAllAsync(shop, cancellationToken);
        foreach (var projection in shop.Projections) await office.Projections.RebuildAsync(projection.Name, cancellationToken: cancellationToken);
        var again = await StoredReadModel.ReadAllAsync(shop, cancellationToken);

        var table = new Table().RoundedBorder().Title(string.Create(CultureInfo.InvariantCulture, $"[bold]The log stands still at {head:#,0} events[/]"))
            .AddColumn("read model").AddColumn(new TableColumn("rows").RightAligned()).AddColumn(new TableColumn("bytes").RightAligned())
            .AddColumn("sha-256").AddColumn("a fold of the log").AddColumn("rebuilt once more");
        var isProved = true;
        foreach (var (name, stored) in served)
        {
            var (sameAsFold, sameAgain) = (stored.HasTheContentOf(folded[name]), stored.IsTheSameAs(again[name]));
            isProved &= sameAsFold && sameAgain;
            table.AddRow(name, stored.Rows.Count.ToString("#,0", CultureInfo.InvariantCulture), stored.Bytes.ToString("#,0", CultureInfo.InvariantCulture), stored.Digest, Verdict(sameAsFold), Verdict(sameAgain));
        }

        run.Console.WriteLine();
        run.Console.Write(table);
        return isProved;

        static string Verdict(bool isSame) => isSame ? "[green]byte for byte the same[/]" : "[red]DIFFERS[/]";
    }

    /// <summary>Unlike <see cref="Progress{T}"/> it tells in order, and at once.</summary>
    private sealed class Listener(Action<RebuildProgress> report) : IProgress<RebuildProgress>
    {
        public void Report(RebuildProgress value) => report(value);
    }
}
