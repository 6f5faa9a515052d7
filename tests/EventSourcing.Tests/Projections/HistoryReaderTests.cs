using EventSourcing.Tests.Aggregates;

namespace EventSourcing.Tests.Projections;

public class HistoryReaderTests
{
    [Fact]
    public async Task Read_folds_one_page_and_the_next_goes_on_after_it()
    {
        await using var store = Bank.Open();
        await store.AppendAsync("account-ann", 0, [new AccountOpened("Ann"), .. Deposits(1_300)]);
        var history = store.OpenHistory(new Balances(), "ann");
        history.Position.Should().Be(0);

        var first = await history.ReadAsync();
        history.Position.Should().Be(EventPage.DefaultLimit);
        var second = await history.ReadAsync(upTo: 700);
        history.Position.Should().Be(700);
        (await history.ReadAsync(upTo: 700)).Should().BeEmpty("it is there already");
        (await history.ReadAsync(upTo: 3)).Should().BeEmpty("it does not go back");
        var third = await history.ReadAsync();
        var fourth = await history.ReadAsync();
        history.Position.Should().Be(1_301);
        (await history.ReadAsync()).Should().BeEmpty();

        IReadOnlyList<HistoryStep> all = [.. first, .. second, .. third, .. fourth];
        all.Select(step => step.Event.Position).Should().Equal(Enumerable.Range(1, 1_301).Select(i => (long)i));
        all[^1].State!.Value.GetProperty("amount").GetDecimal().Should().Be(1_300);
        await store.AppendAsync("account-ann", 1_301, [new MoneyDeposited(7)]);
        (await history.ReadAsync()).Single().Changes.Should().Equal(new MemberChange("amount", "1300", "1307"));
    }

    [Fact]
    public async Task History_by_the_ids_of_streams_reads_only_these_and_finds_all_that_a_fold_of_the_log_finds()
    {
        await using var watched = new WatchedStorage(new InMemoryEventStorage());
        await using var store = Bank.Open(watched);
        string[] streams = ["account-7", "account-77", "vault-7", "7", "-7", "account-7-7", "b-8", "account-"];
        for (var i = 0; i < 40; i++)
        {
            foreach (var stream in streams) await store.AppendAsync(stream, ExpectedVersion.Any, [new MoneyDeposited(1), new MoneyDeposited(2)]);
        }

        watched.TakeReads();
        var steps = await store.HistoryAsync(new Deposited(), "7").ToListAsync();
        watched.TakeReads().Sum(read => read.Count).Should().Be((4 * 80) + 1, "one more tells that account-7 is there");

        steps.Select(step => step.Event.Position).Should().BeInAscendingOrder().And.HaveCount(4 * 80);
        steps.Select(step => step.Event.Stream).Distinct().Should().BeEquivalentTo("account-7", "vault-7", "7", "-7");
        foreach (var key in new[] { "7", "77", "7-7", "8", "account-", "none" })
        {
            var document = (await store.ProjectAsync(new Deposited(), key)).Find(key);
            var last = (await store.HistoryAsync(new Deposited(), key).ToListAsync()).LastOrDefault()?.State;
            (last?.GetProperty("amount").GetDecimal()).Should().Be(document?.Amount, key);
        }
    }

    [Fact]
    public async Task History_of_an_aggregate_is_read_in_pieces_and_goes_on_with_what_is_appended_meanwhile()
    {
        await using var store = Bank.Open();
        await store.AppendAsync("account-ann", 0, [new AccountOpened("Ann"), .. Deposits(600)]);
        await store.AppendAsync("account-ben", 0, [.. Deposits(600)]);
        var history = store.Aggregate<Account>("ann").OpenHistory();

        (await history.ReadAsync(upTo: 10)).Should().HaveCount(10);
        (await history.ReadAsync()).Should().HaveCount(EventPage.DefaultLimit);
        history.Position.Should().Be(10 + EventPage.DefaultLimit);
        await history.ReadAsync();
        history.Position.Should().Be(1_201, "no event of Ben's is one of Ann's");
        await store.AppendAsync("account-ann", 601, [new MoneyDeposited(7)]);
        (await history.ReadAsync()).Single().Changes.Should().Equal(new MemberChange("balance", "600", "607"));

        var steps = await store.Aggregate<Account>("ann").HistoryAsync().ToListAsync();
        var again = store.Aggregate<Account>("ann").OpenHistory();
        IReadOnlyList<HistoryStep> pieces = [.. await again.ReadAsync(), .. await again.ReadAsync()];
        pieces.Select(step => step.ToString()).Should().Equal(steps.Select(step => step.ToString()));
    }

    [Fact]
    public async Task History_finds_streams_that_are_begun_while_it_is_read()
    {
        await using var store = Bank.Open();
        await store.AppendAsync("account-ann", 0, [new MoneyDeposited(1)]);
        var history = store.OpenHistory(new Deposited(), "ann");
        (await history.ReadAsync()).Should().HaveCount(1);
        await store.AppendAsync("vault-ann", 0, [new MoneyDeposited(2)]);
        (await history.ReadAsync()).Single().Event.Stream.Should().Be("vault-ann");
    }

    [Fact]
    public async Task History_keeps_to_the_filter_of_the_projection()
    {
        await using var store = Bank.Open();
        await store.AppendAsync("account-ann", 0, [new EventData(new MoneyDeposited(1)) { Tags = ["cash"] }, new MoneyDeposited(2)]);
        await store.AppendAsync("vault-ann", 0, [new EventData(new MoneyDeposited(4)) { Tags = ["cash"] }]);
        (await store.HistoryAsync(new Cash(), "ann").ToListAsync()).Select(step => step.Event.Position).Should().Equal(1);
    }

    [Fact]
    public async Task History_in_a_store_with_very_many_kinds_of_streams_reads_the_log()
    {
        await using var store = Bank.Open();
        for (var i = 0; i < 40; i++) await store.AppendAsync($"kind{i:00}-ann", 0, [new MoneyDeposited(i)]);
        (await store.HistoryAsync(new Deposited(), "ann").ToListAsync()).Should().HaveCount(40);
    }

    [Fact]
    public async Task Read_gives_what_is_before_a_failure_and_then_fails_for_good()
    {
        await using var store = Bank.Open();
        await store.AppendAsync("account-ann", 0, [new MoneyDeposited(1), new MoneyDeposited(2), new MoneyDeposited(-1), new MoneyDeposited(3)]);
        var history = store.OpenHistory(new Deposited(), "ann");

        (await history.ReadAsync()).Should().HaveCount(2);
        history.Position.Should().Be(2);
        for (var i = 0; i < 2; i++)
        {
            (await FluentActions.Awaiting(() => history.ReadAsync()).Should().ThrowAsync<ProjectionFailedException>())
                .Which.Position.Should().Be(3);
            history.Position.Should().Be(2);
        }
    }

    private static IEnumerable<object> Deposits(int count) => Enumerable.Repeat<object>(new MoneyDeposited(1), count);

    private class Deposited : Projection<Balance>
    {
        public Deposited() => On<MoneyDeposited>((balance, e) => e.Amount < 0
            ? throw new InvalidOperationException("no")
            : new Balance((balance?.Amount ?? 0) + e.Amount));
    }

    private sealed class Cash : Deposited
    {
        public override EventQuery Filter => EventQuery.Any([new EventQueryItem(tags: ["cash"], streamPrefix: "acc")]);
    }
}
