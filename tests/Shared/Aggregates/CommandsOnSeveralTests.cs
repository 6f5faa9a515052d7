using EventSourcing.Tests.Projections;

namespace EventSourcing.Tests.Aggregates;

/// <summary>Commands on several streams act once, and again on a conflict, as those on one do.</summary>
public abstract class CommandsOnSeveralTests(IStorageSource source) : WalletTests(source)
{
    private static readonly Guid Id = Guid.Parse("0197a3c2-5f60-7000-8000-000000000007");

    /// <summary>Its state is that of another log, in which a stream of the same name may be at the same version.</summary>
    [Fact]
    public async Task Save_an_aggregate_of_another_store_is_refused_and_writes_nothing()
    {
        var (store, other) = (Open(), new EventStore(new InMemoryEventStorage(), Wallets.Types));
        await using var _ = other;
        await PutAsync(store, "a", 1);
        await PutAsync(other, "a", 1, value: 1_000);
        var (rich, mine) = (await other.Aggregate<Wallet>("a").LoadAsync(), await store.Aggregate<Wallet>("a").LoadAsync());
        rich.Take(500);
        mine.Put(1);

        (await FluentActions.Awaiting(() => store.SaveAsync([mine, rich])).Should().ThrowAsync<ArgumentException>()).WithMessage("*index 1*'wallet-a'*did not come from this store*Nothing was written*");
        await FluentActions.Awaiting(() => store.UpdateTogetherAsync(_ => Task.FromResult<IReadOnlyList<Aggregate>>([rich]))).Should().ThrowAsync<ArgumentException>();
        (await store.GetHeadAsync()).Should().Be(1);
        await store.SaveAsync([mine]);
        await other.SaveAsync([rich]);
        (await other.GetHeadAsync()).Should().Be(2);
    }

    [Fact]
    public async Task Update_together_repeats_to_the_original_whatever_has_happened_since()
    {
        var store = Open();
        foreach (var id in new[] { "a", "b" }) await PutAsync(store, id, 10);
        var acted = 0;
        Task<AppendResult> MoveAsync(EventStore by) => by.UpdateTogetherAsync(
            async token =>
            {
                acted++;
                var (from, to) = (await by.Aggregate<Wallet>("a").LoadAsync(cancellationToken: token), await by.Aggregate<Wallet>("b").LoadAsync(cancellationToken: token));
                from.Take(8);
                to.Put(5);
                to.Put(3);
                return [from, to];
            },
            commandId: Id);
        var first = await MoveAsync(store);
        await PutAsync(store, "b", 1);
        foreach (var repeated in new[] { await MoveAsync(store), await MoveAsync(Open()) })
            repeated.Should().BeEquivalentTo(first, o => o.Excluding(r => r.WasAlreadyStored)).And.BeEquivalentTo(new { WasAlreadyStored = true, Position = 23L });
        first.Streams.Should().Equal(new AppendedStream("wallet-a", 11, 11), new AppendedStream("wallet-b", 11, 12));
        acted.Should().Be(1);
        (await store.GetHeadAsync()).Should().Be(24);
    }

    /// <summary>Those that have met a conflict are decided one after the other, so that they meet no more of each other.</summary>
    [Fact]
    public async Task Commands_1500_times_at_once_on_the_same_streams_and_query_succeed_each_time()
    {
        var store = Open();
        foreach (var id in new[] { "a", "b" }) await PutAsync(store, id, 1, value: 750);
        var query = EventQuery.InStreams("wallet-");
        var results = await Task.WhenAll(Enumerable.Range(0, 1_500).Select(i => Task.Run(() => i % 2 == 0
            ? store.UpdateTogetherAsync(async token =>
            {
                var (from, to) = (await store.Aggregate<Wallet>("a").LoadAsync(cancellationToken: token), await store.Aggregate<Wallet>("b").LoadAsync(cancellationToken: token));
                from.Take(1);
                to.Put(1);
                return [from, to];
            })
            : store.DecideAsync(query, _ => [new StreamAppend("wallet-c", ExpectedVersion.Any, [new CoinPut(1)])]))));

        results.Should().OnlyContain(result => !result.WasAlreadyStored);
        (await FoldAsync(store, "a")).State.Balance.Should().Be(0);
        (await FoldAsync(store, "b")).State.Balance.Should().Be(1_500);
        (await FoldAsync(store, "c")).State.Balance.Should().Be(750);
    }

    [Fact]
    public async Task Command_that_hangs_after_a_conflict_does_not_keep_others_waiting_for_good()
    {
        var store = Open();
        foreach (var id in new[] { "a", "b" }) await PutAsync(store, id, 1);
        var (hangs, goesOn) = (new TaskCompletionSource(), new TaskCompletionSource());
        var tries = 0;
        var first = store.UpdateTogetherAsync(async token =>
        {
            var a = await store.Aggregate<Wallet>("a").LoadAsync(cancellationToken: token);
            a.Put(1);
            if (++tries == 1)
            {
                await PutAsync(store, "a", 1);
            }
            else if (tries == 2)
            {
                hangs.SetResult();
                await goesOn.Task;
            }

            return [a];
        });
        await hangs.Task.WaitAsync(TimeSpan.FromSeconds(30));
        var others = 0;
        var second = await store.UpdateTogetherAsync(async token =>
        {
            var b = await store.Aggregate<Wallet>("b").LoadAsync(cancellationToken: token);
            b.Put(1);
            if (++others == 1) await PutAsync(store, "b", 1);
            return [b];
        }).WaitAsync(TimeSpan.FromSeconds(30));
        second.Version.Should().Be(3);
        goesOn.SetResult();
        await first.WaitAsync(TimeSpan.FromSeconds(30));
    }

