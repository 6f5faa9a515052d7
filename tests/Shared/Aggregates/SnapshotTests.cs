using System.Collections.Concurrent;
using System.Diagnostics.Tracing;
using System.Text;
using System.Text.Json;
using System.Text.Json.Nodes;
using EventSourcing.Tests.Projections;

namespace EventSourcing.Tests.Aggregates;

/// <summary>Snapshots save time, and change nothing else, whatever is wrong with them.</summary>
public abstract class SnapshotTests(IStorageSource source) : WalletTests(source)
{
    public static TheoryData<string, string> Flaws => new()
    {
        { "a bit of the checksum", "corrupt" },
        { "a bit of the header", "corrupt" },
        { "a bit of the state", "corrupt" },
        { "cut short", "corrupt" },
        { "empty", "corrupt" },
        { "no header", "corrupt" },
        { "a header without its members", "corrupt" },
        { "a state that the aggregate cannot read", "corrupt" },
        { "a state and something after it", "corrupt" },
        { "version 0", "corrupt" },
        { "another fold", "stale" },
        { "another format", "stale" },
        { "newer than the stream", "ahead" },
        { "another stream", "foreign" },
        { "another history", "foreign" },
        { "another position", "foreign" },
        { "another version", "foreign" },
    };

    [Fact]
    public async Task Load_takes_a_snapshot_when_it_is_due_and_the_next_load_reads_what_came_after()
    {
        var (store, watched) = Watched();
        var counts = Count(store);
        var wallet = store.Aggregate<Wallet>("a");
        await PutAsync(store, "a", 4);
        await LoadAsync();
        counts.TakeSnapshots().Should().Equal(new Dictionary<string, long> { ["missing"] = 1 });
        await PutAsync(store, "a", 1);
        await LoadAsync();
        counts.TakeSnapshots().Should().BeEquivalentTo(new Dictionary<string, long> { ["missing"] = 1, ["written"] = 1 });
        await PutAsync(store, "a", 2);
        watched.TakeReads();
        await LoadAsync();
        watched.TakeReads().Should().Equal((4, 3));
        counts.TakeSnapshots().Should().Equal(new Dictionary<string, long> { ["used"] = 1 });
        await PutAsync(store, "a", 3);
        await LoadAsync();
        counts.TakeSnapshots().Should().BeEquivalentTo(new Dictionary<string, long> { ["used"] = 1, ["written"] = 1 });
        watched.TakeReads();
        await LoadAsync();
        watched.TakeReads().Should().Equal((9, 1));

        async Task LoadAsync()
        {
            Seen(await wallet.LoadAsync()).Should().Be(await FoldAsync(Open(), "a"));
            await store.Snapshots().FlushAsync();
        }
    }

    [Fact]
    public async Task Load_an_aggregate_or_decider_of_10000_events_with_a_snapshot_reads_a_handful()
    {
        var (store, watched) = Watched();
        await PutAsync(store, "a", 10_000);
        await PutAsync(store, "b", 10_000);
        var decider = Wallets.Decider(snapshotsEvery: 100);
        await store.Aggregate<Wallet>("a").LoadAsync();
        await store.Decider(decider, "b").LoadAsync();
        await store.Snapshots().FlushAsync();
        await PutAsync(store, "a", 3);
        await PutAsync(store, "b", 3);
        watched.TakeReads();
        var other = Open();
        Seen(await store.Aggregate<Wallet>("a").LoadAsync()).Should().Be(await FoldAsync(other, "a"));
        var loaded = await store.Decider(decider, "b").LoadAsync();
        (loaded.State, loaded.Version).Should().Be(await FoldAsync(other, "b"));
        watched.TakeReads().Should().Equal((9_999, 4), (9_999, 4));
    }

    [Fact]
    public async Task Load_with_a_snapshot_begins_with_what_it_says()
    {
        // Else the tests of flawed ones would pass without any being used.
        var store = await SnapshottedAsync();
        var file = SnapshotFile.Parse((await SnapshotFile.FindAsync(store, "a"))!);
        await SnapshotFile.PutAsync(store, "a", (file with { State = """{"Balance":1000,"Trail":1,"Label":"lie"}""" }).ToBytes());
        await PutAsync(store, "a", 1, value: 1);
        Seen(await store.Aggregate<Wallet>("a").LoadAsync()).State.Should().Be(new WalletState(1001, 31 + 2, "lie"));
    }

