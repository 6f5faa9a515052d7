using EventSourcing.Tests.Projections;

namespace EventSourcing.Tests.Aggregates;

/// <summary>A command with an id takes effect once, however and whenever it is repeated.</summary>
public abstract class IdempotentCommandTests(IStorageSource source) : WalletTests(source)
{
    private static readonly Guid Id = Guid.Parse("0197a3c2-5f60-7000-8000-000000000001");
    private static readonly Guid OtherId = Guid.Parse("0197a3c2-5f60-7000-8000-000000000002");

    [Fact]
    public async Task Repeat_a_creation_does_not_act_and_returns_the_original()
    {
        var store = Open();
        await PutAsync(store, "other", 3);
        var acted = 0;
        Task<AppendResult> CreateAsync(EventStore by) => by.Aggregate<Wallet>("a").CreateAsync(
            w =>
            {
                acted++;
                w.Put(5);
                w.Call("mine");
            },
            commandId: Id);
        var first = await CreateAsync(store);
        await store.Aggregate<Wallet>("a").UpdateAsync(w => w.Take(5));
        await PutAsync(store, "other", 1);

        var again = await CreateAsync(store);
        var elsewhere = await CreateAsync(Open());
        acted.Should().Be(1);
        first.WasAlreadyStored.Should().BeFalse();
        foreach (var repeated in new[] { again, elsewhere })
            repeated.Should().BeEquivalentTo(new { FirstPosition = 4L, Position = 5L, Version = 2L, WasAlreadyStored = true, Streams = new[] { new AppendedStream("wallet-a", 1, 2) } });
        (await store.GetHeadAsync()).Should().Be(7);
    }

    [Theory]
    [InlineData(false)]
    [InlineData(true)]
    public async Task Repeat_updates_in_any_order_after_others_does_not_act_and_returns_each_original(bool mayCreate)
    {
        var store = Open();
        await PutAsync(store, "a", 10);
        var acted = 0;
        async Task<AppendResult> TakeAsync(Guid id, int value)
        {
            var handle = store.Aggregate<Wallet>("a");
            return mayCreate ? await handle.CreateOrUpdateAsync(Act, commandId: id) : await handle.UpdateAsync(Act, commandId: id);
            void Act(Wallet wallet)
            {
                acted++;
                wallet.Take(value);
            }
        }

        var one = await TakeAsync(Id, 8);
        var other = await TakeAsync(OtherId, 2); // nothing is left: whoever acts again is refused
        (await TakeAsync(OtherId, 2)).Should().BeEquivalentTo(other, o => o.Excluding(r => r.WasAlreadyStored));
        (await TakeAsync(Id, 8)).Should().BeEquivalentTo(one, o => o.Excluding(r => r.WasAlreadyStored));
        acted.Should().Be(2);
        (await FoldAsync(store, "a")).Should().BeEquivalentTo((new { Balance = 0 }, 12L));
    }

    [Fact]
    public async Task Repeat_a_command_of_40_events_returns_all_of_them()
    {
        var store = Open();
        Task<AppendResult> FillAsync() => store.Aggregate<Wallet>("a").CreateOrUpdateAsync(w => { for (var i = 0; i < 40; i++) w.Put(i); }, commandId: Id);
        await FillAsync();
        await PutAsync(store, "a", 1);
        (await FillAsync()).Should().BeEquivalentTo(new { FirstPosition = 1L, Position = 40L, Version = 40L, WasAlreadyStored = true });
    }

    [Fact]
    public async Task Use_one_id_for_two_streams_acts_on_each()
    {
        var store = Open();
        foreach (var stream in new[] { "a", "b", "a", "b" }) await store.Aggregate<Wallet>(stream).CreateAsync(w => w.Put(1), commandId: Id);
        (await store.ReadLogAsync().ToListAsync()).Select(e => e.Stream).Should().Equal("wallet-a", "wallet-b");
    }

    [Fact]
    public async Task Derive_event_ids_from_command_stream_and_index_as_documented()
    {
        var store = Open();
        await store.Aggregate<Wallet>("a").CreateAsync(w => { w.Put(1); w.Put(2); }, commandId: Id);
        await store.Aggregate<Wallet>("b").CreateAsync(w => w.Put(1), commandId: Guid.Parse("6fa459ea-ee8a-4ca4-894e-db77e160355e"));
        var ids = (await store.ReadLogAsync().ToListAsync()).ConvertAll(e => e.Id);
        ids.Should().OnlyHaveUniqueItems();
        ids.Should().AllSatisfy(id => (id.Version, id.Variant & 0xC).Should().Be((8, 8)));
        ids.Take(2).Should().AllSatisfy(id => id.ToString().Should().StartWith("0197a3c2-5f60-", "the time of a UUIDv7 stays in front"));
        ids[2].ToString().Should().NotStartWith("6fa459ea", "other ids have no time to keep");

        // For ever: an event that was stored yesterday must be found tomorrow.
        ids[0].Should().Be(IdAsDocumented(Id, "wallet-a", 0));
        ids[1].Should().Be(IdAsDocumented(Id, "wallet-a", 1));
    }

