namespace EventSourcing.Tests.Events;

/// <summary>A query by a name that no event can have is an error: it would guard and find nothing.</summary>
public class UnlistedTypesTests
{
    [EventType("shot-hit")]
    public sealed record Hit(int Points);

    public sealed record Missed;

    private static EventStore Open(IEventStorage? storage = null) => new(
        storage ?? new InMemoryEventStorage(),
        new EventTypes([EventType.Of<Hit>(), EventType.Of<Missed>("shot-missed", 2, "missed-old")], [Upcaster.Json("shot-missed", 1, json => json)]));

    [Theory]
    [InlineData("Hit", "*'Hit'*mean 'shot-hit'?*")]
    [InlineData("shot-hits", "*'shot-hits'*mean 'shot-hit'*")]
    [InlineData("shot-mised", "*mean 'shot-missed'*")]
    [InlineData("zzz", "*'zzz'*match nothing. Say*")]
    public async Task Query_by_a_name_that_is_not_listed_is_refused_wherever_it_is_given(string name, string message)
    {
        await using var store = Open();
        var query = EventQuery.InStreams("x").Or(EventQuery.OfTypes("shot-hit", name));
        var uses = new Func<Task>[]
        {
            () => store.QueryAsync(query),
            () => store.DecideAsync(query, _ => []),
            () => store.LogAsync(new LogReadOptions { Filter = query }),
            () => store.AppendAsync([new StreamAppend("a", 0, [new Hit(1)])], conditions: [new AppendCondition(query, 0)]),
            () => Task.FromResult(store.Subscribe(filter: query)),
            () => Task.FromResult(store.DecisionModel(query, 0, (count, _) => count + 1)),
        };
        foreach (var use in uses) await FluentActions.Awaiting(use).Should().ThrowAsync<ArgumentException>().WithMessage(message);
        (await store.GetHeadAsync()).Should().Be(0);
    }

    [Theory]
    [InlineData("shot-hit")]
    [InlineData("shot-missed")]
    [InlineData("shot-missed@2")]
    [InlineData("missed-old")]
    [InlineData("$payloads-erased")]
    [InlineData("$of-tomorrow")]
    public async Task Query_by_any_name_that_may_be_stored_is_accepted(string name)
    {
        await using var store = Open();
        (await store.QueryAsync(EventQuery.OfTypes(name))).Events.Should().BeEmpty();
        await store.AppendAsync([new StreamAppend("a", 0, [new Hit(1)])], conditions: [new AppendCondition(EventQuery.OfTypes(name), 0)]);
    }

    [Fact]
    public async Task Query_by_types_finds_and_guards_by_the_names_that_the_store_has()
    {
        await using var store = Open();
        await store.AppendAsync("a", 0, [new Hit(1), new Missed(), new Hit(2)]);
        (await store.QueryAsync(EventQuery.OfTypes<Hit>())).Events.Select(e => e.Version).Should().Equal(1, 3);
        (await store.QueryAsync(EventQuery.OfTypes<Missed>())).Events.Select(e => e.Version).Should().Equal(2);
        (await store.QueryAsync(EventQuery.OfTypes<Hit, Missed>())).Events.Select(e => e.Version).Should().Equal(1, 2, 3);
        await FluentActions.Awaiting(() => store.AppendAsync([new StreamAppend("b", 0, [new Hit(1)])], conditions: [new AppendCondition(EventQuery.OfTypes<Missed>(), 1)]))
            .Should().ThrowAsync<AppendConditionFailedException>();
        await FluentActions.Awaiting(() => store.QueryAsync(EventQuery.OfTypes<Hit, Guid>())).Should().ThrowAsync<ArgumentException>().WithMessage("*Guid*");
    }

    [Fact]
    public async Task Names_of_another_app_are_accepted_if_the_query_says_so_or_events_are_read_as_they_are()
    {
        var storage = new InMemoryEventStorage();
        await storage.AppendRawAsync("a", "theirs", "{}");
        await using var store = Open(storage);
        var raw = new LogReadOptions { Filter = EventQuery.OfTypes("theirs"), UnknownEvents = UnknownEvents.AsRaw };
        (await store.LogAsync(raw)).Single().Data.Should().BeOfType<UnknownEvent>();
        var query = EventQuery.Any(new EventQueryItem(["theirs"]) { AllowsUnlistedTypes = true });
        await FluentActions.Awaiting(() => store.QueryAsync(query)).Should().ThrowAsync<UnknownEventTypeException>();
        await FluentActions.Awaiting(() => store.AppendAsync([new StreamAppend("b", 0, [new Hit(1)])], conditions: [new AppendCondition(query, 0)]))
            .Should().ThrowAsync<AppendConditionFailedException>();
    }
}
