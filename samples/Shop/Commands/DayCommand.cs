using System.Globalization;
using Spectre.Console;

namespace Shop;

/// <summary>The whole day, as fast as it goes.</summary>
internal static class DayCommand
{
    private static readonly TimeSpan FrameTime = TimeSpan.FromMilliseconds(100);

    public static async Task<int> RunAsync(Arguments arguments, IAnsiConsole console, CancellationToken cancellationToken)
    {
        await using var run = await ShopRun.BeginAsync(arguments, console, cancellationToken);
        await using (var office = await BackOffice.StartAsync(run.Shop, run.Provider))
        {
            var day = PlayAsync(run, office, cancellationToken);
            if (console.Profile.Capabilities.Interactive) await ShowTimeAsync(run, console, day);
            await day;
        }

        return await run.ReportAsync(
            cancellationToken,
            string.Create(CultureInfo.InvariantCulture, $"{run.Provider.Failures:#,0} times the payment provider did not answer, and was asked again"));
    }

    private static async Task PlayAsync(ShopRun run, BackOffice office, CancellationToken cancellationToken)
    {
        await run.Load.PlayAsync(cancellationToken: cancellationToken);
        await office.SettleAsync(cancellationToken);
    }

    private static Task ShowTimeAsync(ShopRun run, IAnsiConsole console, Task day) => console.Status().StartAsync("08:00", async status =>
    {
        while (!day.IsCompleted)
        {
            status.Status = string.Create(CultureInfo.InvariantCulture, $"{ShopClock.Opening.AddMinutes(run.Load.Minute):HH:mm}  {run.Load.Orders,5:#,0} orders");
            await Task.WhenAny(day, Task.Delay(FrameTime));
        }
    });
}
