using EventSourcing.Tests.Projections;

namespace EventSourcing.Tests.Aggregates;

/// <summary>A conflict costs the events that are new, and by rule not even another try.</summary>
public abstract class ConflictTests(IStorageSource source) : WalletTests(source)
{
    [Fact]
    public async Task Conflict_reads_only_what_is_new_and_acts_on_a_clean_state()
    {
        var (store, watched) = Watched();
        await PutAsync(store, "a", 1200);
        Interrupt(watched, Open(), [new CoinPut(1), new CoinTaken(10)], [new CoinTaken(5)]);
        watched.TakeReads();
        var seen = new List<(WalletState, long)>();
        var result = await store.Aggregate<Wallet>("a").UpdateAsync(w => { seen.Add(Seen(w)); w.Take(2); });

        watched.TakeReads().Should().Equal((0, 512), (512, 512), (1024, 176), (1200, 2), (1202, 1));
        result.Version.Should().Be(1204);
        seen.Select(s => s.Item2).Should().Equal(1200, 1202, 1203);
        foreach (var (state, version) in seen) state.Should().Be((await FoldAsync(store, "a", AsOf.Version(version))).State);
    }

    [Fact]
    public async Task Conflict_after_a_load_by_snapshot_reads_only_what_is_new_and_acts_on_a_clean_state()
    {
        var (store, watched) = Watched();
        await PutAsync(store, "a", 50);
        await store.Aggregate<Wallet>("a").LoadAsync();
        await store.Snapshots().FlushAsync();
        await PutAsync(store, "a", 2);
        Interrupt(watched, Open(), [new CoinTaken(1)]);
        watched.TakeReads();
        var seen = new List<(WalletState, long)>();
        await store.Aggregate<Wallet>("a").UpdateAsync(w => { seen.Add(Seen(w)); w.Take(2); });
        watched.TakeReads().Should().Equal((49, 3), (52, 1));
        seen.Should().Equal(await FoldAsync(store, "a", AsOf.Version(52)), await FoldAsync(store, "a", AsOf.Version(53)));
    }

    [Fact]
    public async Task Conflict_of_a_decider_reads_only_what_is_new()
    {
        var (store, watched) = Watched();
        await PutAsync(store, "a", 600);
        Interrupt(watched, Open(), [new CoinTaken(10)], [new CoinTaken(5)]);
        watched.TakeReads();
        await store.Decider(Wallets.Decider(), "a").DecideAsync(-1);
        watched.TakeReads().Should().Equal((0, 512), (512, 88), (600, 1), (601, 1));
        (await FoldAsync(store, "a")).State.Balance.Should().Be(584);
    }

    [Fact]
    public async Task Conflict_that_no_rule_sees_appends_without_acting_again()
    {
        var (store, watched) = Watched();
        await PutAsync(store, "a", 3);
        var counts = Count(store);
        Interrupt(watched, Open(), [new CoinPut(1)], [new WalletLabelled("x"), new CoinPut(1)]);
        var acted = 0;
        var result = await store.Aggregate<Wallet>("a").UpdateAsync(w => { acted++; w.Put(10); });
        acted.Should().Be(1);
        result.Should().BeEquivalentTo(new { Version = 7L, WasAlreadyStored = false });
        counts.TakeConflicts().Should().Equal(new Dictionary<string, long> { ["passed"] = 2 });
        (await store.Aggregate<Wallet>("a").LoadAsync()).Should().BeEquivalentTo(new { Balance = 15, Label = "x" });
    }

    /// <summary>Each would make the outer command act again, and that would run it again.</summary>
    [Theory]
    [InlineData("update")]
    [InlineData("create")]
    [InlineData("decide")]
    [InlineData("through another stream")]
    public async Task Begin_a_command_within_one_on_the_same_stream_is_refused_and_runs_neither_twice(string how)
    {
        var store = Open();
        await PutAsync(store, "a", 3);
        await PutAsync(store, "b", 1);
        var (outer, inner) = (0, 0);
        var wallet = store.Aggregate<Wallet>("a");

        var command = () => wallet.UpdateAsync(async w =>
        {
            outer++;
            w.Take(1);
            await (how switch
            {
                "update" => wallet.UpdateAsync(Inner),
                "create" => wallet.CreateAsync(Inner),
                "decide" => store.Decider(Wallets.Decider(), "a").DecideAsync(-1),
                _ => store.Aggregate<Wallet>("b").UpdateAsync(_ => wallet.UpdateAsync(Inner)),
            });
        });

        await command.Should().ThrowAsync<InvalidOperationException>().WithMessage("*'wallet-a'*within the code of a command on the same stream*");
        (outer, inner).Should().Be((1, 0));
        (await store.GetHeadAsync()).Should().Be(4, "nothing was written");
        await wallet.UpdateAsync(w => w.Take(1)); // the turn was given back

        void Inner(Wallet w)
        {
            inner++;
            w.Take(1);
        }
    }

