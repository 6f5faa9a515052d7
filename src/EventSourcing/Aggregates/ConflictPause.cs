namespace EventSourcing;

/// <summary>The pause between a conflict and the next try.</summary>
internal static class ConflictPause
{
    private const int MaxMilliseconds = 50;

    /// <summary>Short, growing and random: commands that collided would collide again if they came back at the same moment.</summary>
    public static Task AfterAsync(int conflicts, CancellationToken cancellationToken) =>
        Task.Delay(
            TimeSpan.FromMilliseconds(Random.Shared.NextDouble() * Math.Min(MaxMilliseconds, 1 << Math.Min(conflicts, 10))),
            cancellationToken);
}
