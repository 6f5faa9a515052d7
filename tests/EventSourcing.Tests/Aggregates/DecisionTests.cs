namespace EventSourcing.Tests;

public class DecisionTests
{
    [EventType("customer-registered")]
    public sealed record CustomerRegistered(string Email);

    private static EventStore NewStore(int maxConflictRetries = 16) =>
        new(new InMemoryEventStorage(), new EventTypes(EventType.Of<CustomerRegistered>()), new EventStoreOptions { MaxConflictRetries = maxConflictRetries });

    private static StreamAppend Registration(string customer, string email) =>
        new($"customer-{customer}", ExpectedVersion.NoStream, [new EventData(new CustomerRegistered(email)) { Tags = [$"email:{email}"] }]);

    private static Task<AppendResult> RegisterAsync(EventStore store, string customer, string email) => store.DecideAsync(
        EventQuery.WithTags($"email:{email}"),
        taken => taken.Count > 0 ? throw new InvalidOperationException($"{email} is taken.") : [Registration(customer, email)]);

    [Fact]
    public async Task Decide_appends_what_was_decided_on_the_events_of_the_query()
    {
        await using var store = NewStore();
        (await RegisterAsync(store, "ann", "a@x")).Position.Should().Be(1);
        (await RegisterAsync(store, "ben", "b@x")).Position.Should().Be(2);

        await FluentActions.Awaiting(() => RegisterAsync(store, "cat", "a@x")).Should().ThrowAsync<InvalidOperationException>().WithMessage("a@x is taken.");
        (await store.GetHeadAsync()).Should().Be(2);
    }

    [Fact]
    public async Task Decide_by_many_at_once_keeps_a_value_unique()
    {
        await using var store = NewStore();
        for (var round = 1; round <= 20; round++)
        {
            var email = $"{round}@x";
            var registered = await Task.WhenAll(Enumerable.Range(0, 8).Select(i => Task.Run(async () =>
            {
                try
                {
                    await RegisterAsync(store, $"{round}-{i}", email);
                    return true;
                }
                catch (InvalidOperationException)
                {
                    return false;
                }
            })));
            registered.Count(won => won).Should().Be(1);
        }

        (await store.GetHeadAsync()).Should().Be(20);
    }

    [Fact]
    public async Task Decide_after_a_conflict_sees_the_event_that_was_in_the_way()
    {
        await using var store = NewStore();
        var seen = new List<int>();
        var result = await store.DecideAsync(EventQuery.OfTypes("customer-registered"), events =>
        {
            seen.Add(events.Count);
            if (seen.Count == 1) store.AppendAsync([Registration("rival", "r@x")]).GetAwaiter().GetResult();
            return [Registration("ann", "a@x")];
        });
        seen.Should().Equal(0, 1);
        result.Position.Should().Be(2);
    }

    [Fact]
    public async Task Decide_in_the_face_of_endless_conflict_gives_up_and_writes_nothing()
    {
        await using var store = NewStore(maxConflictRetries: 2);
        var tries = 0;
        var decide = () => store.DecideAsync(EventQuery.All, _ =>
        {
            store.AppendAsync([Registration($"rival-{++tries}", "r@x")]).GetAwaiter().GetResult();
            return [Registration("ann", "a@x")];
        });
        var refusal = (await decide.Should().ThrowAsync<AppendConditionFailedException>()).Which;
        tries.Should().Be(3);
        refusal.ConflictingPosition.Should().Be(3);
        (await store.GetVersionAsync("customer-ann")).Should().Be(0);
    }

    [Fact]
    public async Task Decide_nothing_appends_nothing()
    {
        await using var store = NewStore();
        await RegisterAsync(store, "ann", "a@x");
        var result = await store.DecideAsync(EventQuery.All, _ => []);
        (result.Position, result.Streams.Count).Should().Be((1, 0));
        (await store.GetHeadAsync()).Should().Be(1);
    }

    [Fact]
    public async Task Query_over_several_pages_returns_all_matches_and_the_head_of_the_first_view()
    {
        await using var store = NewStore();
        for (var i = 0; i < EventPage.DefaultLimit + 10; i++) await store.AppendAsync([Registration($"c{i}", i % 2 == 0 ? "even@x" : "odd@x")]);
        var (events, head) = await store.QueryAsync(EventQuery.WithTags("email:even@x"));
        events.Should().HaveCount((EventPage.DefaultLimit + 10) / 2).And.BeInAscendingOrder(e => e.Position);
        head.Should().Be(EventPage.DefaultLimit + 10);
        (await store.QueryAsync(EventQuery.WithTags("email:nobody@x"))).Should().BeEquivalentTo(new QueryResult([], head));
    }
}
