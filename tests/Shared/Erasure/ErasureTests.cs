using EventSourcing.Tests.Aggregates;
using EventSourcing.Tests.Projections;

namespace EventSourcing.Tests.Erasure;

/// <summary>What an app sees of an erasure: what is erased, what is recorded of it, and what readers and folds get.</summary>
public abstract class ErasureTests(IStorageSource source) : WalletTests(source)
{
    [Fact]
    public async Task Erase_by_positions_erases_those_and_records_it()
    {
        var store = await FilledAsync();
        var erased = await store.ErasePayloadsAsync([3, 1, 3], "request 17 of „Ann“", by: "privacy@shop.example");
        erased.Positions.Should().Equal(1, 3);
        erased.Streams.Should().BeEquivalentTo("wallet-a", "wallet-b");
        erased.RecordPosition.Should().Be(5);

        var log = await store.ReadLogAsync().ToListAsync();
        log.Select(e => e.Data.GetType().Name).Should().Equal("ErasedEvent", "CoinPut", "ErasedEvent", "CoinPut", "PayloadsErased");
        log[0].Data.Should().Be(new ErasedEvent("wallet-labelled", "wallet-a", 1, 1));
        (log[0].Type, log[0].Tags[0], log[0].Metadata.CorrelationId).Should().Be(("wallet-labelled", "t", "c-1"), "all else stays");
        log[4].Stream.Should().Be(PayloadsErased.StreamName);
        var record = log[4].Data.Should().BeOfType<PayloadsErased>().Subject;
        record.Positions.Should().Equal(1, 3);
        (record.Reason, record.By).Should().Be(("request 17 of „Ann“", "privacy@shop.example"));
    }

    /// <summary>Whoever comes second finds that there is nothing left to erase, and records nothing.</summary>
    [Fact]
    public async Task Erase_the_same_from_10_at_once_erases_and_records_it_once()
    {
        var store = await FilledAsync();
        var other = Open();

        var results = await Task.WhenAll(Enumerable.Range(0, 10).Select(i => Task.Run(() => (i % 2 == 0 ? store : other).ErasePayloadsAsync(i < 5 ? [1L, 3L] : [3L, 4L], "request"))));

        results.SelectMany(result => result.Positions).Should().BeEquivalentTo([1L, 3L, 4L]);
        var records = (await store.ReadStreamAsync(PayloadsErased.StreamName).ToListAsync()).Select(e => (PayloadsErased)e.Data).ToList();
        records.SelectMany(record => record.Positions).Should().BeEquivalentTo([1L, 3L, 4L]);
        results.Count(result => result.RecordPosition > 0).Should().Be(records.Count);
        results.Where(result => result.Positions.Count == 0).Should().OnlyContain(result => result.Streams.Count == 0 && result.RecordPosition == 0);
        (await store.Ledger.VerifyAsync()).Findings.Should().BeEmpty();
    }

    [Fact]
    public async Task Erase_a_stream_erases_all_of_it_and_nothing_else()
    {
        var store = await FilledAsync();
        (await store.ErasePayloadsAsync("wallet-a", "moved away")).Positions.Should().Equal(1, 2);
        (await store.ReadLogAsync().ToListAsync()).Select(e => e.Data is ErasedEvent).Should().Equal(true, true, false, false, false);
        await store.AppendAsync("wallet-a", 2, [new CoinPut(7)]);
        (await store.ReadStreamAsync("wallet-a").ToListAsync()).Select(e => e.Data is ErasedEvent).Should().Equal(true, true, false);
    }

    [Theory]
    [InlineData("-x")]
    [InlineData("-")]
    [InlineData("--")]
    public async Task Erase_a_stream_without_a_category_erases_it(string stream)
    {
        var store = await FilledAsync();
        await store.AppendAsync(stream, 0, [new CoinPut(7)]);

        (await store.ErasePayloadsAsync(stream, "request")).Positions.Should().Equal(5);

        (await store.ReadStreamAsync(stream).ToListAsync()).Should().ContainSingle().Which.Data.Should().BeOfType<ErasedEvent>();
    }

