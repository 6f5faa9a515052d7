namespace EventSourcing.Tests;

public class EventStoreTests
{
    [Fact]
    public async Task Read_a_stream_or_the_log_as_of_a_point_returns_what_there_was_then()
    {
        var clock = new ManualClock();
        await using var store = Bank.Open(new InMemoryEventStorage(new EventStorageOptions { TimeProvider = clock }));
        for (var minute = 0; minute < 5; minute++)
        {
            clock.Now = ManualClock.Start.AddMinutes(minute);
            await store.AppendAsync("a", ExpectedVersion.Any, [new MoneyDeposited(minute)]);
            await store.AppendAsync("b", ExpectedVersion.Any, [new MoneyDeposited(minute)]);
        }

        var instant = AsOf.Instant(ManualClock.Start.AddMinutes(2));
        (await Versions(AsOf.Version(3))).Should().Equal(1, 2, 3);
        (await Versions(AsOf.Version(0))).Should().BeEmpty();
        (await Versions(AsOf.Position(4))).Should().Equal(1, 2);
        (await Versions(instant)).Should().Equal(1, 2, 3);
        (await Versions(AsOf.Now)).Should().HaveCount(5);
        (await store.LogAsync(new LogReadOptions { AsOf = instant })).Should().HaveCount(6);
        (await store.LogAsync(new LogReadOptions { AsOf = instant, Direction = ReadDirection.Backwards, Limit = 2 })).Select(e => e.Position).Should().Equal(6, 5);
        (await store.LogAsync(new LogReadOptions { AsOf = AsOf.Position(3), After = 1 })).Select(e => e.Position).Should().Equal(2, 3);
        await FluentActions.Awaiting(() => store.LogAsync(new LogReadOptions { AsOf = AsOf.Version(3) })).Should().ThrowAsync<ArgumentException>();

        async Task<List<long>> Versions(AsOf asOf) => (await store.StreamAsync("a", new StreamReadOptions { AsOf = asOf })).ConvertAll(e => e.Version);
    }

    [Fact]
    public async Task Find_the_position_at_an_instant_is_the_last_recorded_by_then()
    {
        var clock = new ManualClock();
        await using var store = Bank.Open(new InMemoryEventStorage(new EventStorageOptions { TimeProvider = clock }));
        (await store.GetPositionAsync(ManualClock.Start)).Should().Be(0);
        int[] seconds = [0, 0, 1, 5, 5, 5, 3, 9];
        foreach (var second in seconds)
        {
            clock.Now = ManualClock.Start.AddSeconds(second);
            await store.AppendAsync("a", ExpectedVersion.Any, [new MoneyDeposited(1)]);
        }

        foreach (var (second, position) in new[] { (-1, 0), (0, 2), (1, 3), (4, 3), (5, 7), (8, 7), (9, 8), (99, 8) })
        {
            (await store.GetPositionAsync(ManualClock.Start.AddSeconds(second))).Should().Be(position, $"as of second {second}");
        }
    }

    [Fact]
    public void Describe_a_point_in_time_for_people()
    {
        new[] { AsOf.Now, AsOf.Version(3), AsOf.Position(0), AsOf.Instant(ManualClock.Start) }.Select(a => a.ToString())
            .Should().Equal("now", "version 3", "position 0", "2031-05-17T10:30:00.0000000+00:00");
        FluentActions.Invoking(() => AsOf.Version(-1)).Should().Throw<ArgumentOutOfRangeException>();
        FluentActions.Invoking(() => AsOf.Position(long.MaxValue)).Should().Throw<ArgumentOutOfRangeException>();
    }

