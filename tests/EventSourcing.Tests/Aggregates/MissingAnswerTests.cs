namespace EventSourcing.Tests;

/// <summary>Code of the app that returns null decides nothing: each command says so, and writes nothing.</summary>
public class MissingAnswerTests
{
    private static readonly Decider<int, object?> NullDecider = new("null", 0, (_, command) => (IEnumerable<object>)command!, (n, _) => n + 1);

    public static TheoryData<string, Func<EventStore, Task>> Commands => new()
    {
        { "its task", store => store.Aggregate<Account>("ann").CreateOrUpdateAsync(_ => (Task)null!) },
        { "its task", store => store.UpdateTogetherAsync(_ => null!) },
        { "its aggregates", store => store.UpdateTogetherAsync(_ => Task.FromResult<IReadOnlyList<Aggregate>>(null!)) },
        { "what to append", store => store.DecideAsync(EventQuery.All, _ => null!) },
        { "what to append", store => store.DecideAsync(EventQuery.All, _ => null!, commandId: Guid.NewGuid()) },
        { "what to append", store => store.DecisionModel(EventQuery.All, 0, (n, _) => n).DecideAsync(_ => null!) },
        { "the append at index 0", store => store.DecideAsync(EventQuery.All, _ => [null!]) },
        { "the events of the append at index 0", store => store.DecideAsync(EventQuery.All, _ => [new("x-1", ExpectedVersion.Any, null!)]) },
        { "its events", store => store.Decider(NullDecider, "1").DecideAsync(null) },
    };

    [Theory]
    [MemberData(nameof(Commands))]
    public async Task Decide_null_is_an_error_that_says_what_is_missing(string missing, Func<EventStore, Task> command)
    {
        await using var store = new EventStore(new InMemoryEventStorage(), EventTypes.FromAssemblyOf<Account>());

        await FluentActions.Awaiting(() => command(store)).Should().ThrowAsync<InvalidOperationException>()
            .WithMessage($"The code of the command returned null for {missing}. Nothing was written. *");

        (await store.GetHeadAsync()).Should().Be(0);
    }

    public static TheoryData<Func<EventStore, Task>> NullEvents => new()
    {
        store => store.AppendAsync("x-1", ExpectedVersion.Any, [null!]),
        store => store.AppendAsync("x-1", ExpectedVersion.Any, null!),
        store => store.AppendAsync((IReadOnlyList<StreamAppend>)null!),
        store => store.AppendAsync([null!]),
        store => store.SaveAsync([null!]),
        store => store.DecideAsync(EventQuery.All, _ => [new("x-1", ExpectedVersion.Any, [null!])]),
        store => store.DecideAsync(EventQuery.All, _ => [new("x-1", ExpectedVersion.Any, [null!])], commandId: Guid.NewGuid()),
        store => store.DecideAsync(EventQuery.All, _ => [new(null!, ExpectedVersion.Any, [new AccountOpened("Ann")])]),
        store => store.Decider(NullDecider, "1").DecideAsync(new object[] { null! }),
    };

    [Theory]
    [MemberData(nameof(NullEvents))]
    public async Task Append_null_is_an_error_about_the_argument(Func<EventStore, Task> command)
    {
        await using var store = new EventStore(new InMemoryEventStorage(), EventTypes.FromAssemblyOf<Account>());

        await FluentActions.Awaiting(() => command(store)).Should().ThrowAsync<ArgumentException>();

        (await store.GetHeadAsync()).Should().Be(0);
    }
}
