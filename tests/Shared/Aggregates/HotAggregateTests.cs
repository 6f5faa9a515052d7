using EventSourcing.Tests.Projections;

namespace EventSourcing.Tests.Aggregates;

/// <summary>Commands of one store on one stream take turns: nobody meets a conflict with them, and nobody waits for one that hangs.</summary>
public abstract class HotAggregateTests(IStorageSource source) : WalletTests(source)
{
    [Theory]
    [InlineData(false)]
    [InlineData(true)]
    public async Task Command_400_times_at_once_succeeds_each_time_in_few_appends(bool isAsync)
    {
        var (store, watched) = Watched(maxConflictRetries: 0);
        var appends = 0;
        var called = 0;
        var allCalled = new TaskCompletionSource(TaskCreationOptions.RunContinuationsAsynchronously);

        // The first append takes as long as it takes to call them all, so that the others wait however fast a storage is.
        watched.BeforeAppend = _ => Interlocked.Increment(ref appends) == 1 ? allCalled.Task : Task.CompletedTask;
        Task<AppendResult> CallAsync()
        {
            if (Interlocked.Increment(ref called) == 400) allCalled.SetResult();
            return store.Aggregate<Wallet>("a").CreateOrUpdateAsync(PutAsync);
        }

        async Task PutAsync(Wallet wallet)
        {
            if (isAsync) await Task.Yield();
            wallet.Put(1);
        }

        var results = await Task.WhenAll(Enumerable.Range(0, 400).Select(_ => Task.Run(CallAsync)));
        results.Select(r => r.Version).Order().Should().Equal(Enumerable.Range(1, 400).Select(v => (long)v));
        results.Should().OnlyContain(r => r.Position == r.Version && r.FirstPosition == r.Position && !r.WasAlreadyStored && r.Streams.Single() == new AppendedStream("wallet-a", r.Version, r.Version));
        (await FoldAsync(store, "a")).State.Balance.Should().Be(400);
        if (!isAsync) appends.Should().BeLessThan(200);
        CountStreamsWithCommands(store).Should().Be(0);
    }

    [Fact]
    public async Task Decide_200_times_at_once_succeeds_each_time()
    {
        var (store, _) = Watched(maxConflictRetries: 0);
        var handle = store.Decider(Wallets.Decider(), "a");
        var results = await Task.WhenAll(Enumerable.Range(0, 200).Select(i => Task.Run(() => handle.DecideAsync(1 + (i % 2)))));
        results.Select(r => r.Version).Order().Should().Equal(Enumerable.Range(1, 200).Select(v => (long)v));
        (await handle.LoadAsync()).State.Balance.Should().Be(300);
        CountStreamsWithCommands(store).Should().Be(0);
    }

    [Fact]
    public async Task Command_on_many_streams_leaves_no_entry_behind()
    {
        var store = Open();
        await Parallel.ForEachAsync(Enumerable.Range(0, 10_000), new ParallelOptions { MaxDegreeOfParallelism = 64 }, async (i, token) =>
        {
            var decided = i % 100 == 0 ? 1 : 0;
            await store.Decider(Wallets.Decider(), $"{i}").DecideAsync(decided, cancellationToken: token);
        });
        CountStreamsWithCommands(store).Should().Be(0);
    }

    [Fact]
    public async Task Commands_that_wait_act_on_the_state_that_those_before_them_left_and_fail_alone()
    {
        var (store, watched) = Watched(maxConflictRetries: 0);
        await PutAsync(store, "a", 10);
        var (waiting, gate) = await HoldAsync(store, watched);
        var commands = Enumerable.Range(0, 10).Select(_ => store.Aggregate<Wallet>("a").UpdateAsync(w => w.Take(4))).ToList();
        var nothing = store.Aggregate<Wallet>("a").UpdateAsync(_ => { });
        var flawed = store.Aggregate<Wallet>("a").UpdateAsync(w => w.Add(new EventData(new CoinPut(1)) { Id = Guid.Empty }));
        var last = store.Aggregate<Wallet>("a").UpdateAsync(w => w.Put(1), new EventMetadata { CorrelationId = "mine" });
        gate.SetResult();
        await waiting;
        foreach (var command in commands.Take(2)) await command;
        foreach (var command in commands.Skip(2)) await FluentActions.Awaiting(() => command).Should().ThrowAsync<InvalidOperationException>().WithMessage("There is only 3.");
        (await nothing).Should().BeEquivalentTo(new { Version = 13L, Position = 13L, WasAlreadyStored = false });
        await FluentActions.Awaiting(() => flawed).Should().ThrowAsync<ArgumentException>();
        (await last).Version.Should().Be(14);
        var events = await store.ReadStreamAsync("wallet-a").ToListAsync();
        events.TakeLast(2).Select(e => e.Metadata.CorrelationId).Should().Equal(null, "mine");
        (await FoldAsync(store, "a")).Should().BeEquivalentTo((new { Balance = 4 }, 14L));
    }