    [Fact]
    public async Task Erase_again_or_what_was_never_there_does_nothing()
    {
        var store = await FilledAsync();
        await store.ErasePayloadsAsync("wallet-a", "once");
        var again = await store.ErasePayloadsAsync("wallet-a", "twice");
        (again.Positions.Count, again.Streams.Count, again.RecordPosition).Should().Be((0, 0, 0));
        again.ToString().Should().Be("erased 0 payloads of 0 streams, recorded at position 0");
        (await store.ErasePayloadsAsync([1, 2], "twice")).Positions.Should().BeEmpty();
        (await store.ErasePayloadsAsync([], "none")).Positions.Should().BeEmpty();
        (await store.ErasePayloadsAsync("wallet-unknown", "none")).Positions.Should().BeEmpty();
        (await store.GetHeadAsync()).Should().Be(5);
        (await store.ErasePayloadsAsync([1, 4], "one more")).Positions.Should().Equal(4);
    }

    [Fact]
    public async Task Erase_what_cannot_be_erased_is_refused_and_erases_nothing()
    {
        var store = await FilledAsync();
        await store.ErasePayloadsAsync([4], "a record");
        (await FluentActions.Awaiting(() => store.ErasePayloadsAsync([1, 6], "r")).Should().ThrowAsync<ErasureRefusedException>().WithMessage("*position 6*no event there, it ends at 5*")).Which.Position.Should().Be(6);
        await FluentActions.Awaiting(() => store.ErasePayloadsAsync([1, 5], "r")).Should().ThrowAsync<ErasureRefusedException>().WithMessage("*position 5*record of erasures*");
        await FluentActions.Awaiting(() => store.ErasePayloadsAsync(PayloadsErased.StreamName, "r")).Should().ThrowAsync<ErasureRefusedException>();
        await FluentActions.Awaiting(() => store.ErasePayloadsAsync([0], "r")).Should().ThrowAsync<ArgumentException>();
        await FluentActions.Awaiting(() => store.ErasePayloadsAsync([1], " ")).Should().ThrowAsync<ArgumentException>();
        await FluentActions.Awaiting(() => store.ErasePayloadsAsync([1], "a\0b")).Should().ThrowAsync<ArgumentException>().WithMessage("*U+0000*");
        await FluentActions.Awaiting(() => store.ErasePayloadsAsync([1], new string('x', 1024 * 1024))).Should().ThrowAsync<ArgumentException>().WithMessage("*too long*");
        (await store.GetHeadAsync()).Should().Be(5);
        (await store.ReadLogAsync().ToListAsync()).Count(e => e.Data is ErasedEvent).Should().Be(1);
    }

    [Fact]
    public async Task Append_a_record_by_hand_is_refused()
    {
        var store = await FilledAsync();
        await FluentActions.Awaiting(() => store.AppendAsync(PayloadsErased.StreamName, ExpectedVersion.Any, [new CoinPut(1)])).Should().ThrowAsync<ArgumentException>().WithMessage("*$erasures*library's own*");
        await FluentActions.Awaiting(() => store.AppendAsync("s", ExpectedVersion.Any, [new PayloadsErased([1], "r", null)])).Should().ThrowAsync<ArgumentException>().WithMessage("*ErasePayloadsAsync*");
        FluentActions.Invoking(() => EventType.Of<CoinPut>(PayloadsErased.TypeName)).Should().Throw<ArgumentException>().WithMessage("*library's own*");
        FluentActions.Invoking(() => EventType.Of<CoinPut>("coin", 1, PayloadsErased.TypeName)).Should().Throw<ArgumentException>();
        FluentActions.Invoking(() => EventType.Of<PayloadsErased>()).Should().Throw<ArgumentException>().WithMessage("*every store knows*");
        (await store.GetHeadAsync()).Should().Be(4);
    }

    [Fact]
    public async Task Erase_removes_the_snapshots_of_the_streams_concerned_and_no_others()
    {
        var store = Open();
        foreach (var id in new[] { "a", "b" })
        {
            await PutAsync(store, id, 6);
            await store.Aggregate<Wallet>(id).LoadAsync();
        }

        await store.Snapshots().FlushAsync();
        (await SnapshotsAsync(store)).Should().OnlyContain(isThere => isThere);
        await store.ErasePayloadsAsync([1], "r");
        (await SnapshotsAsync(store)).Should().Equal(false, true);
        await FluentActions.Awaiting(() => store.Aggregate<Wallet>("a").LoadAsync()).Should().ThrowAsync<ErasedEventException>("the state that the snapshot held is no longer known");
        (await store.Aggregate<Wallet>("b").LoadAsync()).Balance.Should().Be(6);
    }

