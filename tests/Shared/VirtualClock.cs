namespace EventSourcing.Tests;

/// <summary>
/// A clock that stands still until a test moves it. Its timers ring on the thread pool, in the order of their times, when it gets
/// there. Thread-safe.
/// </summary>
internal sealed class VirtualClock : TimeProvider
{
    private static readonly DateTimeOffset Start = new(2031, 5, 17, 10, 30, 0, TimeSpan.Zero);
    private readonly Lock _lock = new();
    private readonly List<Alarm> _alarms = [];
    private DateTimeOffset _now = Start;

    public override long TimestampFrequency => TimeSpan.TicksPerSecond;

    public override DateTimeOffset GetUtcNow()
    {
        lock (_lock) return _now;
    }

    public override long GetTimestamp() => (GetUtcNow() - Start).Ticks;

    /// <summary>Whether something waits for the instant that lies a time ahead, and for no other.</summary>
    public bool IsAwaitedIn(TimeSpan time)
    {
        lock (_lock) return _alarms.Exists(alarm => alarm.At == _now + time);
    }

    /// <summary>Moves the clock on; all timers that are due by then ring, each with the clock at its own time.</summary>
    public void Advance(TimeSpan time)
    {
        var until = GetUtcNow() + time;
        while (true)
        {
            Alarm? due;
            lock (_lock)
            {
                due = _alarms.Where(alarm => alarm.At <= until).MinBy(alarm => alarm.At);
                var next = due?.At ?? until;
                if (next > _now) _now = next;
                due?.SetNext();
            }

            if (due is null) return;
            ThreadPool.UnsafeQueueUserWorkItem(static alarm => alarm.Ring(), due, preferLocal: false);
        }
    }

    public override ITimer CreateTimer(TimerCallback callback, object? state, TimeSpan dueTime, TimeSpan period)
    {
        var alarm = new Alarm(this, () => callback(state));
        alarm.Change(dueTime, period);
        lock (_lock) _alarms.Add(alarm);
        if (dueTime == TimeSpan.Zero) Advance(TimeSpan.Zero);
        return alarm;
    }

    private sealed class Alarm(VirtualClock clock, Action ring) : ITimer
    {
        private TimeSpan _period;

        public DateTimeOffset? At { get; private set; }

        public void Ring() => ring();

        public void SetNext() => At = _period > TimeSpan.Zero ? At + _period : null;

        public bool Change(TimeSpan dueTime, TimeSpan period)
        {
            lock (clock._lock)
            {
                At = dueTime == Timeout.InfiniteTimeSpan ? null : clock._now + dueTime;
                _period = period;
            }

            return true;
        }

        public void Dispose()
        {
            lock (clock._lock) clock._alarms.Remove(this);
        }

        public ValueTask DisposeAsync()
        {
            Dispose();
            return ValueTask.CompletedTask;
        }
    }
}