    [Theory]
    [MemberData(nameof(Flaws))]
    public async Task Load_with_a_flawed_snapshot_replays_all_and_replaces_it(string flaw, string outcome)
    {
        var store = await SnapshottedAsync();
        var right = await SnapshotFile.FindAsync(store, "a");
        await SnapshotFile.PutAsync(store, "a", Flawed(right!, flaw));
        var counts = Count(store);
        Seen(await store.Aggregate<Wallet>("a").LoadAsync()).Should().Be(await FoldAsync(store, "a"));
        await store.Snapshots().FlushAsync();
        counts.TakeSnapshots().Should().BeEquivalentTo(new Dictionary<string, long> { [outcome] = 1, ["written"] = 1 });
        SnapshotFile.Parse((await SnapshotFile.FindAsync(store, "a"))!).State.Should().Be(SnapshotFile.Parse(right!).State);
        await store.Aggregate<Wallet>("a").LoadAsync();
        counts.TakeSnapshots().Should().Equal(new Dictionary<string, long> { ["used"] = 1 });
    }

    [Fact]
    public async Task Load_as_of_before_a_snapshot_replays_and_leaves_it()
    {
        var store = await SnapshottedAsync(); // at version 7
        var clock = (await store.ReadStreamAsync("wallet-a").FirstAsync()).RecordedAt;
        var before = await SnapshotFile.FindAsync(store, "a");
        var counts = Count(store);
        foreach (var asOf in new[] { AsOf.Version(6), AsOf.Position(5), AsOf.Instant(clock.AddDays(-1)) })
            Seen(await store.Aggregate<Wallet>("a").FindAsync(asOf)).Should().Be(await FoldAsync(store, "a", asOf));
        counts.TakeSnapshots().Should().Equal(new Dictionary<string, long> { ["ahead"] = 3 });
        foreach (var asOf in new[] { AsOf.Version(7), AsOf.Version(100), AsOf.Position(7), AsOf.Instant(clock.AddDays(1)) })
            Seen(await store.Aggregate<Wallet>("a").FindAsync(asOf)).Should().Be(await FoldAsync(store, "a", asOf));
        counts.TakeSnapshots().Should().Equal(new Dictionary<string, long> { ["used"] = 4 });
        await store.Snapshots().FlushAsync();
        (await SnapshotFile.FindAsync(store, "a")).Should().Equal(before);
    }

    [Fact]
    public async Task Update_writes_the_snapshot_of_the_loaded_state_after_the_append_without_waiting_for_it()
    {
        var (store, watched) = Watched();
        await PutAsync(store, "a", 5);
        var written = new List<string>();
        var hold = new TaskCompletionSource();
        watched.AfterAppend = _ => { written.Add("events"); return Task.CompletedTask; };
        watched.BeforeCommit = async _ => { written.Add("snapshot"); await hold.Task; };
        (await store.Aggregate<Wallet>("a").UpdateAsync(w => w.Take(2))).Version.Should().Be(6);
        (await store.Aggregate<Wallet>("a").LoadAsync()).Balance.Should().Be(3);
        hold.SetResult();
        await store.Snapshots().FlushAsync();
        written.Take(2).Should().Equal("events", "snapshot");
        SnapshotFile.Parse((await SnapshotFile.FindAsync(store, "a"))!).Header["version"]!.GetValue<long>().Should().Be(6, "the load after the update saw 6, and took the later one");
    }

    [Fact]
    public async Task Update_that_is_refused_takes_the_snapshot_all_the_same_without_its_events()
    {
        var store = Open();
        await PutAsync(store, "a", 5);
        await FluentActions.Awaiting(() => store.Aggregate<Wallet>("a").UpdateAsync(w => { w.Put(100); w.Take(1000); })).Should().ThrowAsync<InvalidOperationException>();
        await store.Snapshots().FlushAsync();
        SnapshotFile.Parse((await SnapshotFile.FindAsync(store, "a"))!).State.Should().StartWith("{\"Balance\":5,");
        Seen(await store.Aggregate<Wallet>("a").LoadAsync()).Should().Be(await FoldAsync(store, "a"));
    }