    [Fact]
    public async Task Erase_while_a_load_is_under_way_keeps_it_from_leaving_a_snapshot()
    {
        var store = Open();
        await PutAsync(store, "a", 6);
        await store.Aggregate<Forgetful>("a").CreateOrUpdateAsync(f => f.Put(1));
        await store.Aggregate<Forgetful>("a").UpdateAsync(f => f.Put(1));
        await store.Snapshots().FlushAsync();
        await store.Aggregate<Forgetful>("a").UpdateAsync(f => f.Put(2));

        // The load has read all there was, and its snapshot is written once the command is through.
        await store.Aggregate<Forgetful>("a").UpdateAsync(async f =>
        {
            f.Put(3);
            await store.ErasePayloadsAsync("forgetful-a", "r");
        });
        await store.Snapshots().FlushAsync();
        var document = (await store.Storage.ReadModels.LoadAsync("$snapshots-forgetful", ["forgetful-a"]))[0]!;
        System.Text.Encoding.UTF8.GetString(document).Should().StartWith("erased ");
        var now = await store.Aggregate<Forgetful>("a").LoadAsync();
        (now.Balance, now.Erased).Should().Be((3, 3));
        await store.Snapshots().FlushAsync();
        (await store.Aggregate<Forgetful>("a").LoadAsync()).Erased.Should().Be(3, "a snapshot of what is left is as good as any");
    }

    /// <summary>The snapshot of a load before the erasure is about to be written, by another process, whatever else happens in between.</summary>
    [Theory]
    [InlineData("the first of its category")]
    [InlineData("another of its category")]
    [InlineData("another of its stream")]
    [InlineData("another version has left one since")]
    [InlineData("all were deleted before")]
    [InlineData("all were deleted after")]
    [InlineData("all were deleted before, and another version has left one since")]
    public async Task Erase_while_another_process_is_about_to_write_a_snapshot_leaves_none_of_the_past(string circumstance)
    {
        var (slow, watched) = Watched();
        var other = Open();
        var newer = Open(types: new EventTypes([.. Wallets.Types.All, EventType.Of<OnlyInNewer>("only-in-newer")]));
        await other.AppendAsync("forgetful-a", 0, [new CoinPut(1), new CoinPut(2)]);
        if (circumstance == "another of its category")
        {
            await other.AppendAsync("forgetful-b", 0, [new CoinPut(1), new CoinPut(2)]);
            await other.Aggregate<Forgetful>("b").LoadAsync();
        }
        else if (circumstance != "the first of its category")
        {
            await other.Aggregate<Forgetful>("a").LoadAsync();
        }

        await other.Snapshots().FlushAsync();
        await other.AppendAsync("forgetful-a", 2, [new CoinPut(3), new CoinPut(4)]);

        var (isHeld, goesOn) = (new TaskCompletionSource(), new TaskCompletionSource());
        watched.BeforeCommit = _ =>
        {
            isHeld.TrySetResult();
            return goesOn.Task;
        };
        (await slow.Aggregate<Forgetful>("a").LoadAsync()).Balance.Should().Be(10);
        await isHeld.Task.WaitAsync(TimeSpan.FromMinutes(1));
        if (circumstance.StartsWith("all were deleted before", StringComparison.Ordinal)) await other.Snapshots().DeleteAsync();
        await other.ErasePayloadsAsync("forgetful-a", "r");
        if (circumstance == "all were deleted after") await other.Snapshots().DeleteAsync();
        if (circumstance.EndsWith("another version has left one since", StringComparison.Ordinal))
        {
            (await newer.Aggregate<Forgetful>("a").LoadAsync()).Erased.Should().Be(4);
            await newer.Snapshots().FlushAsync();
        }

        goesOn.SetResult();
        await slow.Snapshots().FlushAsync();
        foreach (var store in new[] { slow, other, newer })
        {
            var now = await store.Aggregate<Forgetful>("a").LoadAsync();
            (now.Balance, now.Erased).Should().Be((0, 4));
            await store.Snapshots().FlushAsync();
        }

        // Later snapshots are written as ever.
        await slow.AppendAsync("forgetful-a", 4, [new CoinPut(5), new CoinPut(6)]);
        for (var i = 0; i < 3; i++)
        {
            (await slow.Aggregate<Forgetful>("a").LoadAsync()).Balance.Should().Be(11);
            await slow.Snapshots().FlushAsync();
        }

        watched.TakeReads();
        (await slow.Aggregate<Forgetful>("a").LoadAsync()).Balance.Should().Be(11);
        watched.TakeReads().Sum(read => read.Count).Should().Be(1, "it is loaded from a snapshot");
    }

