namespace EventSourcing.Tests;

public partial class RaiseTests
{
    [Fact]
    public async Task Raise_an_event_with_tags_applies_its_payload_at_once_and_stores_both()
    {
        await using var store = Bank.Open();
        var account = store.Aggregate<TaggedAccount>("ann");
        await account.CreateAsync(a =>
        {
            a.Deposit(5, "vip");
            a.Balance.Should().Be(5, "the command sees its own effect");
        });
        (await account.LoadAsync()).Balance.Should().Be(5);
        (await store.ReadLogAsync(new LogReadOptions { Filter = EventQuery.WithTags("vip") }).SingleAsync()).Data.Should().Be(new MoneyDeposited(5));
    }

    private sealed partial class TaggedAccount : Aggregate
    {
        public decimal Balance { get; private set; }

        public void Deposit(decimal amount, string tag) => Raise(new EventData(new MoneyDeposited(amount)) { Tags = [tag] });

        private void Apply(MoneyDeposited e) => Balance += e.Amount;
    }
}
