using System.Diagnostics;
using Spectre.Console;

namespace Shop;

/// <summary>Plays the day within some seconds, with a dashboard that reads the read models while they change.</summary>
internal static class LiveCommand
{
    private static readonly TimeSpan FrameTime = TimeSpan.FromMilliseconds(200);
    private static readonly TimeSpan LineTime = TimeSpan.FromSeconds(1);

    public static async Task<int> RunAsync(Arguments arguments, IAnsiConsole console, CancellationToken cancellationToken)
    {
        await using var run = await ShopRun.BeginAsync(arguments, console, CancellationToken.None);
        await using (var office = await BackOffice.StartAsync(run.Shop, run.Provider))
        {
            using var end = CancellationTokenSource.CreateLinkedTokenSource(cancellationToken);
            var length = TimeSpan.FromSeconds(arguments.Seconds);
            var began = Stopwatch.GetTimestamp();
            end.CancelAfter(length);
            var load = PlayAsync(run.Load, length, began, end.Token);
            var dashboard = new Dashboard(run, office, length, began);
            if (console.Profile.Capabilities.Interactive)
            {
                await console.Live(new Text("")).StartAsync(async display =>
                {
                    await foreach (var frame in dashboard.FramesAsync(FrameTime, end.Token))
                    {
                        display.UpdateTarget(frame.Render());
                        if (QuitWasPressed()) await end.CancelAsync();
                    }
                });
            }
            else
            {
                await foreach (var frame in dashboard.FramesAsync(LineTime, end.Token)) console.WriteLine(frame.Line());
            }

            await load;

            // If the user ends the load early, there is a report too. So the orders that were placed are brought to their end first.
            await office.SettleAsync(CancellationToken.None);
        }

        return await run.ReportAsync(CancellationToken.None);
    }

    /// <summary>Plays the day at an even pace, until the day or the given time ends.</summary>
    private static async Task PlayAsync(Load load, TimeSpan length, long began, CancellationToken end)
    {
        try
        {
            await load.PlayAsync(
                async (minute, token) =>
                {
                    var early = (length * minute / DayPlan.Minutes) - Stopwatch.GetElapsedTime(began);
                    if (early > TimeSpan.Zero) await Task.Delay(early, token);
                },
                cancellationToken: end);
        }
        catch (OperationCanceledException) when (end.IsCancellationRequested)
        {
        }
    }

    private static bool QuitWasPressed()
    {
        while (!Console.IsInputRedirected && Console.KeyAvailable)
        {
            if (Console.ReadKey(intercept: true).Key == ConsoleKey.Q) return true;
        }

        return false;
    }
}