    [Fact]
    public async Task Load_beside_a_changed_list_of_categories_writes_snapshots_all_the_same()
    {
        var store = Open();
        await store.AppendAsync("forgetful-a", 0, [new CoinPut(1), new CoinPut(2)]);
        await store.Aggregate<Forgetful>("a").LoadAsync();
        await store.Snapshots().FlushAsync();
        await store.Storage.ReadModels.CommitAsync(new ReadModelCommit { Changes = [new DocumentChange("$snapshots", "forgetful", new byte[] { 0xFF })] });
        foreach (var process in new[] { store, Open() })
        {
            var version = (await process.AppendAsync("forgetful-a", ExpectedVersion.Any, [new CoinPut(1), new CoinPut(2)])).Version;
            for (var i = 0; i < 2; i++)
            {
                await process.Aggregate<Forgetful>("a").LoadAsync();
                await process.Snapshots().FlushAsync();
            }

            var document = (await store.Storage.ReadModels.LoadAsync("$snapshots-forgetful", ["forgetful-a"]))[0]!;
            System.Text.Encoding.UTF8.GetString(document).Should().Contain(string.Create(System.Globalization.CultureInfo.InvariantCulture, $"\"version\":{version},"));
        }

        (await store.Storage.ReadModels.LoadAsync("$snapshots", ["forgetful"]))[0].Should().Equal("{}"u8.ToArray());
    }

    private sealed record OnlyInNewer;

    [Fact]
    public async Task Load_an_aggregate_or_state_that_says_what_an_erased_event_means_gets_it()
    {
        var store = Open();
        await store.AppendAsync("forgetful-a", 0, [new CoinPut(2), new CoinPut(3), new WalletLabelled("x")]);
        await store.ErasePayloadsAsync([1], "r");
        var loaded = await store.Aggregate<Forgetful>("a").LoadAsync();
        (loaded.Balance, loaded.Erased, loaded.Version).Should().Be((3, 1, 3));
        (await store.Aggregate<Forgetful>("a").HistoryAsync().ToListAsync()).Should().HaveCount(3);
        var decider = Decider.For<Purse, int>("forgetful", static (_, value) => [new CoinPut(value)]);
        (await store.Decider(decider, "a").LoadAsync()).State.Should().Be(new Purse { Balance = 3, Erased = 1 });
    }

    [Fact]
    public async Task Load_an_aggregate_or_state_that_does_not_say_so_stops_there_and_says_what_to_do()
    {
        var store = Open();
        await store.AppendAsync("wallet-a", 0, [new CoinPut(2), new CoinPut(3)]);
        await store.ErasePayloadsAsync([2], "r");
        var refused = (await FluentActions.Awaiting(() => store.Aggregate<Wallet>("a").LoadAsync()).Should().ThrowAsync<ErasedEventException>()).Which;
        (refused.Type, refused.Stream, refused.Version, refused.Position, refused.Handler).Should().Be(("coin-put", "wallet-a", 2, 2, typeof(Wallet)));
        refused.Message.Should().Contain("Apply").And.Contain("ErasedEvent").And.Contain("position 2");
        (await store.Aggregate<Wallet>("a").LoadAsync(AsOf.Version(1))).Balance.Should().Be(2);
        var decider = Decider.For<Strict, int>("wallet", static (_, value) => [new CoinPut(value)]);
        (await FluentActions.Awaiting(() => store.Decider(decider, "a").LoadAsync()).Should().ThrowAsync<ErasedEventException>()).Which.Handler.Should().Be<Strict>();
    }

    [Fact]
    public async Task Load_an_aggregate_or_state_that_does_not_handle_the_type_is_not_disturbed()
    {
        var store = Open();
        await store.AppendAsync("labelled-a", 0, [new WalletLabelled("x"), new CoinPut(3)]);
        await store.ErasePayloadsAsync([2], "r");
        (await store.Aggregate<Labelled>("a").LoadAsync()).Label.Should().Be("x");
        var decider = Decider.For<Label, int>("labelled", static (_, _) => []);
        (await store.Decider(decider, "a").LoadAsync()).State.Text.Should().Be("x");
    }

