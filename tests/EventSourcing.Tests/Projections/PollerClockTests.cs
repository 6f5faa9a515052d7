namespace EventSourcing.Tests.Projections;

/// <summary>The clock is the app's, and may throw.</summary>
public class PollerClockTests
{
    private static readonly TimeSpan Never = TimeSpan.FromSeconds(30);

    [Fact]
    public async Task Order_after_the_clock_has_thrown_is_carried_out_and_nothing_is_left_unobserved()
    {
        var mark = Unobserved.NewMark();
        (await Unobserved.AfterAsync(mark, async () =>
        {
            var clock = new BreakableClock();
            var storage = new InMemoryEventStorage(new EventStorageOptions { TimeProvider = clock });
            var store = new EventStore(storage, Tallied.Types);
            var running = store.StartProjections(new Tallies());
            await running.CatchUpAsync(Never);

            // At rest, only the poller waits for a time.
            clock.BreakOnce(new InvalidOperationException(mark));
            using var patience = new CancellationTokenSource(Never);
            while (clock.IsToBreak) await Task.Delay(1, patience.Token);
            await new EventStore(storage, Tallied.Types).ProjectionAdmin().StopAsync("tallies");
            while ((await running.GetStatusAsync())[0].State != ProjectionState.Stopped) await Task.Delay(5, patience.Token);
            await store.DisposeAsync();
        })).Should().BeEmpty();
    }
}
