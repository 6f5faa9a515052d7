using System.Diagnostics;
using System.Globalization;
using EventSourcing;
using EventSourcing.Operations;
using Spectre.Console;

namespace Shop;

/// <summary>
/// Plays the day while the process that runs the projections and the order process is killed over and over. The next process
/// does again what a killed one left unfinished, and it counts once. So the report is that of an undisturbed day.
/// </summary>
internal static class ChaosCommand
{
    private const int LeastLifeMilliseconds = 50;
    private const int LongestLifeMilliseconds = 300;

    public static async Task<int> RunAsync(Arguments arguments, IAnsiConsole console, CancellationToken cancellationToken)
    {
        await using var run = await ShopRun.BeginAsync(arguments, console, cancellationToken);
        var random = new Random(arguments.Seed);
        var kills = 0;
        using var stop = CancellationTokenSource.CreateLinkedTokenSource(cancellationToken);
        var load = run.Load.PlayAsync(PaceAsync, cancellationToken: stop.Token);
        try
        {
            while (kills < arguments.Kills)
            {
                await using var victim = await OfficeProcess.StartAsync(run.Database, cancellationToken);
                var life = TimeSpan.FromMilliseconds(random.Next(LeastLifeMilliseconds, LongestLifeMilliseconds + 1));
                await Task.Delay(life, cancellationToken);
                await victim.KillAsync();
                Volatile.Write(ref kills, kills + 1);
                await ShowAsync(run, kills, life, cancellationToken);
                if (load.IsFaulted) await load;
            }

            await using var survivor = await OfficeProcess.StartAsync(run.Database, cancellationToken);
            await load;
            await BackOffice.SettleElsewhereAsync(run.Shop, cancellationToken);
            await survivor.EndAsync(cancellationToken);
        }
        finally
        {
            // Whatever has failed, nothing may use the database any more when it is closed.
            await stop.CancelAsync();
            await load.ConfigureAwait(ConfigureAwaitOptions.SuppressThrowing);
        }

        return await run.ReportAsync(
            cancellationToken,
            string.Create(CultureInfo.InvariantCulture, $"the process of the projections and the order process was killed {kills} times, {LeastLifeMilliseconds}-{LongestLifeMilliseconds} ms after it had begun"));

        // The day lasts as long as the killing does, so that orders come in all the while.
        async Task PaceAsync(int minute, CancellationToken token)
        {
            while (minute * (arguments.Kills + 1L) > DayPlan.Minutes * (Volatile.Read(ref kills) + 1L)) await Task.Delay(5, token);
        }
    }

    private static async Task ShowAsync(ShopRun run, int kills, TimeSpan life, CancellationToken cancellationToken)
    {
        var statuses = await run.Shop.Events.ProjectionAdmin().GetStatusAsync(cancellationToken);
        var head = await run.Shop.Events.GetHeadAsync(cancellationToken);
        var process = PositionOf(status => status.Name == nameof(OrderProcess));
        var readModels = PositionOf(status => status.Name != nameof(OrderProcess));
        run.Console.MarkupLineInterpolated(CultureInfo.InvariantCulture, $"  kill {kills,3} after {life.TotalMilliseconds,3:0} ms: {run.Load.Orders,5:#,0} orders, {head,6:#,0} events; order process at {process,6:#,0}, read models at {readModels,6:#,0}");

        long PositionOf(Func<ProjectionStatus, bool> which) => statuses.Where(which).Select(status => status.Position).DefaultIfEmpty().Min();
    }

    /// <summary>Another process of this program, which runs <see cref="ProjectionsCommand"/>.</summary>
    private sealed class OfficeProcess : IAsyncDisposable
    {
        private readonly Process _process;

        private OfficeProcess(Process process) => _process = process;

        /// <summary>Starts the process, and waits until it has begun to work.</summary>
        /// <exception cref="CannotRunException">The process has ended before that.</exception>
        public static async Task<OfficeProcess> StartAsync(string database, CancellationToken cancellationToken)
        {
            var start = new ProcessStartInfo(Environment.ProcessPath!) { RedirectStandardInput = true, RedirectStandardOutput = true };

            // If the program was started by "dotnet Shop.dll", its process is dotnet, which needs the path of the program. Otherwise it
            // is the app itself.
            if (Path.GetFileNameWithoutExtension(Environment.ProcessPath) == "dotnet") start.ArgumentList.Add(typeof(ChaosCommand).Assembly.Location);
            foreach (var argument in new[] { ProjectionsCommand.Name, "--db", database }) start.ArgumentList.Add(argument);

            // Otherwise each killed process would leave the sockets of its diagnostics behind in the temporary folder.
            start.Environment["DOTNET_EnableDiagnostics"] = "0";
            var office = new OfficeProcess(Process.Start(start)!);
            try
            {
                if (await office._process.StandardOutput.ReadLineAsync(cancellationToken) == ProjectionsCommand.RunningLine) return office;
                await office._process.WaitForExitAsync(cancellationToken);
                throw new CannotRunException($"The process of the projections ended by itself, with exit code {office._process.ExitCode}.");
            }
            catch
            {
                await office.DisposeAsync();
                throw;
            }
        }

        public async Task KillAsync()
        {
            if (_process.HasExited) throw new CannotRunException($"The process of the projections ended by itself, with exit code {_process.ExitCode}.");
            _process.Kill();
            await _process.WaitForExitAsync();
        }

        /// <summary>Ends the input of the process, and waits until the process has stopped by itself.</summary>
        public async Task EndAsync(CancellationToken cancellationToken)
        {
            _process.StandardInput.Close();
            await _process.WaitForExitAsync(cancellationToken);
        }

        public async ValueTask DisposeAsync()
        {
            if (!_process.HasExited) _process.Kill();
            await _process.WaitForExitAsync();
            _process.Dispose();
        }
    }
}
