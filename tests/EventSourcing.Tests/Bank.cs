using System.Text.Json.Serialization;

namespace EventSourcing.Tests;

[EventType("account-opened")]
public sealed record AccountOpened(string Owner);

[EventType("money-deposited")]
public sealed record MoneyDeposited(decimal Amount);

[EventType("money-withdrawn")]
public sealed record MoneyWithdrawn(decimal Amount);

[EventType("account-closed")]
public sealed record AccountClosed;

[JsonSerializable(typeof(AccountOpened))]
[JsonSerializable(typeof(MoneyDeposited))]
[JsonSerializable(typeof(MoneyWithdrawn))]
[JsonSerializable(typeof(AccountClosed))]
[JsonSerializable(typeof(Balance))]
public sealed partial class BankJson : JsonSerializerContext;

public sealed partial class Account : Aggregate
{
    public decimal Balance { get; private set; }

    public void Open(string owner) => Raise(new AccountOpened(owner));

    public void Deposit(decimal amount) => Raise(new MoneyDeposited(amount));

    public void Withdraw(decimal amount)
    {
        if (amount > Balance) throw new InvalidOperationException("Insufficient funds.");
        Raise(new MoneyWithdrawn(amount));
    }

    private void Apply(AccountOpened e)
    {
    }

    private void Apply(MoneyDeposited e) => Balance += e.Amount;

    private void Apply(MoneyWithdrawn e) => Balance -= e.Amount;
}

public sealed record Balance(decimal Amount);

public class Balances : Projection<Balance>
{
    public Balances()
    {
        Fold<AccountOpened>((_, _) => new Balance(0));
        Fold<MoneyDeposited>((balance, e) => balance! with { Amount = balance.Amount + e.Amount });
        Fold<MoneyWithdrawn>((balance, e) => balance! with { Amount = balance.Amount - e.Amount });
        Fold<AccountClosed>((_, _) => null);
    }

    public override string Name => "balances";

    /// <summary>In some tests, classes of their own stand for other versions of this one.</summary>
    public override IReadOnlyList<string> FormerTypeNames { get; } =
        [typeof(Balances).ToString(), .. new[] { "Recording", "FailingAt", "Insisting", "Keyed" }.Select(name => $"EventSourcing.Tests.Projections.ProjectionTests+{name}")];

    /// <summary>What a test wants done before an event is folded.</summary>
    protected virtual void Before(Balance? balance, RecordedEvent e)
    {
    }

    private void Fold<TEvent>(Func<Balance?, TEvent, Balance?> apply)
        where TEvent : notnull =>
        On<TEvent>(
            (_, e) => [e.StreamId],
            (balance, _, data, e) =>
            {
                Before(balance, e);
                return apply(balance, data);
            });
}

internal static class Bank
{
    public static EventTypes Types { get; } = new(EventType.Of<AccountOpened>(), EventType.Of<MoneyDeposited>(), EventType.Of<MoneyWithdrawn>(), EventType.Of<AccountClosed>());

    public static EventStore Open(IEventStorage? storage = null, EventStoreOptions? options = null) => new(storage ?? new InMemoryEventStorage(), Types, options);

    /// <summary>An event as bytes, to store what no app of today would.</summary>
    public static async Task<AppendResult> AppendRawAsync(this IEventStorage storage, string stream, string type, string json, string metadata = "") =>
        await storage.AppendAsync(new AppendRequest([new StreamWrite(stream, ExpectedVersion.Any, [new NewEvent(Guid.NewGuid(), type, System.Text.Encoding.UTF8.GetBytes(json)) { Metadata = System.Text.Encoding.UTF8.GetBytes(metadata) }])]));

    /// <summary>A failure stops the projection at once: for tests of what is there then.</summary>
    public static ProjectionOptions StopAtOnce { get; } = new() { OnFailure = FailureMode.Stop, RetryDelays = [] };

    public static async Task<List<RecordedEvent>> StreamAsync(this EventStore store, string stream, StreamReadOptions? options = null) => await store.ReadStreamAsync(stream, options).ToListAsync();

    public static async Task<List<RecordedEvent>> LogAsync(this EventStore store, LogReadOptions? options = null) => await store.ReadLogAsync(options).ToListAsync();
}

internal sealed class ManualClock : TimeProvider
{
    public static readonly DateTimeOffset Start = new(2031, 5, 17, 10, 30, 0, TimeSpan.Zero);

    public DateTimeOffset Now { get; set; } = Start;

    public override DateTimeOffset GetUtcNow() => Now;
}