    [Fact]
    public async Task Repeat_after_an_unknown_outcome_finds_what_was_stored()
    {
        var (store, watched) = Watched();
        await PutAsync(store, "a", 1);
        watched.AfterAppend = _ => throw FaultPoints.Failure(outcomeIsUnknown: true);
        var acted = 0;
        Task<AppendResult> TakeAsync() => store.Aggregate<Wallet>("a").UpdateAsync(w => { acted++; w.Take(1); }, commandId: Id);
        (await FluentActions.Awaiting(TakeAsync).Should().ThrowAsync<StorageFailedException>()).Which.OutcomeIsUnknown.Should().BeTrue();
        watched.AfterAppend = _ => Task.CompletedTask;
        (await TakeAsync()).Should().BeEquivalentTo(new { Position = 2L, WasAlreadyStored = true });
        acted.Should().Be(1);
        (await store.GetHeadAsync()).Should().Be(2);
    }

    [Fact]
    public async Task Repeat_after_a_failure_that_stored_nothing_acts()
    {
        var (store, watched) = Watched();
        watched.BeforeAppend = _ => throw FaultPoints.Failure(outcomeIsUnknown: true);
        Task<AppendResult> PutAsync() => store.Aggregate<Wallet>("a").CreateAsync(w => w.Put(1), commandId: Id);
        await FluentActions.Awaiting(PutAsync).Should().ThrowAsync<StorageFailedException>();
        watched.BeforeAppend = _ => Task.CompletedTask;
        (await PutAsync()).Should().BeEquivalentTo(new { Position = 1L, WasAlreadyStored = false });
    }

    [Theory]
    [InlineData(1)]
    [InlineData(2)]
    [InlineData(3)]
    public async Task Race_of_repetitions_that_raise_more_or_fewer_events_returns_the_original_of_the_first(int raised)
    {
        var (store, watched) = Watched();
        await PutAsync(store, "a", 1);

        // While this one is about to append its events, another process stores 2 for the same command.
        var other = Open();
        watched.BeforeAppend = async _ =>
        {
            watched.BeforeAppend = _ => Task.CompletedTask;
            await other.Aggregate<Wallet>("a").UpdateAsync(w => { w.Put(7); w.Put(7); }, commandId: Id);
            await PutAsync(other, "a", 1);
        };
        var result = await store.Aggregate<Wallet>("a").UpdateAsync(w => { for (var i = 0; i < raised; i++) w.Put(7); }, commandId: Id);
        result.Should().BeEquivalentTo(new { FirstPosition = 2L, Position = 3L, WasAlreadyStored = true, Streams = new[] { new AppendedStream("wallet-a", 2, 3) } });
        (await store.GetHeadAsync()).Should().Be(4);
    }

    [Theory]
    [InlineData(false)]
    [InlineData(true)]
    public async Task Race_that_makes_the_repetition_refuse_or_do_nothing_returns_the_original(bool refuses)
    {
        var (store, watched) = Watched();
        await PutAsync(store, "a", 1);

        // Another process stores the command after this one has looked for it, and before it has loaded.
        var other = Open();
        watched.BeforeRead = async _ =>
        {
            watched.BeforeRead = _ => Task.CompletedTask;
            await other.Aggregate<Wallet>("a").UpdateAsync(w => w.Take(1), commandId: Id);
        };
        var result = await store.Aggregate<Wallet>("a").UpdateAsync(w => { if (refuses || w.Balance > 0) w.Take(1); }, commandId: Id);
        result.Should().BeEquivalentTo(new { Position = 2L, WasAlreadyStored = true });
        (await store.GetHeadAsync()).Should().Be(2);
    }

    [Fact]
    public async Task Conflict_with_another_command_acts_again_and_stores_once()
    {
        var (store, watched) = Watched();
        await PutAsync(store, "a", 5);
        var other = Open();
        watched.BeforeAppend = async _ =>
        {
            watched.BeforeAppend = _ => Task.CompletedTask;
            await other.Aggregate<Wallet>("a").UpdateAsync(w => w.Take(4), commandId: OtherId);
        };
        var seen = new List<int>();
        await store.Aggregate<Wallet>("a").UpdateAsync(w => { seen.Add(w.Balance); w.Take(1); }, commandId: Id);
        seen.Should().Equal(5, 1);
        (await FoldAsync(store, "a")).State.Balance.Should().Be(0);
    }

