namespace EventSourcing;

/// <summary>
/// Limits for shutting down. They are in real time, whatever the storage's clock says: a clock that stands still must not prevent an app
/// from ending. Everything else in projections uses the storage's clock, as long as that does not throw.
/// </summary>
internal static class StopLimit
{
    /// <summary>How long runs whose handlers were given up, or that only wait for the storage, may take to end.</summary>
    public static TimeSpan Grace { get; } = TimeSpan.FromSeconds(1);

    /// <summary>Whether a task ends within a time. If it does not, it goes on. Whether it fails is not looked at.</summary>
    public static async Task<bool> EndsWithinAsync(Task task, TimeSpan time)
    {
        _ = task.ToldElsewhere();
        using var ended = new CancellationTokenSource();
        var first = await Task.WhenAny(task, Task.Delay(time, TimeProvider.System, ended.Token)).ConfigureAwait(false);
        await ended.CancelAsync().ConfigureAwait(false);
        return first == task;
    }

    /// <summary>A pause for whoever has found that the storage's clock throws, and must not ask for its time without end.</summary>
    public static Task PauseAsync(TimeSpan time, CancellationToken stop) => Task.Delay(time, TimeProvider.System, stop);

    /// <summary>A token that is cancelled after a time; the caller disposes it.</summary>
    public static CancellationTokenSource CancelAfter(TimeSpan time) => new(time, TimeProvider.System);
}
