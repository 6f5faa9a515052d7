namespace EventSourcing.Tests;

public partial class RaiseTests
{
    /// <summary>Taken for an action, it would not be awaited, and what it raises would be lost.</summary>
    [Fact]
    public async Task Act_by_a_value_task_is_awaited()
    {
        await using var store = new EventStore(new InMemoryEventStorage(), EventTypes.FromAssemblyOf<Account>());
        var ann = store.Aggregate<Account>("ann");
        await ann.CreateAsync(a => OpenLaterAsync(a));
        await ann.UpdateAsync(a => DepositLaterAsync(a));
        await ann.CreateOrUpdateAsync(DepositLaterAsync);
        await ann.UpdateAsync(async a => await DepositLaterAsync(a));
        (await ann.LoadAsync()).Balance.Should().Be(3);
        await FluentActions.Awaiting(() => ann.UpdateAsync(a => FailLaterAsync())).Should().ThrowAsync<InvalidDataException>();

        static async ValueTask OpenLaterAsync(Account a)
        {
            await Task.Yield();
            a.Open("Ann");
        }

        static async ValueTask DepositLaterAsync(Account a)
        {
            await Task.Yield();
            a.Deposit(1);
        }

        static async ValueTask FailLaterAsync()
        {
            await Task.Yield();
            throw new InvalidDataException();
        }
    }

    [Fact]
    public async Task Raise_after_the_command_has_ended_is_an_error()
    {
        await using var store = new EventStore(new InMemoryEventStorage(), EventTypes.FromAssemblyOf<Account>());
        Account? kept = null;
        await store.Aggregate<Account>("ann").CreateAsync(a =>
        {
            a.Open("Ann");
            kept = a;
        });
        kept!.Invoking(a => a.Deposit(1)).Should().Throw<InvalidOperationException>().WithMessage("The command on 'account-ann' has ended*");
        (await store.GetHeadAsync()).Should().Be(1);
    }

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