    [Fact]
    public async Task Repeat_a_command_that_was_refused_or_did_nothing_acts_again()
    {
        var store = Open();
        await PutAsync(store, "a", 1);
        await FluentActions.Awaiting(() => store.Aggregate<Wallet>("a").UpdateAsync(w => w.Take(2), commandId: Id)).Should().ThrowAsync<InvalidOperationException>();
        (await store.Aggregate<Wallet>("a").UpdateAsync(_ => { }, commandId: Id)).WasAlreadyStored.Should().BeFalse();
        await PutAsync(store, "a", 1);
        (await store.Aggregate<Wallet>("a").UpdateAsync(w => w.Take(2), commandId: Id)).Should().BeEquivalentTo(new { Version = 3L, WasAlreadyStored = false });
    }

    [Fact]
    public async Task Raise_an_event_with_an_id_of_its_own_in_a_command_with_one_is_a_bad_argument()
    {
        var store = Open();
        var own = Guid.CreateVersion7();
        var act = () => store.Aggregate<Wallet>("a").CreateAsync(w => { w.Put(1); w.Add(new EventData(new CoinPut(2)) { Id = own }); }, commandId: Id);
        await act.Should().ThrowAsync<ArgumentException>().WithMessage($"*index 1*{own}*");
        await FluentActions.Awaiting(() => store.Aggregate<Wallet>("a").CreateAsync(w => w.Put(1), commandId: Guid.Empty)).Should().ThrowAsync<ArgumentException>().WithMessage("*empty*");
        (await store.GetHeadAsync()).Should().Be(0);
    }

    [Fact]
    public async Task Raise_events_with_tags_and_metadata_in_a_command_with_an_id_keeps_them()
    {
        var store = Open();
        await store.Aggregate<Wallet>("a").CreateAsync(
            w => w.Add(new EventData(new CoinPut(2)) { Tags = ["red"], Metadata = new EventMetadata { CausationId = "x" } }), new EventMetadata { CausationId = "y" }, Id);
        (await store.ReadLogAsync().ToListAsync()).Should().ContainSingle().Which.Should().BeEquivalentTo(new { Tags = new[] { "red" }, Metadata = new { CausationId = "x" } });
    }

    [Fact]
    public async Task Find_an_event_of_a_command_by_its_id_gives_its_position()
    {
        var store = Open();
        await PutAsync(store, "b", 2);
        await store.Aggregate<Wallet>("a").CreateAsync(w => w.Put(1), commandId: Id);
        (await store.GetPositionAsync(IdAsDocumented(Id, "wallet-a", 0))).Should().Be(3);
        (await store.GetPositionAsync(IdAsDocumented(Id, "wallet-a", 1))).Should().Be(0);
    }

    [Fact]
    public async Task Race_of_64_repeats_of_each_of_20_commands_by_4_stores_stores_each_once()
    {
        const int Commands = 20, Repeats = 64, Wallets = 3;
        EventStore[] stores = [.. Enumerable.Range(0, 4).Select(_ => Open(maxConflictRetries: 10_000))];
        for (var wallet = 0; wallet < Wallets; wallet++) await PutAsync(stores[0], $"{wallet}", 1, value: 1000);
        Guid[] ids = [.. Enumerable.Range(0, Commands).Select(_ => Guid.CreateVersion7())];
        var results = await Task.WhenAll(Enumerable.Range(0, Commands * Repeats).Select(n => Task.Run(async () =>
        {
            var command = n % Commands;
            var handle = stores[n / Commands % stores.Length].Aggregate<Wallet>($"{command % Wallets}");
            return (Command: command, Result: await handle.UpdateAsync(w => { w.Take(command + 1); w.Call($"{command}"); }, commandId: ids[command]));
        })));

        foreach (var command in results.GroupBy(r => r.Command, r => r.Result))
        {
            command.Count(result => !result.WasAlreadyStored).Should().Be(1, "one of the repetitions is the first");
            command.Select(result => (result.FirstPosition, result.Position, result.Version)).Distinct().Should().ContainSingle("all others return its result");
        }

        (await stores[0].GetHeadAsync()).Should().Be(Wallets + (2 * Commands));
        for (var wallet = 0; wallet < Wallets; wallet++)
            (await stores[0].Aggregate<Wallet>($"{wallet}").LoadAsync()).Balance.Should().Be(1000 - Enumerable.Range(0, Commands).Where(c => c % Wallets == wallet).Sum(c => c + 1));
    }

