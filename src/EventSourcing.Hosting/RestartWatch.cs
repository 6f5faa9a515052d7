using Microsoft.Extensions.DependencyInjection;
using Microsoft.Extensions.Hosting;

namespace EventSourcing;

/// <summary>Watches one projection or reactor, and does what the settings say when it has failed.</summary>
internal sealed class RestartWatch(HostedStore hosted, IServiceProvider services, RunningSubscribers running, string name)
{
    private TimeProvider Clock => hosted.Clock;

    public async Task RunAsync(CancellationToken stop)
    {
        try
        {
            await WatchAsync(stop).ConfigureAwait(false);
        }
        catch (OperationCanceledException) when (stop.IsCancellationRequested)
        {
        }
    }

    private async Task WatchAsync(CancellationToken stop)
    {
        for (var failures = 0; ;)
        {
            var began = Clock.GetTimestamp();
            var completion = running.CompletionOf(name);
            await completion.WaitAsync(stop).ConfigureAwait(ConfigureAwaitOptions.SuppressThrowing);
            stop.ThrowIfCancellationRequested();
            if (!completion.IsFaulted) return;

            var settings = hosted.Settings;
            if (settings.OnFailure == HostedFailure.StopHost)
            {
                StoreLog.StoppingHost(hosted.Logger, hosted.Name, name);
                if (Environment.ExitCode == 0) Environment.ExitCode = 1;
                services.GetRequiredService<IHostApplicationLifetime>().StopApplication();
                return;
            }

            if (settings.OnFailure == HostedFailure.Ignore)
            {
                StoreLog.LeftFailed(hosted.Logger, hosted.Name, name);
                while (ReferenceEquals(running.CompletionOf(name), completion))
                    await Task.Delay(settings.LeaseDuration, Clock, stop).ConfigureAwait(false);
                continue;
            }

            if (Clock.GetElapsedTime(began) >= settings.LongestRestartPause) failures = 0;
            var doubled = settings.FirstRestartAfter.Ticks << Math.Min(failures, 20);
            var pause = TimeSpan.FromTicks(Math.Min(settings.LongestRestartPause.Ticks, doubled));
            failures++;
            StoreLog.Restarting(hosted.Logger, hosted.Name, name, pause, failures);
            await Task.Delay(pause, Clock, stop).ConfigureAwait(false);

            // An order may have started it meanwhile; then it is only watched again.
            if (running.StartAgain(name)) hosted.Health.CountRestart(name);
        }
    }
}
