namespace EventSourcing.Tests.Aggregates;

[EventType("coin-put")]
public sealed record CoinPut(int Value);

[EventType("coin-taken")]
public sealed record CoinTaken(int Value);

[EventType("wallet-labelled")]
public sealed record WalletLabelled(string Label);

/// <summary>Takes a snapshot every 5 events. Its trail depends on every event and their order, so none can be missed, repeated or moved unseen.</summary>
[Snapshots(5)]
public sealed partial class Wallet : Aggregate
{
    public int Balance { get; private set; }

    public int Trail { get; private set; } = 17;

    public string? Label { get; private set; }

    public void Put(int value) => Raise(new CoinPut(value));

    public void Take(int value)
    {
        if (value > Balance) throw new InvalidOperationException($"There is only {Balance}.");
        Raise(new CoinTaken(value));
    }

    public void Call(string label) => Raise(new WalletLabelled(label));

    public void Add(object @event) => Raise(@event);

    private void Apply(CoinPut e) => (Balance, Trail) = (Balance + e.Value, Wallets.Trail(Trail, e));

    private void Apply(CoinTaken e) => (Balance, Trail) = (Balance - e.Value, Wallets.Trail(Trail, e));

    private void Apply(WalletLabelled e) => (Label, Trail) = (e.Label, Wallets.Trail(Trail, e));

    protected override bool ConflictsWith(object raised, object committed) => (raised, committed) is not (CoinPut, CoinPut or WalletLabelled);
}

/// <summary>The same as a value.</summary>
public sealed record WalletState(int Balance, int Trail, string? Label)
{
    public WalletState Apply(object @event) => @event switch
    {
        CoinPut e => this with { Balance = Balance + e.Value, Trail = Wallets.Trail(Trail, e) },
        CoinTaken e => this with { Balance = Balance - e.Value, Trail = Wallets.Trail(Trail, e) },
        WalletLabelled e => this with { Label = e.Label, Trail = Wallets.Trail(Trail, e) },
        _ => this,
    };
}

internal static class Wallets
{
    public static EventTypes Types { get; } = new(EventType.Of<CoinPut>(), EventType.Of<CoinTaken>(), EventType.Of<WalletLabelled>());

    public static WalletState Empty { get; } = new(0, 17, null);

    /// <summary>Negative commands take, positive ones put, zero does nothing; streams as of <see cref="Wallet"/>, so that both can be compared.</summary>
    public static Decider<WalletState, int> Decider(int snapshotsEvery = 0, string category = "wallet", Func<object, object, bool>? conflictsWith = null) =>
        new(category, Empty, Decide, static (state, e) => state.Apply(e))
        {
            Snapshots = snapshotsEvery == 0 ? null : new SnapshotPolicy(snapshotsEvery) { Fingerprint = "1" },
            ConflictsWith = conflictsWith ?? (static (_, _) => true),
        };

    public static int Trail(int trail, object @event) => @event switch
    {
        CoinPut e => unchecked((trail * 31) + e.Value + 1),
        CoinTaken e => unchecked((trail * 37) + e.Value + 2),
        WalletLabelled e => unchecked((trail * 41) + e.Label.Length + 3),
        _ => trail,
    };

    private static object[] Decide(WalletState state, int command) => command switch
    {
        > 0 => [new CoinPut(command)],
        0 => [],
        _ when -command > state.Balance => throw new InvalidOperationException($"There is only {state.Balance}."),
        _ => [new CoinTaken(-command)],
    };
}
