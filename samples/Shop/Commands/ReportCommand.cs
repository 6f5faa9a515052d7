using Spectre.Console;

namespace Shop;

/// <summary>The report once more, on a database that was kept.</summary>
internal static class ReportCommand
{
    public static async Task<int> RunAsync(Arguments arguments, IAnsiConsole console, CancellationToken cancellationToken)
    {
        await using var shop = ShopStore.OpenExisting(arguments.Database ?? throw new CannotRunException("report needs --db PATH."), new ShopClock());

        // Where a run was interrupted, orders may be open and read models behind.
        await using (var office = await BackOffice.StartAsync(shop, new SimulatedProvider())) await office.SettleAsync(cancellationToken);
        return (await Report.CreateAsync(shop, cancellationToken)).Show(console);
    }
}