    [Fact]
    public async Task Update_together_acts_again_on_a_conflict_and_gives_up_after_the_retries()
    {
        var (store, watched) = Watched(maxConflictRetries: 2);
        var other = Open();
        foreach (var id in new[] { "a", "b" }) await PutAsync(store, id, 1);
        var conflicts = 2;
        watched.BeforeAppend = _ => conflicts-- > 0 ? PutAsync(other, "a", 1) : Task.CompletedTask;
        var seen = new List<int>();
        Task<AppendResult> RaiseAsync() => store.UpdateTogetherAsync(async token =>
        {
            var (a, b) = (await store.Aggregate<Wallet>("a").LoadAsync(cancellationToken: token), await store.Aggregate<Wallet>("b").LoadAsync(cancellationToken: token));
            seen.Add(a.Balance);
            b.Put(a.Balance);
            return [a, b];
        });
        (await RaiseAsync()).Streams.Should().Equal(new AppendedStream("wallet-b", 2, 2));
        seen.Should().Equal(1, 2, 3);
        conflicts = 9;
        await FluentActions.Awaiting(RaiseAsync).Should().ThrowAsync<WrongExpectedVersionException>().Where(e => e.Tries == 3).WithMessage("*was decided 3 times*");
        (await FoldAsync(store, "b")).Version.Should().Be(2);
    }

    [Fact]
    public async Task Update_together_that_raises_nothing_appends_nothing_and_acts_again_when_repeated()
    {
        var store = Open();
        await PutAsync(store, "a", 3);
        foreach (var raises in new[] { false, true })
        {
            var result = await store.UpdateTogetherAsync(
                async token =>
                {
                    var a = await store.Aggregate<Wallet>("a").LoadAsync(cancellationToken: token);
                    if (raises) a.Put(1);
                    return [a];
                },
                commandId: Id);
            result.Should().BeEquivalentTo(new { Position = raises ? 4L : 3L, WasAlreadyStored = false });
        }

        (await store.UpdateTogetherAsync(_ => throw new InvalidDataException(), commandId: Id)).Should().BeEquivalentTo(new { Position = 4L, WasAlreadyStored = true });
    }

    [Fact]
    public async Task Save_repeats_to_the_original_and_leaves_the_aggregates_as_they_are()
    {
        var store = Open();
        var handle = store.Aggregate<Wallet>("a");
        var first = handle.New();
        first.Put(5);
        var saved = await store.SaveAsync([first], commandId: Id);
        saved.WasAlreadyStored.Should().BeFalse();
        first.Version.Should().Be(1);

        var second = await handle.LoadAsync();
        second.Put(5);
        (await store.SaveAsync([second], commandId: Id)).Should().BeEquivalentTo(saved, o => o.Excluding(r => r.WasAlreadyStored)).And.BeEquivalentTo(new { WasAlreadyStored = true });
        second.Should().BeEquivalentTo(new { Version = 1L, UncommittedEvents = new object[] { new CoinPut(5) } });
        (await store.GetHeadAsync()).Should().Be(1);
        await FluentActions.Awaiting(() => store.SaveAsync([second], commandId: Guid.Empty)).Should().ThrowAsync<ArgumentException>().WithMessage("*id is empty*");
    }

    [Theory]
    [InlineData(false)]
    [InlineData(true)]
    public async Task Decide_repeats_to_the_original_also_where_a_rule_forbids_it_by_now(bool byModel)
    {
        var store = Open();
        var query = EventQuery.OfTypes<CoinPut>();
        IReadOnlyList<StreamAppend> Once(int count) => count > 0 ? throw new InvalidOperationException("taken") : [new StreamAppend("wallet-a", 0, [new CoinPut(1), new CoinPut(2)])];
        Task<AppendResult> DecideAsync(EventStore by, Guid id) => byModel
            ? by.DecisionModel(query, 0, (count, _) => count + 1).DecideAsync(Once, commandId: id)
            : by.DecideAsync(query, events => Once(events.Count), commandId: id);
        var first = await DecideAsync(store, Id);
        await PutAsync(store, "b", 1);
        foreach (var by in new[] { store, Open() }) (await DecideAsync(by, Id)).Should().BeEquivalentTo(first, o => o.Excluding(r => r.WasAlreadyStored)).And.BeEquivalentTo(new { WasAlreadyStored = true });
        await FluentActions.Awaiting(() => DecideAsync(store, Guid.CreateVersion7())).Should().ThrowAsync<InvalidOperationException>();
        (await store.GetHeadAsync()).Should().Be(3);
    }

