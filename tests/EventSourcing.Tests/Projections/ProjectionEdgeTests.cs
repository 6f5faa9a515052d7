using System.Text.Json;

namespace EventSourcing.Tests;

public class ProjectionEdgeTests
{
    [Fact]
    public async Task Project_an_event_that_names_a_key_twice_applies_it_once()
    {
        await using var store = Bank.Open();
        await store.AppendAsync("account-ann", 0, [new MoneyDeposited(5)]);
        var projection = new BothSides();
        await using var projections = store.StartProjections(projection);
        await projections.CatchUpAsync();
        (await store.ReadModel(projection).FindAsync("ann")).Should().Be(new Balance(5));
    }

    [Theory]
    [InlineData(FailureMode.Stop)]
    [InlineData(FailureMode.Park)]
    public async Task Project_up_to_an_event_that_fails_keeps_what_came_before_it(FailureMode mode)
    {
        await using var store = Bank.Open();
        await store.AppendAsync("account-ann", 0, [new AccountOpened("Ann"), .. Enumerable.Repeat(new MoneyDeposited(1), 8)]);
        await store.AppendAsync("account-ben", 0, [new MoneyDeposited(1), new MoneyDeposited(2)]);
        await store.AppendAsync("account-ann", 9, [new MoneyDeposited(1)]);
        var projection = new Balances();
        await using var projections = store.StartProjections(Bank.StopAtOnce with { OnFailure = mode }, projection);

        await projections.WaitForAsync(9);

        var isParked = mode == FailureMode.Park;
        if (isParked) (await FluentActions.Awaiting(() => projections.WaitForAsync(10)).Should().ThrowAsync<ProjectionParkedException>()).Which.Position.Should().Be(10);
        else (await FluentActions.Awaiting(() => projections.WaitForAsync(10)).Should().ThrowAsync<ProjectionFailedException>()).Which.Position.Should().Be(10);
        (await store.ReadModel(projection).GetPositionAsync()).Should().Be(isParked ? 12 : 9);
        (await store.ReadModel(projection).FindAsync("ann")).Should().Be(new Balance(isParked ? 9 : 8));
        (await store.ReadModel(projection).FindAsync("ben")).Should().BeNull();
    }

    [Fact]
    public async Task Project_a_stream_that_ends_with_a_hyphen_takes_its_name_for_the_key()
    {
        await using var store = Bank.Open();
        await store.AppendAsync("account-", 0, [new AccountOpened("Nobody")]);
        var projection = new Balances();
        await using var projections = store.StartProjections(projection);
        await projections.CatchUpAsync();
        (await store.ReadModel(projection).FindAsync("account-")).Should().Be(new Balance(0));
    }

    [Fact]
    public async Task Project_onto_a_document_that_cannot_be_read_says_which_projection_and_event()
    {
        await using var store = Bank.Open();
        await store.AppendAsync("account-ann", 0, [new AccountOpened("Ann")]);
        var projection = new Balances();
        await using (var before = store.StartProjections(projection)) await before.CatchUpAsync();
        await store.Storage.ReadModels.CommitAsync(new ReadModelCommit { Changes = [new DocumentChange("balances@1", "ann", "not json"u8.ToArray())] });
        await store.AppendAsync("account-ann", 1, [new MoneyDeposited(1)]);
        await using var projections = store.StartProjections(Bank.StopAtOnce, projection);
        var failure = (await FluentActions.Awaiting(() => projections.CatchUpAsync()).Should().ThrowAsync<ProjectionFailedException>()).Which;
        (failure.Projection, failure.Position).Should().Be(("balances", 2));
        failure.InnerException.Should().BeOfType<JsonException>();
        (await store.ReadModel(projection).GetPositionAsync()).Should().Be(1);
    }

    [Fact]
    public async Task Open_with_json_options_that_name_no_resolver_uses_reflection_on_a_copy()
    {
        var options = new JsonSerializerOptions { PropertyNamingPolicy = JsonNamingPolicy.SnakeCaseLower };
        await using var store = Bank.Open(options: new EventStoreOptions { Json = options });
        options.IsReadOnly.Should().BeFalse();
        await store.AppendAsync("account-ann", 0, [new AccountOpened("Ann")]);
        (await store.StreamAsync("account-ann")).Single().Data.Should().Be(new AccountOpened("Ann"));
    }

    private sealed class BothSides : Projection<Balance>
    {
        public BothSides() => On<MoneyDeposited>((_, e) => [e.StreamId, e.StreamId], (balance, _, deposited, _) => new((balance?.Amount ?? 0) + deposited.Amount));
    }
}
