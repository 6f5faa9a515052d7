namespace EventSourcing.Testing;

/// <summary>A clock that stands still until a case moves it. Thread-safe.</summary>
internal sealed class ManualClock : TimeProvider
{
    public static readonly DateTimeOffset Start = new(2031, 5, 17, 10, 30, 0, TimeSpan.Zero);
    private readonly Lock _lock = new();
    private DateTimeOffset _now = Start;

    public DateTimeOffset Now
    {
        get
        {
            lock (_lock) return _now;
        }
        set
        {
            lock (_lock) _now = value;
        }
    }

    public override DateTimeOffset GetUtcNow() => Now;
}