    [Fact]
    public async Task Use_one_id_with_another_fingerprint_is_refused_without_acting_and_changes_nothing()
    {
        var store = Open();
        await PutAsync(store, "a", 10);
        var acted = 0;
        Task<AppendResult> TakeAsync(EventStore by, int value, string? fingerprint) => by.Aggregate<Wallet>("a").UpdateAsync(
            w =>
            {
                acted++;
                w.Take(value);
            },
            commandId: new CommandId(Id) { Fingerprint = fingerprint });
        var first = await TakeAsync(store, 3, "take 3");

        foreach (var by in new[] { store, Open() })
        {
            var refused = await FluentActions.Awaiting(() => TakeAsync(by, 4, "take 4")).Should().ThrowAsync<CommandIdReusedException>();
            refused.Which.Should().BeEquivalentTo(new { CommandId = Id, Position = first.FirstPosition });
            foreach (var same in new[] { "take 3", null })
                (await TakeAsync(by, 3, same)).Should().BeEquivalentTo(first, o => o.Excluding(r => r.WasAlreadyStored));
        }

        acted.Should().Be(1);
        (await store.GetHeadAsync()).Should().Be(11);
        (await FoldAsync(store, "a")).Should().BeEquivalentTo((new { Balance = 7 }, 11L));
    }

    [Fact]
    public async Task Use_one_id_with_another_fingerprint_than_none_is_a_repetition()
    {
        var store = Open();
        var first = await store.Aggregate<Wallet>("a").CreateAsync(w => w.Put(1), commandId: Id);
        (await store.Aggregate<Wallet>("a").CreateAsync(w => w.Put(2), commandId: new CommandId(Id) { Fingerprint = "put 2" }))
            .Should().BeEquivalentTo(first, o => o.Excluding(r => r.WasAlreadyStored));
        (await store.GetHeadAsync()).Should().Be(1);
    }

    [Fact]
    public async Task Keep_the_fingerprint_with_the_first_event_beside_its_own_metadata()
    {
        var store = Open();
        var metadata = new EventMetadata { CorrelationId = "request-5", Values = new Dictionary<string, string> { ["user"] = "ann" } };
        await store.Aggregate<Wallet>("a").CreateAsync(
            w =>
            {
                w.Put(1);
                w.Put(2);
            },
            metadata,
            new CommandId(Id) { Fingerprint = "put 1 and 2" });
        var stored = await store.ReadStreamAsync("wallet-a").ToListAsync();
        stored.Select(e => e.Metadata.CommandFingerprint).Should().Equal("put 1 and 2", null);
        stored.Should().OnlyContain(e => e.Metadata.CorrelationId == "request-5" && e.Metadata.Values["user"] == "ann");
        stored[0].Metadata.Values["commandFingerprint"].Should().Be("put 1 and 2");
    }

    [Fact]
    public async Task Race_of_commands_with_one_id_and_two_fingerprints_lets_one_kind_take_effect_and_refuses_the_other()
    {
        EventStore[] stores = [Open(maxConflictRetries: 10_000), Open(maxConflictRetries: 10_000)];
        await PutAsync(stores[0], "a", 1, value: 1000);
        for (var round = 0; round < 10; round++)
        {
            var id = Guid.CreateVersion7();
            var before = (await stores[0].Aggregate<Wallet>("a").LoadAsync()).Balance;
            var outcomes = await Task.WhenAll(Enumerable.Range(1, 16).Select(n => Task.Run(async () =>
            {
                var value = 1 + (n % 2);
                try
                {
                    var handle = stores[n / 2 % 2].Aggregate<Wallet>("a");
                    return (Value: value, Result: (AppendResult?)await handle.UpdateAsync(w => w.Take(value), commandId: new CommandId(id) { Fingerprint = $"take {value}" }));
                }
                catch (CommandIdReusedException)
                {
                    return (Value: value, Result: (AppendResult?)null);
                }
            })));
            var taken = before - (await stores[0].Aggregate<Wallet>("a").LoadAsync()).Balance;
            outcomes.Should().OnlyContain(one => (one.Result != null) == (one.Value == taken));
            outcomes.Count(one => one.Result is { WasAlreadyStored: false }).Should().Be(1);
        }
    }

    private static Guid IdAsDocumented(Guid commandId, string stream, int index)
    {
        var bytes = System.Security.Cryptography.SHA256.HashData(System.Text.Encoding.UTF8.GetBytes($"{commandId:N}\0{stream}\0{index}"))[..16];
        commandId.ToByteArray(bigEndian: true).AsSpan(0, 6).CopyTo(bytes);
        bytes[6] = (byte)((bytes[6] & 0x0F) | 0x80);
        bytes[8] = (byte)((bytes[8] & 0x3F) | 0x80);
        return new Guid(bytes, bigEndian: true);
    }
}
