namespace EventSourcing.Sqlite.Tests;

/// <summary>A time that no timer takes is refused when it is chosen, and not by what waits in the background.</summary>
public sealed class OptionsTests : IDisposable
{
    private readonly TemporaryFolder _folder = new();

    public static TheoryData<TimeSpan> NoPollIntervals =>
        [TimeSpan.Zero, Timeout.InfiniteTimeSpan, TimeSpan.MinValue, TimeSpan.FromTicks(1), TimeSpan.FromDays(25), TimeSpan.FromDays(50), TimeSpan.MaxValue];

    public void Dispose() => _folder.Dispose();

    [Theory]
    [MemberData(nameof(NoPollIntervals))]
    public void Poll_interval_that_no_timer_takes_is_refused_with_its_value(TimeSpan interval)
    {
        var refused = FluentActions.Invoking(() => new SqliteEventStorageOptions { PollInterval = interval }).Should().Throw<ArgumentOutOfRangeException>().Which;
        refused.ParamName.Should().Be(nameof(SqliteEventStorageOptions.PollInterval));
        refused.ActualValue.Should().Be(interval);
    }

    [Theory]
    [InlineData(1)]
    [InlineData(int.MaxValue)]
    public async Task Poll_interval_at_its_bounds_is_waited_for(int milliseconds)
    {
        await using var storage = new SqliteEventStorage(_folder.Store, new SqliteEventStorageOptions { PollInterval = TimeSpan.FromMilliseconds(milliseconds) });
        var woken = storage.WaitForEventsAsync(0).AsTask();
        await Task.Delay(100);
        woken.IsCompleted.Should().BeFalse();
        await storage.AppendAsync(Some.Append("s", 0));
        (await woken.WaitAsync(Some.Never)).Should().Be(1);
    }

    [Fact]
    public void Busy_timeout_may_be_any_but_a_negative_one()
    {
        foreach (var timeout in (TimeSpan[])[Timeout.InfiniteTimeSpan, TimeSpan.FromTicks(-1), TimeSpan.MinValue])
            FluentActions.Invoking(() => new SqliteEventStorageOptions { BusyTimeout = timeout }).Should().Throw<ArgumentOutOfRangeException>();
        foreach (var timeout in (TimeSpan[])[TimeSpan.Zero, TimeSpan.FromDays(50), TimeSpan.MaxValue])
            new SqliteEventStorageOptions { BusyTimeout = timeout }.BusyTimeout.Should().Be(timeout);
    }

    [Fact]
    public async Task Append_and_backup_with_the_longest_busy_timeout_wait_and_succeed()
    {
        await using var storage = new SqliteEventStorage(_folder.Store, new SqliteEventStorageOptions { BusyTimeout = TimeSpan.MaxValue });
        await storage.AppendAsync(Some.Append("s", 0));
        using var holder = Some.ForeignConnection(_folder.Store);
        holder.Run("BEGIN IMMEDIATE");
        var append = storage.AppendAsync(Some.Append("s", 1)).AsTask();
        await Task.Delay(50);
        append.IsCompleted.Should().BeFalse();
        holder.Run("ROLLBACK");
        (await append.WaitAsync(Some.Never)).Version.Should().Be(2);
        (await storage.BackupAsync(_folder.FileNamed("copy.db"))).Head.Should().Be(2);
    }
}
