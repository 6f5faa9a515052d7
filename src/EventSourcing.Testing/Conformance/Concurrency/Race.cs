namespace EventSourcing.Testing;

/// <summary>Runs contenders at the same time, as nearly as threads allow.</summary>
internal static class Race
{
    /// <summary>Starts all contenders, releases them together, and returns their results in the order of their numbers.</summary>
    public static async Task<T[]> RunAsync<T>(int contenders, Func<int, Task<T>> run)
    {
        var go = new TaskCompletionSource(TaskCreationOptions.RunContinuationsAsynchronously);
        var all = Enumerable.Range(0, contenders).Select(n => Task.Run(async () =>
        {
            await go.Task;
            return await run(n);
        })).ToArray();
        go.SetResult();
        return await Task.WhenAll(all);
    }

    public static Task RunAsync(int contenders, Func<int, Task> run) => RunAsync(contenders, async n =>
    {
        await run(n);
        return true;
    });

    /// <summary>The result of an append, or null if a guard refused it. Any other error is not part of a race.</summary>
    public static async Task<AppendResult?> TryAsync(Task<AppendResult> append)
    {
        try
        {
            return await append;
        }
        catch (Exception refused) when (refused is WrongExpectedVersionException or AppendConditionFailedException)
        {
            return null;
        }
    }
}
