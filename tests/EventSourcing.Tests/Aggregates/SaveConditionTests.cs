namespace EventSourcing.Tests;

public class SaveConditionTests
{
    [Fact]
    public async Task Save_with_a_condition_that_no_longer_holds_throws_and_writes_nothing()
    {
        await using var store = new EventStore(new InMemoryEventStorage(), EventTypes.FromAssemblyOf<Account>());
        var created = await store.Aggregate<Account>("ann").CreateAsync(a => a.Open("Ann"));
        var ann = await store.Aggregate<Account>("ann").LoadAsync();
        ann.Deposit(1m);
        await store.Aggregate<Account>("ben").CreateAsync(a => a.Open("Ben"));

        var save = () => store.SaveAsync([ann], conditions: [new AppendCondition(EventQuery.All, created.Position)]);

        (await save.Should().ThrowAsync<AppendConditionFailedException>()).Which.ConflictingPosition.Should().Be(2);
        (await store.GetHeadAsync()).Should().Be(2);
        ann.UncommittedEvents.Should().HaveCount(1, "a refused save leaves the aggregate as it was");
    }

    [Fact]
    public async Task Save_with_a_condition_that_holds_commits_the_aggregates()
    {
        await using var store = new EventStore(new InMemoryEventStorage(), EventTypes.FromAssemblyOf<Account>());
        var ann = store.Aggregate<Account>("ann").New();
        ann.Open("Ann");

        var result = await store.SaveAsync([ann], conditions: [new AppendCondition(EventQuery.All, After: 0)]);

        result.Position.Should().Be(1);
        ann.Version.Should().Be(1);
        ann.UncommittedEvents.Should().BeEmpty();
    }

    [Fact]
    public async Task Save_aggregates_that_raised_nothing_is_an_error_unless_it_repeats_a_command()
    {
        await using var store = new EventStore(new InMemoryEventStorage(), EventTypes.FromAssemblyOf<Account>());
        var ann = store.Aggregate<Account>("ann").New();
        ann.Open("Ann");
        CommandId id = Guid.NewGuid();
        var original = await store.SaveAsync([ann], commandId: id);

        (await FluentActions.Awaiting(() => store.SaveAsync([ann])).Should().ThrowAsync<ArgumentException>())
            .WithMessage("None of the aggregates has raised an event*");
        var repetition = await store.SaveAsync([ann], commandId: id);

        repetition.WasAlreadyStored.Should().BeTrue();
        repetition.Position.Should().Be(original.Position);
        (await store.GetHeadAsync()).Should().Be(1);
    }
}