    [Fact]
    public async Task Project_erased_events_by_a_handler_for_them()
    {
        var store = await FilledAsync();
        await store.ErasePayloadsAsync([2], "r");
        var live = await store.ProjectAsync(new Coins());
        live.Find("a").Should().Be(new CoinCount(0, 1, 0));
        live.Find("b").Should().Be(new CoinCount(4, 0, 0), "labels are not handled, so an erased one would not matter");
        await store.ErasePayloadsAsync([1, 3], "labels");
        (await store.ProjectAsync(new Coins())).Find("b").Should().Be(new CoinCount(4, 0, 0));
    }

    [Fact]
    public async Task Project_erased_events_without_a_handler_for_them_is_a_failure_where_the_type_is_handled()
    {
        var store = await FilledAsync();
        await store.ErasePayloadsAsync([1, 3], "labels");
        (await store.ProjectAsync(new StrictCoins())).Find("a")!.Count.Should().Be(2);
        await store.ErasePayloadsAsync([2], "coins");
        (await FluentActions.Awaiting(() => store.ProjectAsync(new StrictCoins())).Should().ThrowAsync<ProjectionFailedException>()).WithInnerException<ErasedEventException>().Which.Handler.Should().Be<StrictCoins>();
    }

    [Fact]
    public async Task Project_any_event_gets_erased_ones_and_the_records_of_them()
    {
        var store = await FilledAsync();
        await store.ErasePayloadsAsync([1, 2], "r");
        var live = await store.ProjectAsync(new Everything());
        live.Find("all").Should().Be(new CoinCount(0, 2, 1));
    }

    [Fact]
    public async Task Run_projections_and_reactors_over_an_erasure_gives_each_what_it_handles()
    {
        var store = await FilledAsync();
        await using var projections = store.StartProjections(new Coins());
        var erased = await store.ErasePayloadsAsync([2, 4], "r");
        var last = await store.AppendAsync("wallet-c", 0, [new CoinPut(5)]);
        await projections.WaitForAsync(last);
        (await store.ReadModel(new Coins()).FindAsync("c")).Should().Be(new CoinCount(5, 0, 0));
        (await store.ReadModel(new Coins()).FindAsync("a"))!.Count.Should().BeOneOf([0, 2], "it was folded before or after, and erasing does not undo what was folded");
        erased.RecordPosition.Should().Be(5);
    }

    [Fact]
    public async Task Erase_with_inline_projections_keeps_them_level()
    {
        var store = OpenInline(new Records());
        await store.AppendAsync("wallet-a", 0, [new CoinPut(1), new CoinPut(2)]);
        await store.ErasePayloadsAsync([1], "why not");
        (await store.ReadModel(new Records()).FindAsync("1")).Should().Be(new Noted("why not"));
        await store.AppendAsync("wallet-a", 2, [new CoinPut(1)]);
    }

    [Fact]
    public void Start_a_projection_of_erased_events_alone_is_refused()
    {
        var store = Open();
        FluentActions.Invoking(() => store.StartProjections(new ErasedAlone())).Should().Throw<ArgumentException>().WithMessage("*ErasedEvent alone*");
    }

    [Fact]
    public async Task Read_an_erased_event_of_a_type_not_listed_is_what_it_was_before()
    {
        var store = await FilledAsync();
        await store.ErasePayloadsAsync([1], "r");
        var other = Open(types: new EventTypes(EventType.Of<CoinPut>()));
        await FluentActions.Awaiting(() => other.ReadLogAsync().ToListAsync().AsTask()).Should().ThrowAsync<UnknownEventTypeException>();
        var log = await other.ReadLogAsync(new LogReadOptions { UnknownEvents = UnknownEvents.AsRaw }).ToListAsync();
        log.Select(e => e.Data.GetType().Name).Should().Equal("ErasedEvent", "CoinPut", "UnknownEvent", "CoinPut", "PayloadsErased");
    }