    [Fact]
    public async Task Fail_to_read_or_write_snapshots_fails_no_command()
    {
        var (store, watched) = Watched();
        using var log = new Warnings();
        var counts = Count(store);
        await PutAsync(store, "failing", 5);
        watched.BeforeCommit = _ => throw FaultPoints.Failure(outcomeIsUnknown: false);
        Seen(await store.Aggregate<Wallet>("failing").LoadAsync()).Should().Be(await FoldAsync(store, "failing"));
        await store.Snapshots().FlushAsync();
        counts.TakeSnapshots().Should().BeEquivalentTo(new Dictionary<string, long> { ["missing"] = 1, ["failed"] = 1 });
        watched.BeforeLoad = () => throw FaultPoints.Failure(outcomeIsUnknown: false);
        await store.Aggregate<Wallet>("failing").UpdateAsync(w => w.Take(5));
        Seen(await store.Aggregate<Wallet>("failing").LoadAsync()).Should().Be(await FoldAsync(store, "failing"));
        counts.TakeSnapshots().Should().Equal(new Dictionary<string, long> { ["failed"] = 2 });
        log.About("wallet-failing").Should().HaveCount(3).And.AllSatisfy(warning => warning.Should().StartWith("failed").And.Contain("It was to fail here."));
    }

    [Fact]
    public async Task Take_a_snapshot_of_a_state_that_does_not_survive_JSON_writes_none()
    {
        var store = Open();
        using var log = new Warnings();
        var counts = Count(store);
        await store.AppendAsync("forgetful-f", ExpectedVersion.Any, [new CoinPut(1), new CoinPut(2)]);
        (await store.Aggregate<Forgetful>("f").LoadAsync()).Balance.Should().Be(3);
        await store.Snapshots().FlushAsync();
        counts.TakeSnapshots().Should().BeEquivalentTo(new Dictionary<string, long> { ["missing"] = 1, ["unfaithful"] = 1 });
        (await SnapshotFile.FindAsync(store, "f", "forgetful")).Should().BeNull();
        (await store.Aggregate<Forgetful>("f").LoadAsync()).Balance.Should().Be(3);
        log.About("forgetful-f").Should().ContainMatch("unfaithful*");
    }

    [Theory]
    [InlineData(false)]
    [InlineData(true)]
    public async Task Take_a_snapshot_of_a_state_that_JSON_would_write_as_its_base_class_writes_none(bool isNested)
    {
        var store = Open();
        using var log = new Warnings();
        var counts = Count(store);
        var decider = new Decider<Room, int>("room", new Room(0, null), static (_, value) => [new CoinPut(value)], isNested
            ? static (room, e) => room with { Count = room.Count + ((CoinPut)e).Value, Neighbour = new LockedRoom(1, null, "me") }
            : static (room, e) => new LockedRoom(room.Count + ((CoinPut)e).Value, null, "me")) { Snapshots = new SnapshotPolicy(2) { Fingerprint = "1" } };
        for (var i = 0; i < 4; i++) await store.Decider(decider, "r").DecideAsync(1);
        await store.Snapshots().FlushAsync();
        var expected = isNested ? new Room(4, new LockedRoom(1, null, "me")) : new LockedRoom(4, null, "me");
        (await store.Decider(decider, "r").LoadAsync()).State.Should().Be(expected);
        counts.TakeSnapshots().Should().ContainKey("failed").And.NotContainKeys("written", "used");
        (await SnapshotFile.FindAsync(store, "r", "room")).Should().BeNull();
        log.About("room-r").Should().ContainMatch($"*{nameof(LockedRoom)} would come back from a snapshot as *Room*");
    }

    [Fact]
    public async Task Take_a_snapshot_of_a_state_that_cannot_be_written_fails_no_load()
    {
        var store = Open();
        var counts = Count(store);
        await store.AppendAsync("unwritable-u", ExpectedVersion.Any, [new CoinPut(1), new CoinPut(2)]);
        (await store.Aggregate<Unwritable>("u").LoadAsync()).Version.Should().Be(2);
        (await store.Aggregate<Unwritable>("u").UpdateAsync(u => u.Put(1))).Version.Should().Be(3);
        counts.TakeSnapshots().Should().BeEquivalentTo(new Dictionary<string, long> { ["missing"] = 2, ["failed"] = 2 });
    }