    [Fact]
    public async Task Each_command_has_an_aggregate_of_its_own_that_no_other_changes()
    {
        var (store, watched) = Watched();
        await PutAsync(store, "a", 3);
        var (waiting, gate) = await HoldAsync(store, watched);
        var seen = new Wallet?[5];
        var commands = Enumerable.Range(0, 5).Select(i => store.Aggregate<Wallet>("a").UpdateAsync(w =>
        {
            seen[i] = w;
            w.Put(1);
        })).ToList();
        gate.SetResult();
        await waiting;
        await Task.WhenAll(commands);
        seen.Select(w => w!.Balance).Should().Equal(5, 6, 7, 8, 9);
        seen.Distinct().Should().HaveCount(5);
        for (var i = 0; i < 5; i++) Seen(seen[i]).State.Should().Be((await FoldAsync(store, "a", AsOf.Version(5 + i))).State);
    }

    [Fact]
    public async Task Cancelling_a_command_that_waits_lets_it_leave_at_once()
    {
        var (store, watched) = Watched();
        await PutAsync(store, "a", 1);
        var (waiting, gate) = await HoldAsync(store, watched);
        using var cancellation = new CancellationTokenSource();
        var acted = false;
        var cancelled = store.Aggregate<Wallet>("a").UpdateAsync(_ => acted = true, cancellationToken: cancellation.Token);
        var next = store.Aggregate<Wallet>("a").UpdateAsync(w => w.Put(2));
        await cancellation.CancelAsync();
        await FluentActions.Awaiting(() => cancelled).Should().ThrowAsync<OperationCanceledException>();
        gate.SetResult();
        await waiting;
        (await next).Version.Should().Be(3);
        acted.Should().BeFalse();
    }

    [Fact]
    public async Task Cancelling_a_command_while_it_is_appended_with_others_leaves_these_as_they_would_be_without_it()
    {
        var (store, watched) = Watched();
        await PutAsync(store, "a", 1);
        var (waiting, gate) = await HoldAsync(store, watched);
        using var cancellation = new CancellationTokenSource();
        var before = store.Aggregate<Wallet>("a").UpdateAsync(w => w.Put(10));
        var cancelled = store.Aggregate<Wallet>("a").UpdateAsync(w => w.Put(100), cancellationToken: cancellation.Token);
        var after = store.Aggregate<Wallet>("a").UpdateAsync(w => w.Put(w.Balance));
        watched.BeforeAppend = async request =>
        {
            if (request.EventCount < 3) return;
            await cancellation.CancelAsync();
            cancellation.Token.ThrowIfCancellationRequested();
        };
        gate.SetResult();
        await waiting;
        await FluentActions.Awaiting(() => cancelled).Should().ThrowAsync<OperationCanceledException>();
        await Task.WhenAll(before, after);
        (await FoldAsync(store, "a")).Should().BeEquivalentTo((new { Balance = 24 }, 4L));
    }

    [Fact]
    public async Task Repeating_a_command_beside_itself_takes_effect_once()
    {
        var (store, watched) = Watched(maxConflictRetries: 0);
        await PutAsync(store, "a", 1);
        var (waiting, gate) = await HoldAsync(store, watched);
        var id = Guid.CreateVersion7();
        var commands = Enumerable.Range(0, 6).Select(i => store.Aggregate<Wallet>("a").UpdateAsync(w => w.Put(10), commandId: i % 2 == 0 ? id : Guid.CreateVersion7())).ToList();
        gate.SetResult();
        await waiting;
        var results = await Task.WhenAll(commands);
        var repeated = results.Where((_, i) => i % 2 == 0).ToList();
        repeated.Select(r => r.Version).Distinct().Should().ContainSingle();
        repeated.Count(r => !r.WasAlreadyStored).Should().Be(1);
        (await FoldAsync(store, "a")).State.Balance.Should().Be(1 + 1 + 40);
    }

