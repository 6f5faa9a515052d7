namespace EventSourcing;

/// <summary>
/// How long to pause before the next try, depending on how often something has failed in a row. It has no clock and no state; one schedule
/// serves any number of things that fail.
/// </summary>
internal sealed class RetrySchedule
{
    private readonly IReadOnlyList<TimeSpan> _pauses;
    private readonly bool _isEndless;

    private RetrySchedule(IReadOnlyList<TimeSpan> pauses, bool isEndless)
    {
        _pauses = pauses;
        _isEndless = isEndless;
    }

    /// <summary>For a storage that fails: 50 ms, each pause twice the one before, up to 10 s. It never gives up.</summary>
    public static RetrySchedule OfStorage { get; } = new(
        [.. Enumerable.Range(0, 9).Select(i => TimeSpan.FromMilliseconds(Math.Min(50 << i, 10_000)))],
        isEndless: true);

    /// <summary>One try after each of the pauses, and no more after the last.</summary>
    public static RetrySchedule Of(IReadOnlyList<TimeSpan> pauses) => new(pauses, isEndless: false);

    /// <summary>The pause before the next try; null if there is no next try.</summary>
    /// <param name="failures">How many tries have failed in a row, 1 or more.</param>
    public TimeSpan? PauseAfter(int failures) =>
        failures <= _pauses.Count ? _pauses[failures - 1]
        : _isEndless ? _pauses[^1]
        : null;
}