    [Fact]
    public async Task Take_a_snapshot_after_a_slow_load_of_few_events()
    {
        var clock = new SteppingClock();
        var (store, watched) = Watched(clock: clock);
        var counts = Count(store);
        await store.AppendAsync("slow-s", ExpectedVersion.Any, [new CoinPut(1), new CoinPut(2)]);
        await LoadAsync();
        counts.TakeSnapshots().Should().Equal(new Dictionary<string, long> { ["missing"] = 1 });
        watched.BeforeRead = _ => { clock.Step(TimeSpan.FromMilliseconds(201)); return Task.CompletedTask; };
        await LoadAsync();
        counts.TakeSnapshots().Should().BeEquivalentTo(new Dictionary<string, long> { ["missing"] = 1, ["written"] = 1 });
        await LoadAsync();
        counts.TakeSnapshots().Should().Equal(new Dictionary<string, long> { ["used"] = 1 }, "a slow load that replays nothing is not made faster by another snapshot");

        async Task LoadAsync()
        {
            await store.Aggregate<Slow>("s").LoadAsync();
            await store.Snapshots().FlushAsync();
        }
    }

    [Fact]
    public async Task Race_of_writers_keeps_the_newest()
    {
        var (late, held) = Watched();
        var early = Open();
        var counts = Count(late);
        await PutAsync(late, "a", 5);
        var hold = new TaskCompletionSource();
        held.BeforeCommit = _ => hold.Task;
        await late.Aggregate<Wallet>("a").LoadAsync();
        await PutAsync(late, "a", 5);
        await early.Aggregate<Wallet>("a").LoadAsync();
        await early.Snapshots().FlushAsync();
        hold.SetResult();
        await late.Snapshots().FlushAsync();
        counts.TakeSnapshots().Should().BeEquivalentTo(new Dictionary<string, long> { ["missing"] = 1, ["dropped"] = 1 });
        SnapshotFile.Parse((await SnapshotFile.FindAsync(late, "a"))!).Header["version"]!.GetValue<long>().Should().Be(10);
    }

    [Fact]
    public async Task Race_with_an_older_one_replaces_it()
    {
        var (store, watched) = Watched();
        var other = Open();
        await PutAsync(store, "a", 5);
        watched.BeforeCommit = async _ =>
        {
            watched.BeforeCommit = _ => Task.CompletedTask;
            await other.Aggregate<Wallet>("a").LoadAsync(); // the same one, and then it grows old
            await other.Snapshots().FlushAsync();
            var file = SnapshotFile.Parse((await SnapshotFile.FindAsync(store, "a"))!);
            await SnapshotFile.PutAsync(store, "a", file.With("version", 3).ToBytes());
        };
        await store.Aggregate<Wallet>("a").LoadAsync();
        await store.Snapshots().FlushAsync();
        SnapshotFile.Parse((await SnapshotFile.FindAsync(store, "a"))!).Header["version"]!.GetValue<long>().Should().Be(5);
    }

    [Fact]
    public async Task Take_more_snapshots_than_can_wait_drops_some_and_delays_nobody()
    {
        var (store, watched) = Watched();
        var counts = Count(store);
        var hold = new TaskCompletionSource();
        watched.BeforeCommit = _ => hold.Task;
        for (var i = 0; i < 80; i++)
        {
            await PutAsync(store, $"{i}", 5);
            (await store.Aggregate<Wallet>($"{i}").LoadAsync()).Balance.Should().Be(5);
        }

        hold.SetResult();
        await store.Snapshots().FlushAsync();
        var outcomes = counts.TakeSnapshots();
        outcomes["missing"].Should().Be(80);
        outcomes["dropped"].Should().BeInRange(80 - 66, 80 - 64);
        (outcomes["written"] + outcomes["dropped"]).Should().Be(80);
    }

    [Fact]
    public async Task Close_the_store_writes_the_snapshots_that_wait()
    {
        var store = Open();
        await PutAsync(store, "a", 5);
        await store.Aggregate<Wallet>("a").LoadAsync();
        await store.DisposeAsync();
        var (next, watched) = Watched();
        watched.TakeReads();
        await next.Aggregate<Wallet>("a").LoadAsync();
        watched.TakeReads().Should().Equal((4, 1));
    }

    [Fact]
    public async Task Open_with_other_event_types_uses_no_snapshot_of_before()
    {
        var store = await SnapshottedAsync();
        var other = Open(types: new EventTypes([.. Wallets.Types.All, EventType.Of<WalletState>("state")]));
        var counts = Count(other);
        Seen(await other.Aggregate<Wallet>("a").LoadAsync()).Should().Be(await FoldAsync(store, "a"));
        await other.Snapshots().FlushAsync();
        counts.TakeSnapshots().Should().BeEquivalentTo(new Dictionary<string, long> { ["stale"] = 1, ["written"] = 1 });
    }