    [Fact]
    public async Task Conflict_with_another_store_keeps_what_passes_by_rule_and_decides_the_rest_again()
    {
        var (store, watched) = Watched();
        var other = Open();
        await PutAsync(store, "a", 20);
        var (waiting, gate) = await HoldAsync(store, watched);
        var acted = new int[4];
        Task<AppendResult> ActAsync(int number, Action<Wallet> act) => store.Aggregate<Wallet>("a").UpdateAsync(w =>
        {
            acted[number]++;
            act(w);
        });
        var commands = new[] { ActAsync(0, w => w.Put(1)), ActAsync(1, w => w.Put(2)), ActAsync(2, w => w.Take(5)), ActAsync(3, w => w.Put(w.Balance)) };
        var isFirst = true;
        watched.BeforeAppend = async request =>
        {
            if (request.EventCount < 4 || !isFirst) return;
            isFirst = false;
            await PutAsync(other, "a", 1, 100);
        };
        gate.SetResult();
        await waiting;
        (await Task.WhenAll(commands)).Select(r => r.Version).Should().Equal(23, 24, 25, 26);
        acted.Should().Equal(1, 1, 2, 2);
        (await FoldAsync(store, "a")).State.Balance.Should().Be(2 * (20 + 1 + 100 + 1 + 2 - 5));
    }

    [Fact]
    public async Task Conflict_at_every_try_is_thrown_after_the_retries_by_each_that_waited()
    {
        var (store, watched) = Watched(maxConflictRetries: 2);
        var other = Open();
        await PutAsync(store, "a", 1);
        var (waiting, gate) = await HoldAsync(store, watched);
        var commands = Enumerable.Range(0, 3).Select(_ => store.Aggregate<Wallet>("a").UpdateAsync(w => w.Call("x"))).ToList();
        watched.BeforeAppend = request => request.Writes[0].Events[0].Type == "wallet-labelled" ? PutAsync(other, "a", 1) : Task.CompletedTask;
        gate.SetResult();
        await waiting;
        foreach (var command in commands) await FluentActions.Awaiting(() => command).Should().ThrowAsync<WrongExpectedVersionException>();
        (await FoldAsync(store, "a")).State.Label.Should().BeNull();
        CountStreamsWithCommands(store).Should().Be(0);
    }

    [Fact]
    public async Task Failing_append_of_several_is_repeated_for_each_by_itself()
    {
        var (store, watched) = Watched();
        await PutAsync(store, "a", 1);
        var (waiting, gate) = await HoldAsync(store, watched);
        watched.BeforeAppend = request => request.Writes[0].Events.Any(e => e.Type == "wallet-labelled") ? throw new InvalidDataException("no labels") : Task.CompletedTask;
        var commands = new[] { store.Aggregate<Wallet>("a").UpdateAsync(w => w.Put(1)), store.Aggregate<Wallet>("a").UpdateAsync(w => w.Call("x")), store.Aggregate<Wallet>("a").UpdateAsync(w => w.Put(3)) };
        gate.SetResult();
        await waiting;
        await FluentActions.Awaiting(() => commands[1]).Should().ThrowAsync<InvalidDataException>();
        (await commands[0]).Version.Should().Be(3);
        (await commands[2]).Version.Should().Be(4);
        (await FoldAsync(store, "a")).State.Should().BeEquivalentTo(new { Balance = 6, Label = (string?)null });
    }

    [Fact]
    public async Task Commands_within_commands_across_two_streams_do_not_wait_for_each_other()
    {
        var store = Open(maxConflictRetries: 50);
        await Task.WhenAll(Enumerable.Range(0, 20).Select(i => Task.Run(() =>
        {
            var (outer, inner) = i % 2 == 0 ? ("a", "b") : ("b", "a");
            return store.Aggregate<Wallet>(outer).CreateOrUpdateAsync(async w =>
            {
                await store.Aggregate<Wallet>(inner).CreateOrUpdateAsync(other => other.Put(1));
                w.Put(100);
            });
        })));
        foreach (var id in new[] { "a", "b" }) ((await FoldAsync(store, id)).State.Balance / 100).Should().Be(10);
        CountStreamsWithCommands(store).Should().Be(0);
    }

    [Theory]
    [Trait("Speed", "Slow")]
    [InlineData(false)]
    [InlineData(true)]
    public async Task Command_that_hangs_holds_up_nobody_for_ever(bool hasWaited)
    {
        var (store, watched) = Watched();
        await PutAsync(store, "a", 1);
        var hang = new TaskCompletionSource();
        var (waiting, gate) = hasWaited ? await HoldAsync(store, watched) : (Task.CompletedTask, new TaskCompletionSource());
        var before = hasWaited ? store.Aggregate<Wallet>("a").UpdateAsync(w => w.Put(10)) : Task.CompletedTask;
        var isFirst = true;
        var hanging = store.Aggregate<Wallet>("a").UpdateAsync(async w =>
        {
            if (isFirst)
            {
                isFirst = false;
                await hang.Task;
            }

            w.Call("late");
        });
        var others = Enumerable.Range(0, 5).Select(_ => store.Aggregate<Wallet>("a").UpdateAsync(w => w.Put(100))).ToList();
        gate.SetResult();
        await waiting;
        await before;
        await Task.WhenAll(others);
        hang.SetResult();
        await hanging;
        var (state, _) = await FoldAsync(store, "a");
        state.Should().BeEquivalentTo(new { Balance = 501 + (hasWaited ? 11 : 0), Label = "late" });
        CountStreamsWithCommands(store).Should().Be(0);
    }