    [Fact]
    public async Task Read_with_a_limit_and_direction_over_several_pages_returns_exactly_that()
    {
        await using var store = Bank.Open();
        await store.AppendAsync("a", 0, [.. Enumerable.Range(1, 1300).Select(n => new MoneyDeposited(n))]);
        (await store.StreamAsync("a", new StreamReadOptions { Limit = 600 })).Select(e => e.Version).Should().Equal(Enumerable.Range(1, 600).Select(n => (long)n));
        (await store.StreamAsync("a", new StreamReadOptions { Limit = 600, Direction = ReadDirection.Backwards })).Select(e => e.Version).Should().Equal(Enumerable.Range(0, 600).Select(n => 1300L - n));
        (await store.StreamAsync("a", new StreamReadOptions { After = 1290 })).Should().HaveCount(10);
        (await store.LogAsync(new LogReadOptions { Filter = EventQuery.OfTypes("money-deposited"), Limit = 513 })).Should().HaveCount(513);
        await FluentActions.Awaiting(() => store.StreamAsync("a", new StreamReadOptions { Limit = 0 })).Should().ThrowAsync<ArgumentException>();
        await FluentActions.Awaiting(() => store.LogAsync(new LogReadOptions { Limit = -1 })).Should().ThrowAsync<ArgumentException>();
    }

    [Fact]
    public async Task Read_while_others_append_sees_what_comes_before_the_last_page()
    {
        await using var store = Bank.Open();
        await store.AppendAsync("a", 0, [.. Enumerable.Repeat(new MoneyDeposited(1), 1600)]);
        var count = 0;
        await foreach (var e in store.ReadStreamAsync("a"))
        {
            if (++count == 1) await store.AppendAsync("a", 1600, [new MoneyDeposited(2)]);
            e.Version.Should().Be(count);
        }

        count.Should().Be(1601);
    }

    [Fact]
    public async Task Append_on_a_condition_and_a_check_holds_both()
    {
        await using var store = Bank.Open();
        await store.AppendAsync("user-ann", 0, [new EventData(new AccountOpened("Ann")) { Tags = ["email:a@b"] }]);
        AppendCondition free = new(EventQuery.WithTags("email:a@b"), 0);
        await FluentActions.Awaiting(() => store.AppendAsync([new StreamAppend("user-bob", 0, [new AccountOpened("Bob")])], conditions: [free])).Should().ThrowAsync<AppendConditionFailedException>();
        await FluentActions.Awaiting(() => store.AppendAsync([new StreamAppend("user-bob", 0, [new AccountOpened("Bob")]), StreamAppend.Check("user-ann", 0)])).Should().ThrowAsync<WrongExpectedVersionException>();
        (await store.GetHeadAsync()).Should().Be(1);
        (await store.GetVersionAsync("user-ann")).Should().Be(1);
        (await store.GetVersionAsync("user-bob")).Should().Be(0);
    }

    [Fact]
    public async Task Append_again_by_the_same_ids_returns_the_original_result()
    {
        await using var store = Bank.Open();
        EventData[] events = [new(new AccountOpened("Ann")) { Id = Guid.CreateVersion7() }, new(new MoneyDeposited(1)) { Id = Guid.CreateVersion7() }];
        var first = await store.AppendAsync("a", 0, events);
        await store.AppendAsync("a", 2, [new MoneyDeposited(5)]);
        var again = await store.AppendAsync("a", 0, events, new EventMetadata { CorrelationId = "second try" });
        again.Should().BeEquivalentTo(first, options => options.Excluding(r => r.WasAlreadyStored));
        again.WasAlreadyStored.Should().BeTrue();
        (await store.GetHeadAsync()).Should().Be(3);
    }

    [Fact]
    public async Task Dispose_refuses_further_use()
    {
        var store = Bank.Open();
        await store.AppendAsync("a", 0, [new MoneyDeposited(1)]);
        await store.DisposeAsync();
        await FluentActions.Awaiting(() => store.AppendAsync("a", 1, [new MoneyDeposited(1)])).Should().ThrowAsync<ObjectDisposedException>();
        await FluentActions.Awaiting(() => store.GetHeadAsync()).Should().ThrowAsync<ObjectDisposedException>();
    }
}
