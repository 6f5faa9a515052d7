namespace EventSourcing.Testing;

/// <summary>The clock of a scenario. It returns the time that the scenario sets, and has no timers, so nothing can wait for it.</summary>
internal sealed class ScenarioClock : TimeProvider
{
    public DateTimeOffset Now { get; set; }

    public override DateTimeOffset GetUtcNow() => Now;

    public override long GetTimestamp() => Now.UtcTicks;

    public override long TimestampFrequency => TimeSpan.TicksPerSecond;

    public override ITimer CreateTimer(TimerCallback callback, object? state, TimeSpan dueTime, TimeSpan period) =>
        throw new NotSupportedException(
            "The clock of a scenario stands still: nothing can be waited for by it. Move it by At or After, and act then.");
}