    [Fact]
    public async Task Erase_more_positions_than_one_record_can_name_writes_several_in_one_append()
    {
        await using var store = new EventStore(new InMemoryEventStorage(new EventStorageOptions { Limits = new EventStorageLimits { MaxDataBytes = 100 } }), Wallets.Types);
        await store.AppendAsync("wallet-a", 0, [.. Enumerable.Range(0, 200).Select(n => new CoinPut(n))]);
        var erased = await store.ErasePayloadsAsync("wallet-a", "many");
        erased.Positions.Should().Equal(Enumerable.Range(1, 200).Select(p => (long)p));
        var records = await store.ReadStreamAsync(PayloadsErased.StreamName).ToListAsync();
        records.Should().HaveCountGreaterThan(5);
        records.Select(r => r.RecordedAt).Distinct().Should().ContainSingle();
        records.SelectMany(r => ((PayloadsErased)r.Data).Positions).Should().Equal(erased.Positions);
        erased.RecordPosition.Should().Be(records[^1].Position);
    }

    private async Task<EventStore> FilledAsync()
    {
        var store = Open();
        await store.AppendAsync("wallet-a", 0, [new EventData(new WalletLabelled("Ann")) { Tags = ["t"] }, new CoinPut(2)], new EventMetadata { CorrelationId = "c-1" });
        await store.AppendAsync("wallet-b", 0, [new WalletLabelled("Bob"), new CoinPut(4)]);
        return store;
    }

    private static async Task<List<bool>> SnapshotsAsync(EventStore store) =>
        [.. (await store.Storage.ReadModels.LoadAsync("$snapshots-wallet", ["wallet-a", "wallet-b"])).Select(document => document is not null && !document.AsSpan().StartsWith("erased "u8))];
}

/// <summary>Says what an erased event means.</summary>
[Snapshots(2)]
public sealed partial class Forgetful : Aggregate
{
    public int Balance { get; private set; }

    public int Erased { get; private set; }

    public void Put(int value) => Raise(new CoinPut(value));

    private void Apply(CoinPut e) => Balance += e.Value;

    private void Apply(ErasedEvent e) => Erased++;
}

public sealed partial class Labelled : Aggregate
{
    public string Label { get; private set; } = "";

    private void Apply(WalletLabelled e) => Label = e.Label;
}

public sealed partial record Purse : IState<Purse>
{
    public int Balance { get; init; }

    public int Erased { get; init; }

    private Purse Apply(CoinPut e) => this with { Balance = Balance + e.Value };

    private Purse Apply(ErasedEvent e) => this with { Erased = Erased + 1 };
}

public sealed partial record Strict : IState<Strict>
{
    public int Balance { get; init; }

    private Strict Apply(CoinPut e) => this with { Balance = Balance + e.Value };
}

public sealed partial record Label : IState<Label>
{
    public string Text { get; init; } = "";

    private Label Apply(WalletLabelled e) => this with { Text = e.Label };
}

public sealed record CoinCount(int Count, int Erased, int Records);

public sealed record Noted(string Reason);

public sealed partial class Coins : Projection<CoinCount>
{
    private static CoinCount Apply(CoinCount? count, CoinPut e) => (count ?? new CoinCount(0, 0, 0)) with { Count = (count?.Count ?? 0) + e.Value };

    private static CoinCount Apply(CoinCount? count, ErasedEvent e) => (count ?? new CoinCount(0, 0, 0)) with { Erased = (count?.Erased ?? 0) + 1 };
}

public sealed partial class StrictCoins : Projection<CoinCount>
{
    private static CoinCount Apply(CoinCount? count, CoinPut e) => (count ?? new CoinCount(0, 0, 0)) with { Count = (count?.Count ?? 0) + e.Value };
}

public sealed class Everything : Projection<CoinCount>
{
    public Everything() =>
        OnAny(_ => ["all"], (count, _, e) =>
        {
            count ??= new CoinCount(0, 0, 0);
            return e.Data switch { ErasedEvent => count with { Erased = count.Erased + 1 }, PayloadsErased => count with { Records = count.Records + 1 }, _ => count };
        });
}

public sealed class Records : Projection<Noted>
{
    public Records() => On<PayloadsErased>((e, recorded) => recorded.Version.ToString(System.Globalization.CultureInfo.InvariantCulture), (_, e, _) => new Noted(e.Reason));
}

public sealed class ErasedAlone : Projection<Noted>
{
    public ErasedAlone() => On<ErasedEvent>((_, _) => new Noted(""));
}
