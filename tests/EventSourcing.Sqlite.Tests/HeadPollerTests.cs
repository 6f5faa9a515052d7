using EventSourcing.Storage;
using EventSourcing.Tests;

namespace EventSourcing.Sqlite.Tests;

/// <summary>The poller of a storage goes on whatever the app's clock does, and tells those who wait.</summary>
public sealed class HeadPollerTests
{
    private readonly HeadSignal _signal = new();
    private readonly UserCode _userCode = new();
    private long _head;
    private int _reads;

    [Fact]
    public async Task Wait_while_the_clock_throws_fails_with_its_error_and_a_later_wait_is_served()
    {
        var clock = new BreakableClock { Failure = new InvalidOperationException("No timers today.") };
        var poller = PollerBy(clock, TimeSpan.FromMilliseconds(5));
        for (var i = 0; i < 3; i++)
        {
            var failed = await FluentActions.Awaiting(() => WaitAsync(poller, 0)).Should().ThrowAsync<InvalidOperationException>();
            failed.Which.Should().BeSameAs(clock.Failure);
        }

        clock.Failure = null;
        var wait = WaitAsync(poller, 0);
        Interlocked.Exchange(ref _head, 1);
        (await wait).Should().Be(1);
    }

    [Fact]
    public async Task Wait_by_several_while_the_clock_begins_to_throw_fails_for_each()
    {
        var clock = new BreakableClock();
        var poller = PollerBy(clock, TimeSpan.FromMilliseconds(5));
        var waits = Enumerable.Range(0, 20).Select(_ => WaitAsync(poller, 0)).ToList();
        while (Volatile.Read(ref _reads) < 40) await Task.Delay(1);
        clock.Failure = new InvalidOperationException("No timers any more.");
        foreach (var wait in waits) (await FluentActions.Awaiting(() => wait).Should().ThrowAsync<InvalidOperationException>()).Which.Should().BeSameAs(clock.Failure);
    }

    [Fact]
    public async Task Wait_with_the_longest_interval_is_polled_for_at_rest_too()
    {
        var clock = new VirtualClock();
        var poller = PollerBy(clock, TimeLimit.Longest);
        var wait = WaitAsync(poller, 0);
        for (var look = 0; look < 50; look++)
        {
            while (Volatile.Read(ref _reads) <= look && !wait.IsCompleted)
            {
                clock.Advance(TimeLimit.Longest);
                await Task.Delay(1);
            }
        }

        wait.IsCompleted.Should().BeFalse();
        Interlocked.Exchange(ref _head, 1);
        while (!wait.IsCompleted)
        {
            clock.Advance(TimeLimit.Longest);
            await Task.Delay(1);
        }

        (await wait).Should().Be(1);
    }

    private HeadPoller PollerBy(TimeProvider clock, TimeSpan interval) => new(interval, clock, _signal, _ =>
    {
        Interlocked.Increment(ref _reads);
        return new ValueTask<long>(Interlocked.Read(ref _head));
    });

    private Task<long> WaitAsync(HeadPoller poller, long position) => poller.WaitForEventsAsync(position, _userCode, default).AsTask().WaitAsync(Some.Never);
}
