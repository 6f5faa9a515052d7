namespace EventSourcing;

/// <summary>Starts background work that goes on for longer than the call that started it.</summary>
internal static class BackgroundTask
{
    /// <summary>
    /// Starts work on the thread pool without the caller's execution context. The work serves all callers, so the activity, the culture and
    /// the async locals of the first caller must not stay with it.
    /// </summary>
    /// <param name="work">The work.</param>
    /// <returns>A task that ends with the work.</returns>
    public static Task Start(Func<Task> work)
    {
        using (SuppressFlow()) return Task.Run(work, CancellationToken.None);
    }

    /// <summary>
    /// Says that a task need not be awaited, because its failure is told in another way. Otherwise an app that has awaited all that it was
    /// given would be told of an error at which nobody has looked (<see cref="TaskScheduler.UnobservedTaskException"/>).
    /// </summary>
    /// <param name="task">The task.</param>
    /// <returns>The same task.</returns>
    public static Task ToldElsewhere(this Task task)
    {
        if (task.IsCompleted) _ = task.Exception;
        else task.ConfigureAwait(false).GetAwaiter().UnsafeOnCompleted(() => _ = task.Exception); // keeps no context of the caller
        return task;
    }

    /// <summary>Keeps the execution context from everything that is started until the returned object is disposed.</summary>
    public static AsyncFlowControl SuppressFlow() => ExecutionContext.IsFlowSuppressed() ? default : ExecutionContext.SuppressFlow();
}
