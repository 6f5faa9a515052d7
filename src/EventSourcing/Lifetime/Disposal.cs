using System.Runtime.ExceptionServices;

namespace EventSourcing;

/// <summary>
/// Runs a disposal once, however many callers ask for it at a time: all of them wait for the same run. If it fails, it fails for all of
/// them, and the next call tries again. Thread-safe.
/// </summary>
/// <param name="dispose">Disposes; it must be safe to run again after it has failed.</param>
internal sealed class Disposal(Func<Task> dispose)
{
    private TaskCompletionSource? _run;

    /// <summary>Whether the disposal has begun.</summary>
    public bool HasBegun => Volatile.Read(ref _run) is not null;

    /// <summary>
    /// Runs the disposal, and blocks the thread until it has ended: for <see cref="IDisposable"/>, which has no other way.
    /// </summary>
    public void RunAndWait()
    {
        // On the pool there is no context of this thread that continuations would have to return to.
        var run = Task.Run(RunAsync);
        ((IAsyncResult)run).AsyncWaitHandle.WaitOne();
        if (run.Exception is { } failure) ExceptionDispatchInfo.Throw(failure.InnerException!);
    }

    /// <summary>Runs the disposal.</summary>
    /// <returns>A task that completes when it has ended.</returns>
    public Task RunAsync()
    {
        var mine = new TaskCompletionSource(TaskCreationOptions.RunContinuationsAsynchronously);
        for (var seen = Volatile.Read(ref _run); ;)
        {
            if (seen is { Task.IsFaulted: false }) return seen.Task;
            var found = Interlocked.CompareExchange(ref _run, mine, seen);
            if (ReferenceEquals(found, seen)) break;
            seen = found;
        }

        _ = DisposeAsync(mine);
        return mine.Task;
    }

    private async Task DisposeAsync(TaskCompletionSource run)
    {
        try
        {
            await dispose().ConfigureAwait(false);
            run.SetResult();
        }
        catch (Exception failure)
        {
            run.SetException(failure);
        }
    }
}
