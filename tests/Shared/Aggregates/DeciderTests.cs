using EventSourcing.Tests.Projections;

namespace EventSourcing.Tests.Aggregates;

/// <summary>Deciders: the same loop as aggregates, by two functions.</summary>
public abstract class DeciderTests(IStorageSource source) : WalletTests(source)
{
    private static readonly Decider<WalletState, int> Decider = Wallets.Decider();

    [Fact]
    public async Task Decide_and_load_fold_the_state_as_an_aggregate_does()
    {
        var store = Open();
        var handle = store.Decider(Decider, "a");
        (await handle.LoadAsync()).Should().Be(new StateAt<WalletState>(Wallets.Empty, 0));
        await handle.DecideAsync(5, new EventMetadata { CorrelationId = "c" });
        var result = await handle.DecideAsync(-2);
        result.Should().BeEquivalentTo(new { Version = 2L, Position = 2L });
        (handle.Id, handle.Stream).Should().Be(("a", "wallet-a"));
        var (state, version) = await handle.LoadAsync();
        (state, version).Should().Be(Seen(await store.Aggregate<Wallet>("a").LoadAsync())).And.Be(await FoldAsync(store, "a"));
        (await handle.LoadAsync(AsOf.Version(1))).State.Balance.Should().Be(5);
        (await handle.LoadAsync(AsOf.Position(0))).Version.Should().Be(0);
        (await store.ReadLogAsync().ToListAsync())[0].Metadata.CorrelationId.Should().Be("c");
    }

    [Fact]
    public async Task Decide_what_is_forbidden_or_nothing_appends_nothing()
    {
        var store = Open();
        var handle = store.Decider(Decider, "a");
        await FluentActions.Awaiting(() => handle.DecideAsync(-1)).Should().ThrowAsync<InvalidOperationException>();
        (await handle.DecideAsync(0)).Should().BeEquivalentTo(new { Version = 0L, Position = 0L, WasAlreadyStored = false });
        (await store.GetHeadAsync()).Should().Be(0);
    }

    [Fact]
    public async Task Repeat_a_command_by_its_id_decides_once()
    {
        var store = Open();
        var id = Guid.CreateVersion7();
        var handle = store.Decider(Decider, "a");
        await handle.DecideAsync(3);
        var first = await handle.DecideAsync(-3, commandId: id);
        (await handle.DecideAsync(-3, commandId: id)).Should().BeEquivalentTo(first, o => o.Excluding(r => r.WasAlreadyStored));
        (await store.GetHeadAsync()).Should().Be(2);
    }

    [Fact]
    public async Task Race_of_decisions_loses_none()
    {
        var store = Open(maxConflictRetries: 10_000);
        await Task.WhenAll(Enumerable.Range(0, 8).Select(_ => Task.Run(async () =>
        {
            for (var i = 0; i < 10; i++) await store.Decider(Decider, "a").DecideAsync(1);
        })));
        (await store.Decider(Decider, "a").LoadAsync()).Should().BeEquivalentTo(new { State = new { Balance = 80 }, Version = 80L });
    }

    [Fact]
    public async Task Decide_by_a_state_that_folds_itself()
    {
        var store = Open();
        var decider = EventSourcing.Decider.For<Purse, int>("wallet", static (purse, value) => purse.Coins + value < 0 ? throw new InvalidOperationException() : [new CoinPut(value)]);
        await store.Decider(decider, "a").DecideAsync(4);
        (await store.Decider(decider, "a").LoadAsync()).Should().Be(new StateAt<Purse>(new Purse(4), 1));
    }

    [Fact]
    public async Task Decide_by_a_state_that_folds_itself_has_snapshots_and_conflict_rules()
    {
        var (store, watched) = Watched();
        var asked = new List<(object, object)>();
        var decider = EventSourcing.Decider.For<Purse, int>(
            "wallet",
            static (_, value) => [new CoinPut(value)],
            new SnapshotPolicy(2) { Fingerprint = "1" },
            (raised, committed) =>
            {
                asked.Add((raised, committed));
                return false;
            });
        await PutAsync(store, "a", 3);
        var balance = (await store.Decider(decider, "a").LoadAsync()).State;
        await store.Snapshots().FlushAsync();
        watched.TakeReads();
        (await store.Decider(decider, "a").LoadAsync()).State.Should().Be(balance);
        watched.TakeReads().Should().Equal((2, 1));

        decider.ConflictsWith(new CoinPut(1), new CoinPut(2)).Should().BeFalse();
        asked.Should().ContainSingle();
        FluentActions.Invoking(() => EventSourcing.Decider.For<Purse, int>("wallet", static (_, _) => [], new SnapshotPolicy(2)))
            .Should().Throw<ArgumentException>("this state has no fingerprint of its own").WithMessage("*Fingerprint*");
    }

    [Fact]
    public void Create_a_decider_that_cannot_work_is_a_bad_argument()
    {
        FluentActions.Invoking(() => Wallets.Decider(category: "with-hyphen")).Should().Throw<ArgumentException>();
        FluentActions.Invoking(() => new SnapshotPolicy(0)).Should().Throw<ArgumentException>();
        FluentActions.Invoking(() => new Decider<Purse, int>("p", default, (_, _) => [], (p, _) => p) { Snapshots = new SnapshotPolicy(5) })
            .Should().Throw<ArgumentException>("nothing says which fold the snapshots are of").WithMessage("*Fingerprint*");
        FluentActions.Invoking(() => Open().Decider(Decider, "")).Should().Throw<ArgumentException>();
    }

    /// <summary>As the generator would write it.</summary>
    private readonly record struct Purse(int Coins) : IState<Purse>
    {
        public static Purse Initial => default;

        public Purse Apply(object @event) => @event is CoinPut e ? new Purse(Coins + e.Value) : this;
    }
}
