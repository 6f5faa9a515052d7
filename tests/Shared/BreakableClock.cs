namespace EventSourcing.Tests;

/// <summary>The system's clock, whose timers cannot be created when a test says so. Thread-safe.</summary>
internal sealed class BreakableClock : TimeProvider
{
    private volatile Exception? _failure;
    private volatile Exception? _once;

    /// <summary>What the creation of a timer throws; null if it succeeds.</summary>
    public Exception? Failure
    {
        get => _failure;
        set => _failure = value;
    }

    /// <summary>Whether the next creation of a timer fails, and no other.</summary>
    public bool IsToBreak => _once is not null;

    public void BreakOnce(Exception failure) => _once = failure;

    public override ITimer CreateTimer(TimerCallback callback, object? state, TimeSpan dueTime, TimeSpan period) =>
        (Interlocked.Exchange(ref _once, null) ?? Failure) is { } failure
            ? throw failure
            : base.CreateTimer(callback, state, dueTime, period);
}