    [Fact]
    public async Task Load_an_aggregate_and_a_decider_of_one_stream_confuses_neither()
    {
        var store = await SnapshottedAsync();
        var decider = Wallets.Decider(snapshotsEvery: 3);
        for (var i = 0; i < 3; i++)
        {
            Seen(await store.Aggregate<Wallet>("a").LoadAsync()).Should().Be(await FoldAsync(store, "a"));
            var loaded = await store.Decider(decider, "a").LoadAsync();
            (loaded.State, loaded.Version).Should().Be(await FoldAsync(store, "a"));
            await store.Snapshots().FlushAsync();
        }
    }

    [Fact]
    public async Task Delete_snapshots_changes_no_result()
    {
        var store = await SnapshottedAsync();
        var decider = Wallets.Decider(snapshotsEvery: 3, category: "purse");
        var counts = Count(store);
        await store.Decider(decider, "a").DecideAsync(5);
        for (var i = 0; i < 5; i++) await store.Decider(decider, "a").DecideAsync(1);
        await store.Snapshots().DeleteAsync<Wallet>();
        await ExpectAsync(wallet: false, purse: true);
        await store.Aggregate<Wallet>("a").LoadAsync();
        await store.Snapshots().DeleteAsync("purse");
        await ExpectAsync(wallet: true, purse: false);
        await store.Decider(decider, "a").LoadAsync();
        await store.Snapshots().DeleteAsync();
        await ExpectAsync(wallet: false, purse: false);
        await store.Snapshots().DeleteAsync();
        Seen(await store.Aggregate<Wallet>("a").LoadAsync()).Should().Be(await FoldAsync(store, "a"));
        (await store.Decider(decider, "a").LoadAsync()).Should().BeEquivalentTo(new { State = new { Balance = 10 }, Version = 6L });

        async Task ExpectAsync(bool wallet, bool purse)
        {
            (await SnapshotFile.FindAsync(store, "a") is not null).Should().Be(wallet);
            (await SnapshotFile.FindAsync(store, "a", "purse") is not null).Should().Be(purse);
        }
    }

    [Fact]
    public void Mark_an_aggregate_that_cannot_have_snapshots_says_what_to_do()
    {
        var store = Open();
        FluentActions.Invoking(() => store.Aggregate<Never>("a")).Should().Throw<InvalidOperationException>().WithMessage("*Snapshots(0)*1 or more*");
    }

    [Fact]
    public async Task Warn_of_a_corrupt_snapshot_in_the_log()
    {
        var store = await SnapshottedAsync("warned");
        using var log = new Warnings();
        await SnapshotFile.PutAsync(store, "warned", [1, 2, 3]);
        await store.Aggregate<Wallet>("warned").LoadAsync();
        log.About("wallet-warned").Should().ContainSingle().Which.Should().StartWith("corrupt");
    }

    /// <summary>A store with a wallet of 7 events and a snapshot at the last, and another wallet before it.</summary>
    private async Task<EventStore> SnapshottedAsync(string id = "a")
    {
        var store = Open();
        await store.AppendAsync($"wallet-{id}", ExpectedVersion.Any, [new CoinPut(5), new WalletLabelled("mine"), new CoinTaken(2), new CoinPut(1), new CoinPut(2), new CoinPut(3), new CoinPut(4)]);
        await store.Aggregate<Wallet>(id).LoadAsync();
        await store.Snapshots().FlushAsync();
        (await SnapshotFile.FindAsync(store, id)).Should().NotBeNull();
        return store;
    }

