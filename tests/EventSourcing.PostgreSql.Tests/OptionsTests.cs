namespace EventSourcing.PostgreSql.Tests;

/// <summary>A time that no timer and no server takes is refused when it is chosen, and not by what waits in the background.</summary>
public sealed class OptionsTests
{
    public static TheoryData<TimeSpan> NoTimes =>
        [Timeout.InfiniteTimeSpan, TimeSpan.FromTicks(-1), TimeSpan.MinValue, TimeSpan.FromDays(25), TimeSpan.FromDays(50), TimeSpan.MaxValue];

    [Theory]
    [MemberData(nameof(NoTimes))]
    public void Time_that_no_timer_takes_is_refused_with_its_value(TimeSpan time)
    {
        Refusal(() => new PostgresEventStorageOptions { PollInterval = time }, nameof(PostgresEventStorageOptions.PollInterval), time);
        Refusal(() => new PostgresEventStorageOptions { BusyTimeout = time }, nameof(PostgresEventStorageOptions.BusyTimeout), time);
        Refusal(() => new PostgresEventStorageOptions { HolderTimeout = time }, nameof(PostgresEventStorageOptions.HolderTimeout), time);
    }

    [Fact]
    public void Time_without_a_pause_is_refused_where_it_would_be_a_loop()
    {
        foreach (var time in (TimeSpan[])[TimeSpan.Zero, TimeSpan.FromTicks(1)])
        {
            Refusal(() => new PostgresEventStorageOptions { PollInterval = time }, nameof(PostgresEventStorageOptions.PollInterval), time);
            Refusal(() => new PostgresEventStorageOptions { HolderTimeout = time }, nameof(PostgresEventStorageOptions.HolderTimeout), time);
        }

        new PostgresEventStorageOptions { BusyTimeout = TimeSpan.Zero }.BusyTimeout.Should().Be(TimeSpan.Zero);
    }

    [Theory]
    [InlineData("")]
    [InlineData("a\"b")]
    [InlineData("a\nb")]
    [InlineData("pg_mine")]
    [InlineData("half\uD800")]
    [InlineData("sixty-four-bytes-are-one-more-than-a-name-in-postgresql-may-have-")]
    public void Schema_that_the_server_does_not_take_is_refused_with_what_to_do(string schema)
    {
        var refused = FluentActions.Invoking(() => new PostgresEventStorageOptions { Schema = schema }).Should().Throw<ArgumentException>().Which;
        refused.ParamName.Should().Be(nameof(PostgresEventStorageOptions.Schema));
    }

    [Theory]
    [InlineData("Übung ﬀ 😀")]
    [InlineData("a-b.c;--")]
    public void Schema_with_an_odd_name_is_taken(string schema) => new PostgresEventStorageOptions { Schema = schema }.Schema.Should().Be(schema);

    private static void Refusal(Func<PostgresEventStorageOptions> choose, string option, TimeSpan time)
    {
        var refused = choose.Should().Throw<ArgumentOutOfRangeException>().Which;
        refused.ParamName.Should().Be(option);
        refused.ActualValue.Should().Be(time);
    }
}
