namespace EventSourcing.Tests.Projections;

/// <summary>A time that no timer takes is refused when it is chosen, and not by what waits in the background.</summary>
public class ProjectionOptionsTests
{
    public static TheoryData<TimeSpan> TooLong => [TimeSpan.FromDays(25), TimeSpan.FromDays(50), TimeSpan.MaxValue];

    public static TheoryData<TimeSpan> Negative => [Timeout.InfiniteTimeSpan, TimeSpan.FromTicks(-1), TimeSpan.MinValue];

    [Theory]
    [MemberData(nameof(TooLong))]
    [MemberData(nameof(Negative))]
    public void Time_that_no_timer_takes_is_refused_with_its_value(TimeSpan time)
    {
        Refusal(() => new ProjectionOptions { RetryDelays = [TimeSpan.Zero, time] }, nameof(ProjectionOptions.RetryDelays), time);
        Refusal(() => new ProjectionOptions { LeaseDuration = time }, nameof(ProjectionOptions.LeaseDuration), time);
        if (time != Timeout.InfiniteTimeSpan) Refusal(() => new ProjectionOptions { StopTimeout = time }, nameof(ProjectionOptions.StopTimeout), time);
    }

    [Fact]
    public async Task Times_at_their_bounds_run_and_stop()
    {
        var longest = TimeSpan.FromMilliseconds(int.MaxValue);
        foreach (var options in (ProjectionOptions[])
        [
            new() { RetryDelays = [longest], LeaseDuration = longest, StopTimeout = longest },
            new() { RetryDelays = [longest], OnFailure = FailureMode.Stop, LeaseDuration = TimeSpan.FromMilliseconds(100), StopTimeout = Timeout.InfiniteTimeSpan },
            new() { RetryDelays = [TimeSpan.Zero], StopTimeout = TimeSpan.Zero },
        ])
        {
            await using var store = new EventStore(new InMemoryEventStorage(), Tallied.Types);
            await using var running = store.StartProjections(options, new Tallies((_, position) => position == 2));
            await running.WaitForAsync(await store.AppendAsync("s-1", ExpectedVersion.Any, [Tallied.For("a")]));
            await store.AppendAsync("s-1", ExpectedVersion.Any, [Tallied.For("a")]);
            using var patience = new CancellationTokenSource(TimeSpan.FromSeconds(60));
            while ((await running.GetStatusAsync(patience.Token))[0].LastError is null) await Task.Delay(1, patience.Token);
            running.Completion.IsFaulted.Should().BeFalse();
        }
    }

    private static void Refusal(Func<ProjectionOptions> choose, string option, TimeSpan time)
    {
        var refused = choose.Should().Throw<ArgumentOutOfRangeException>().Which;
        refused.ParamName.Should().Be(option);
        refused.ActualValue.Should().Be(time);
    }
}