    [Theory]
    [InlineData("update")]
    [InlineData("save")]
    [InlineData("decide")]
    [InlineData("model")]
    public async Task Use_one_id_with_another_fingerprint_is_refused_and_changes_nothing(string kind)
    {
        var store = Open();
        var query = EventQuery.OfTypes<CoinTaken>();
        IReadOnlyList<StreamAppend> Put(int value) => [new StreamAppend("wallet-a", ExpectedVersion.Any, [new CoinPut(value)]), new StreamAppend("wallet-b", ExpectedVersion.Any, [new CoinPut(value)])];
        Task<AppendResult> RunAsync(int value, string fingerprint)
        {
            var id = new CommandId(Id) { Fingerprint = fingerprint };
            var (a, b) = (store.Aggregate<Wallet>($"a{value}").New(), store.Aggregate<Wallet>($"b{value}").New());
            a.Put(value);
            b.Put(value);
            return kind switch
            {
                "update" => store.UpdateTogetherAsync(_ => Task.FromResult<IReadOnlyList<Aggregate>>([a, b]), commandId: id),
                "save" => store.SaveAsync([a, b], commandId: id),
                "decide" => store.DecideAsync(query, _ => Put(value), commandId: id),
                _ => store.DecisionModel(query, 0, (count, _) => count + 1).DecideAsync(_ => Put(value), commandId: id),
            };
        }

        var first = await RunAsync(1, "put 1");
        (await FluentActions.Awaiting(() => RunAsync(2, "put 2")).Should().ThrowAsync<CommandIdReusedException>()).Which.Position.Should().Be(first.FirstPosition);
        (await RunAsync(1, "put 1")).Should().BeEquivalentTo(first, o => o.Excluding(r => r.WasAlreadyStored));
        (await store.GetHeadAsync()).Should().Be(2);
    }

    [Fact]
    public async Task Repetitions_at_once_in_two_stores_take_effect_once()
    {
        var stores = new[] { Open(), Open() };
        foreach (var id in new[] { "a", "b" }) await PutAsync(stores[0], id, 1);
        for (var round = 0; round < 10; round++)
        {
            var id = Guid.CreateVersion7();
            var results = await Task.WhenAll(Enumerable.Range(0, 6).Select(i => Task.Run(() => stores[i % 2].UpdateTogetherAsync(
                async token =>
                {
                    var (a, b) = (await stores[i % 2].Aggregate<Wallet>("a").LoadAsync(cancellationToken: token), await stores[i % 2].Aggregate<Wallet>("b").LoadAsync(cancellationToken: token));
                    a.Put(1);
                    b.Put(1);
                    return [a, b];
                },
                commandId: id))));
            results.Select(r => r.Position).Distinct().Should().ContainSingle();
            results.Count(r => !r.WasAlreadyStored).Should().Be(1);
        }

        (await stores[0].GetHeadAsync()).Should().Be(22);
    }

    [Fact]
    public async Task Model_reads_only_what_is_new_and_is_never_out_of_date()
    {
        var (store, watched) = Watched();
        var other = Open();
        await PutAsync(store, "a", 1500);
        var folded = 0;
        var model = store.DecisionModel(EventQuery.InStreams("wallet-"), 0, (sum, e) =>
        {
            folded++;
            return sum + ((CoinPut)e.Data).Value;
        });
        (await model.LoadAsync()).Should().Be(new DecisionState<int>(1500, 1500));
        folded.Should().Be(1500);
        await PutAsync(other, "b", 2);
        await other.AppendAsync("elsewhere", 0, [new CoinPut(7)]);

        var isFirst = true;
        watched.BeforeAppend = async _ =>
        {
            if (isFirst) await PutAsync(other, "b", 1);
            isFirst = false;
        };
        var seen = new List<int>();
        var result = await model.DecideAsync(sum =>
        {
            seen.Add(sum);
            return [new StreamAppend("wallet-c", ExpectedVersion.Any, [new CoinPut(sum)])];
        });
        seen.Should().Equal(1502, 1503);
        folded.Should().Be(1503);
        result.Position.Should().Be(1505);
        (await model.LoadAsync()).Should().Be(new DecisionState<int>(3006, 1505));
        folded.Should().Be(1504);
    }

    [Fact]
    public async Task Model_used_by_many_at_once_keeps_its_rule()
    {
        var store = Open(maxConflictRetries: 100);
        var model = store.DecisionModel(EventQuery.OfTypes<CoinPut>(), 0, (count, _) => count + 1);
        var results = await Task.WhenAll(Enumerable.Range(0, 30).Select(i => Task.Run(() =>
            model.DecideAsync(count => count < 10 ? [new StreamAppend($"wallet-{i}", 0, [new CoinPut(1)])] : []))));
        results.Count(r => r.Streams.Count > 0).Should().Be(10);
        (await store.GetHeadAsync()).Should().Be(10);
        (await model.LoadAsync()).Should().Be(new DecisionState<int>(10, 10));
    }
}