    private static byte[] Flawed(byte[] document, string flaw)
    {
        var file = SnapshotFile.Parse(document);
        var text = Encoding.UTF8.GetString(document);
        return flaw switch
        {
            "a bit of the checksum" => Flipped(0),
            "a bit of the header" => Flipped(text.IndexOf("\"version\":7", StringComparison.Ordinal) + 10), // 7 becomes 6
            "a bit of the state" => Flipped(document.Length - 3),
            "cut short" => document[..^2],
            "empty" => [],
            "no header" => (file with { Header = [] }).ToBytes()[..34],
            "a header without its members" => (file with { Header = [] }).ToBytes(),
            "a state that the aggregate cannot read" => (file with { State = "[true]" }).ToBytes(),
            "a state and something after it" => (file with { State = file.State + "[]" }).ToBytes(),
            "version 0" => file.With("version", 0).ToBytes(),
            "another fold" => (file.With("fingerprint", "another") with { State = "[9,9,null]" }).ToBytes(),
            "another format" => (file.With("format", 2) with { State = "[9,9,null]" }).ToBytes(),
            "newer than the stream" => (file.With("version", 8) with { State = "[9,9,null]" }).ToBytes(),
            "another stream" => (file.With("stream", "wallet-b") with { State = "[9,9,null]" }).ToBytes(),
            "another history" => (file.With("eventId", Guid.NewGuid().ToString()) with { State = "[9,9,null]" }).ToBytes(),
            "another position" => (file.With("position", 6) with { State = "[9,9,null]" }).ToBytes(),
            "another version" => (file.With("version", 6) with { State = "[9,9,null]" }).ToBytes(),
            _ => throw new ArgumentException(flaw),
        };

        byte[] Flipped(int index)
        {
            var bytes = document.ToArray();
            bytes[index] ^= 1;
            return bytes;
        }
    }

    private sealed class SteppingClock : TimeProvider
    {
        private long _ticks;

        public override long TimestampFrequency => TimeSpan.TicksPerSecond;

        public void Step(TimeSpan step) => _ticks += step.Ticks;

        public override long GetTimestamp() => _ticks;
    }

    /// <summary>The library's warnings, as any listener of the process sees them: those of other tests too.</summary>
    private sealed class Warnings : EventListener
    {
        private readonly ConcurrentQueue<(string Stream, string Text)> _seen = new();

        public List<string> About(string stream) => [.. _seen.Where(warning => warning.Stream == stream).Select(warning => warning.Text)];

        protected override void OnEventSourceCreated(EventSource eventSource)
        {
            if (eventSource.Name == "EventSourcing") EnableEvents(eventSource, EventLevel.Warning);
        }

        protected override void OnEventWritten(EventWrittenEventArgs eventData)
        {
            if (eventData.EventName == "BadSnapshot") _seen.Enqueue(((string)eventData.Payload![1]!, $"{eventData.Payload[0]}: {eventData.Payload[2]}"));
        }
    }

    [Snapshots(2)]
    private sealed class Forgetful : Aggregate, ISnapshotState
    {
        public int Balance { get; private set; }

        public string Fingerprint => "1";

        public void WriteState(Utf8JsonWriter writer, JsonSerializerOptions json) => writer.WriteNumberValue(Balance);

        public void ReadState(ref Utf8JsonReader reader, JsonSerializerOptions json) => Balance = 0;

        protected override void Apply(object @event) => Balance += ((CoinPut)@event).Value;
    }

    [Snapshots(2)]
    private sealed class Unwritable : Aggregate, ISnapshotState
    {
        public string Fingerprint => "1";

        public void Put(int value) => Raise(new CoinPut(value));

        public void WriteState(Utf8JsonWriter writer, JsonSerializerOptions json) => throw new NotSupportedException("No state.");

        public void ReadState(ref Utf8JsonReader reader, JsonSerializerOptions json)
        {
        }

        protected override void Apply(object @event)
        {
        }
    }

    [Snapshots(1000, SlowLoadMilliseconds = 200)]
    private sealed class Slow : Aggregate, ISnapshotState
    {
        public string Fingerprint => "1";

        public void WriteState(Utf8JsonWriter writer, JsonSerializerOptions json) => writer.WriteNullValue();

        public void ReadState(ref Utf8JsonReader reader, JsonSerializerOptions json)
        {
        }

        protected override void Apply(object @event)
        {
        }
    }

    [Snapshots(0)]
    private sealed class Never : Aggregate, ISnapshotState
    {
        public string Fingerprint => "1";

        public void WriteState(Utf8JsonWriter writer, JsonSerializerOptions json)
        {
        }

        public void ReadState(ref Utf8JsonReader reader, JsonSerializerOptions json)
        {
        }

        protected override void Apply(object @event)
        {
        }
    }

    private record Room(int Count, Room? Neighbour);

    private sealed record LockedRoom(int Count, Room? Neighbour, string By) : Room(Count, Neighbour);
}
