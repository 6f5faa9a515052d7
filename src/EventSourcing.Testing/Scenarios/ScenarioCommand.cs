namespace EventSourcing.Testing;

/// <summary>The command of one run of a scenario: whether its code was called, and whether that failed.</summary>
internal sealed class ScenarioCommand(ScenarioClock clock)
{
    public TimeProvider Clock => clock;

    /// <summary>Whether it came to the code of the command. If it did not, its outcome says nothing about the command.</summary>
    public bool IsCalled { get; private set; }

    /// <summary>Whether the code of the command failed when it was last called. If it did not, an error comes from the store.</summary>
    public bool HasFailed { get; private set; }

    /// <summary>Calls the code of the command.</summary>
    /// <param name="act">The code.</param>
    public async Task CallAsync(Func<Task?> act)
    {
        (IsCalled, HasFailed) = (true, true);
        var acting = act() ?? throw new ScenarioException(
            "The command returned null in place of a Task, so nobody can tell when it ends. Return Task.CompletedTask.");
        await acting.ConfigureAwait(false);
        HasFailed = false;
    }

    /// <summary>Calls the code of a command that decides.</summary>
    /// <param name="decide">The code. What it returns is enumerated here, since its code may run only then.</param>
    public IReadOnlyList<T> Call<T>(Func<IEnumerable<T>?> decide)
    {
        (IsCalled, HasFailed) = (true, true);
        IReadOnlyList<T> decided = [.. decide() ?? throw new ScenarioException(
            "The decision returned null, so nobody can tell what it is. If there is nothing to do, return an empty list.")];
        HasFailed = false;
        return decided;
    }
}