    [Theory]
    [InlineData(1)]
    [InlineData(2)]
    [InlineData(3)]
    [InlineData(4)]
    public async Task Random_commands_of_two_stores_at_once_equal_some_serial_order(int seed)
    {
        var random = new Random(seed);
        var stores = new[] { Open(maxConflictRetries: 200), Open(maxConflictRetries: 200) };
        var ids = Enumerable.Range(0, 40).Select(_ => Guid.CreateVersion7()).ToArray();
        var planned = Enumerable.Range(0, 250).Select(i => (Number: i, Store: stores[i % 5 == 0 ? 1 : 0], Kind: random.Next(6), Id: random.Next(3) == 0 ? ids[random.Next(ids.Length)] : (Guid?)null, Cancels: random.Next(8) == 0)).ToList();
        var outcomes = await Task.WhenAll(planned.Select(plan => Task.Run(async () =>
        {
            using var cancellation = new CancellationTokenSource();
            var command = plan.Store.Aggregate<Wallet>("a").CreateOrUpdateAsync(
                async w =>
                {
                    if (plan.Kind == 1) await Task.Yield();
                    if (plan.Kind == 2) w.Put(1);
                    if (plan.Kind == 3) throw new InvalidDataException("as planned");
                    if (plan.Kind == 4) w.Take(3);
                    w.Put(1 + (plan.Number % 7));
                },
                new EventMetadata { CorrelationId = $"{plan.Number}" },
                plan.Id,
                cancellation.Token);
            if (plan.Cancels) await cancellation.CancelAsync();
            try
            {
                return (plan, Result: (AppendResult?)await command, Error: (Exception?)null);
            }
            catch (Exception e) when (e is OperationCanceledException or InvalidDataException or InvalidOperationException)
            {
                return (plan, Result: (AppendResult?)null, Error: (Exception?)e);
            }
        })));

        var events = await stores[0].ReadStreamAsync("wallet-a").ToListAsync();
        events.Select(e => e.Version).Should().Equal(Enumerable.Range(1, events.Count).Select(v => (long)v));
        var balance = 0;
        foreach (var e in events)
        {
            balance += e.Data switch { CoinPut put => put.Value, CoinTaken taken => -taken.Value, _ => 0 };
            balance.Should().BeGreaterThanOrEqualTo(0, "each command was decided on the very state that its events follow");
        }

        var stored = events.GroupBy(e => e.Metadata.CorrelationId!).ToDictionary(g => g.Key, g => g.ToList());
        foreach (var (plan, result, error) in outcomes)
        {
            if (result is { WasAlreadyStored: false }) stored[$"{plan.Number}"].Select(e => e.Position).Should().Equal(Enumerable.Range(0, (int)(result.Position - result.FirstPosition) + 1).Select(i => result.FirstPosition + i));
            else stored.Should().NotContainKey($"{plan.Number}");
            if (result is null) error.Should().NotBeNull();
        }

        outcomes.Where(o => o is { Result.WasAlreadyStored: false, plan.Id: not null }).Select(o => o.plan.Id).Should().OnlyHaveUniqueItems();
        stored.Count.Should().Be(outcomes.Count(o => o.Result is { WasAlreadyStored: false }));
        (await stores[0].Aggregate<Wallet>("a").LoadAsync()).Balance.Should().Be(balance);
        foreach (var store in stores) CountStreamsWithCommands(store).Should().Be(0);
    }

    /// <summary>How many streams have a command under way. Only the core's own tests see it.</summary>
    private protected virtual int CountStreamsWithCommands(EventStore store) => 0;

    /// <summary>A command that has wallet a's turn until the gate opens; those that come meanwhile wait.</summary>
    private static async Task<(Task Waiting, TaskCompletionSource Gate)> HoldAsync(EventStore store, WatchedStorage watched)
    {
        var reached = new TaskCompletionSource(TaskCreationOptions.RunContinuationsAsynchronously);
        var gate = new TaskCompletionSource(TaskCreationOptions.RunContinuationsAsynchronously);
        watched.BeforeAppend = _ =>
        {
            reached.TrySetResult();
            return gate.Task;
        };
        Task waiting = store.Aggregate<Wallet>("a").UpdateAsync(w => w.Put(1));
        await reached.Task;
        return (waiting, gate);
    }
}