    [Fact]
    public async Task Begin_a_command_on_the_same_stream_without_awaiting_it_runs_when_the_outer_one_has_ended()
    {
        var store = Open();
        await PutAsync(store, "a", 3);
        var wallet = store.Aggregate<Wallet>("a");
        var ended = new TaskCompletionSource();
        Task? later = null;
        await wallet.UpdateAsync(w =>
        {
            w.Take(1);
            later = Task.Run(async () =>
            {
                await ended.Task;
                await wallet.UpdateAsync(other => other.Take(1));
            });
        });
        ended.SetResult();
        await later!;
        (await wallet.LoadAsync()).Balance.Should().Be(1);
    }

    [Fact]
    public async Task Conflict_of_one_pair_among_several_acts_again_on_all_that_is_new()
    {
        var (store, watched) = Watched();
        await PutAsync(store, "a", 3);
        var counts = Count(store);
        Interrupt(watched, Open(), [new CoinPut(1)], [new CoinPut(1), new CoinTaken(2)]);
        var seen = new List<int>();
        await store.Aggregate<Wallet>("a").UpdateAsync(w => { seen.Add(w.Balance); w.Put(10); w.Add(new EventData(new CoinPut(1)) { Tags = ["t"] }); });
        seen.Should().Equal(3, 3 + 1 + 1 - 2);
        counts.TakeConflicts().Should().Equal(new Dictionary<string, long> { ["passed"] = 1, ["retried"] = 1 });
        (await store.ReadStreamAsync("wallet-a").ToListAsync()).Select(e => e.Data).Should().EndWith(new object[] { new CoinPut(10), new CoinPut(1) });
    }

    [Fact]
    public async Task Conflict_that_passes_by_rule_every_time_gives_up_after_the_retries()
    {
        var (store, watched) = Watched(maxConflictRetries: 3);
        await PutAsync(store, "a", 1);
        var other = Open();
        watched.BeforeAppend = _ => PutAsync(other, "a", 1);
        await FluentActions.Awaiting(() => store.Aggregate<Wallet>("a").UpdateAsync(w => w.Put(10))).Should().ThrowAsync<WrongExpectedVersionException>();
        (await FoldAsync(store, "a")).State.Balance.Should().Be(5);
    }

    [Fact]
    public async Task Conflict_of_a_decider_follows_its_rule()
    {
        var (store, watched) = Watched();
        await PutAsync(store, "a", 3);
        var decided = 0;
        var decider = new Decider<WalletState, int>("wallet", Wallets.Empty, (_, value) => { decided++; return [new CoinPut(value)]; }, static (state, e) => state.Apply(e))
        {
            ConflictsWith = static (raised, committed) => (raised, committed) is not (CoinPut, CoinPut),
        };
        Interrupt(watched, Open(), [new CoinPut(1)], [new CoinTaken(2)], [new CoinPut(4)]);
        (await store.Decider(decider, "a").DecideAsync(10)).Version.Should().Be(7);
        decided.Should().Be(2);
        (await store.Decider(decider, "a").LoadAsync()).State.Balance.Should().Be(16);
    }

    [Fact]
    public async Task Conflict_of_a_creation_is_thrown_and_of_create_or_update_is_not()
    {
        var (store, watched) = Watched();
        Interrupt(watched, Open(), [new CoinTaken(1)]);
        await FluentActions.Awaiting(() => store.Aggregate<Wallet>("a").CreateAsync(w => w.Put(1))).Should().ThrowAsync<WrongExpectedVersionException>();
        Interrupt(watched, Open(), [new CoinTaken(1)]);
        (await store.Aggregate<Wallet>("a").CreateOrUpdateAsync(w => w.Put(1))).Version.Should().Be(3);
    }

    /// <summary>Before each of the next appends, somebody else appends some events to wallet a.</summary>
    private static void Interrupt(WatchedStorage watched, EventStore other, params object[][] others)
    {
        var next = 0;
        watched.BeforeAppend = async _ =>
        {
            if (next < others.Length) await other.AppendAsync("wallet-a", ExpectedVersion.Any, others[next++]);
        };
    }
}
