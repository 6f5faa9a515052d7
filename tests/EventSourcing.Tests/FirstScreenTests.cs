namespace EventSourcing.Tests;

[EventType("account-opened")] public sealed record AccountOpened(string Owner);
[EventType("money-deposited")] public sealed record MoneyDeposited(decimal Amount);

public sealed class Account : Aggregate
{
    public decimal Balance { get; private set; }
    public void Open(string owner) => Raise(new AccountOpened(owner));
    public void Deposit(decimal amount) => Raise(new MoneyDeposited(amount));
    protected override void Apply(object @event)
    {
        if (@event is MoneyDeposited e) Balance += e.Amount;
    }
}

public sealed record Balance(decimal Amount);

public sealed class Balances : Projection<Balance>
{
    protected override Balance? Apply(Balance? document, string key, RecordedEvent e) => e.Data switch
    {
        AccountOpened => new Balance(0),
        MoneyDeposited d => document! with { Amount = document.Amount + d.Amount },
        _ => document,
    };
}

public class FirstScreenTests
{
    [Fact]
    public async Task Readme_first_screen_in_memory_works()
    {
        await using var store = new EventStore(new InMemoryEventStorage(), EventTypes.FromAssemblyOf<Account>());
        await store.Aggregate<Account>("ann").CreateAsync(a => a.Open("Ann"));
        var result = await store.Aggregate<Account>("ann").UpdateAsync(a => a.Deposit(100m));
        var balances = new Balances();
        await using var projections = store.StartProjections(balances);
        await projections.WaitForAsync(result.Position);
        (await store.ReadModel(balances).FindAsync("ann"))!.Amount.Should().Be(100m);
        (await store.ReadStreamAsync("account-ann").ToListAsync()).Should().HaveCount(2);
    }
}
