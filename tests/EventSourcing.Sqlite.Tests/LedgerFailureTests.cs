using System.Buffers;
using EventSourcing.Sqlite.Tests.ReadModels;

namespace EventSourcing.Sqlite.Tests;

/// <summary>What becomes of the writer's tree and lock where hashing fails, an event is damaged or a trigger was added.</summary>
public sealed class LedgerFailureTests : IDisposable
{
    private const string Suppressing = "BEFORE INSERT ON events BEGIN SELECT raise(IGNORE); END";
    private readonly TemporaryFolder _folder = new();

    public void Dispose() => _folder.Dispose();

    [Fact]
    public async Task Append_whose_hashing_fails_after_the_commit_succeeds_and_disturbs_nobody()
    {
        await using (var storage = new SqliteEventStorage(_folder.Store))
        {
            await storage.AppendAsync(Some.Append("s", 0));
            await storage.AppendAsync(Some.Append("s", 1, Unreadable()));
            await Tree.ExpectWholeAsync(storage);
            await storage.AppendAsync(Some.Append("other", 0));
            await Tree.ExpectWholeAsync(storage);
            await storage.AppendAsync(Some.Append("other", 1, [.. Enumerable.Range(0, 300).Select(_ => Some.Event())])); // completes a tile
            await storage.AppendAsync(Some.Append("s", 2, Unreadable()));
        }

        Some.ExpectFree(_folder.Store);
        await using var reopened = new SqliteEventStorage(_folder.Store);
        (await reopened.GetHeadAsync()).Should().Be(304);
        await Tree.ExpectWholeAsync(reopened);

        // Read once, for its row, and never again.
        static NewEvent Unreadable() => new(Guid.CreateVersion7(), "something", new WatchedMemory(10_000) { Allowed = 1 }.Memory);
    }

    [Theory]
    [InlineData("UPDATE events SET tags = '{' WHERE position = 3")]
    [InlineData("UPDATE events SET recorded = -5 WHERE position = 3")]
    [InlineData("UPDATE events SET version = 0 WHERE position = 3")]
    public async Task Append_to_a_store_with_a_damaged_event_that_the_row_lacks_is_refused_and_frees_the_lock(string damage)
    {
        await using (var storage = new SqliteEventStorage(_folder.Store))
        {
            await storage.AppendAsync(Some.Append("s", 0, [.. Enumerable.Range(0, 5).Select(_ => Some.Event())]));
            using (var foreign = Some.ForeignConnection(_folder.Store)) foreign.RunPast("events_refuse_update", damage);
            for (var i = 0; i < 2; i++)
            {
                await FluentActions.Awaiting(() => storage.AppendAsync(Some.Append("s", ExpectedVersion.Any)).AsTask()).Should().ThrowAsync<StoreCorruptedException>();
                Some.ExpectFree(_folder.Store);
            }
        }

        Some.ExpectFree(_folder.Store);
    }

    [Fact]
    public async Task Close_beside_a_damaged_event_that_the_row_lacks_closes_the_file()
    {
        await using (var storage = new SqliteEventStorage(_folder.Store))
        {
            await storage.AppendAsync(Some.Append("s", 0, [.. Enumerable.Range(0, 5).Select(_ => Some.Event())]));
            using var foreign = Some.ForeignConnection(_folder.Store);
            foreign.RunPast("events_refuse_update", "UPDATE events SET tags = '{' WHERE position = 3");
        }

        Some.ExpectFree(_folder.Store);
    }

    [Fact]
    public async Task Close_after_a_failed_append_stores_the_rest_of_the_tree()
    {
        await using (var storage = new SqliteEventStorage(_folder.Store))
        {
            await storage.AppendAsync(Some.Append("s", 0));
            using (var foreign = Some.ForeignConnection(_folder.Store)) foreign.Run(Some.IndexThatFailsFor("bad"));
            await FluentActions.Awaiting(() => storage.AppendAsync(Some.Append("s", 1, Some.Event(data: "bad"))).AsTask()).Should().ThrowAsync<StorageFailedException>();
        }

        using var closed = Some.ForeignConnection(_folder.Store);
        MerkleFrontier.Parse((byte[])closed.Run("SELECT frontier FROM ledger")!).Size.Should().Be(1);
    }

    [Theory]
    [InlineData("CREATE TRIGGER mine " + Suppressing)]
    [InlineData("CREATE TRIGGER streams " + Suppressing)]
    [InlineData("CREATE TRIGGER events_by_id " + Suppressing)]
    [InlineData("CREATE TRIGGER event_log AFTER INSERT ON events BEGIN UPDATE ledger SET marks = x'00'; END")]
    public async Task Append_after_somebody_has_added_a_trigger_is_refused_by_open_and_new_handles(string trigger)
    {
        await using var open = new SqliteEventStorage(_folder.Store);
        await open.AppendAsync(Some.Append("s", 0));
        using (var foreign = Some.ForeignConnection(_folder.Store)) foreign.Run(trigger);
        await using var opened = new SqliteEventStorage(_folder.Store);
        foreach (var storage in new[] { open, opened })
        {
            await FluentActions.Awaiting(() => storage.AppendAsync(Some.Append("s", ExpectedVersion.Any)).AsTask()).Should().ThrowAsync<StoreCorruptedException>().WithMessage("*has a trigger*somebody has added it*");
            Some.ExpectFree(_folder.Store);
        }

        (await new EventStore(open, new EventTypes()).Ledger.VerifyAsync()).Findings.Should().ContainSingle(finding => finding.Kind == LedgerFindingKind.SchemaChanged);
        using var reader = Some.ForeignConnection(_folder.Store);
        reader.Run("SELECT count(*) FROM events").Should().Be(1L);
    }

    [Theory]
    [InlineData("CREATE TRIGGER mine " + Suppressing)]
    [InlineData("CREATE TEMP TRIGGER mine BEFORE INSERT ON main.events BEGIN SELECT raise(IGNORE); END")]
    [InlineData("CREATE TEMP TABLE Events AS SELECT * FROM events WHERE 0")]
    [InlineData("CREATE TEMP VIEW ledger AS SELECT 1 AS id")]
    [InlineData("DROP INDEX events_by_type")]
    [InlineData("DROP TRIGGER events_refuse_delete; DELETE FROM events")]
    public async Task Append_with_SQL_of_the_apps_own_that_changes_what_is_the_stores_is_refused(string sql)
    {
        await using (var storage = new SqliteEventStorage(_folder.Store))
        {
            await storage.AppendAsync(Some.Append("s", 0));
            await FluentActions.Awaiting(() => storage.AppendAsync(Some.Append("s", 1) with
            {
                ReadModels = (_, _) => ValueTask.FromResult(SomeReadModel.Tables((connection, _) =>
                {
                    connection.Run(sql);
                    return ValueTask.CompletedTask;
                })),
            }).AsTask()).Should().ThrowAsync<InvalidOperationException>().WithMessage("*the store's own*Nothing of the commit was written*");
            (await storage.AppendAsync(Some.Append("s", 1))).Position.Should().Be(2);
        }

        await using var reopened = new SqliteEventStorage(_folder.Store);
        (await reopened.GetHeadAsync()).Should().Be(2);
    }

    [Theory]
    [InlineData("CREATE TABLE app (x); CREATE TABLE app_log (x); CREATE TRIGGER mine AFTER INSERT ON app BEGIN INSERT INTO app_log SELECT count(*) FROM events; END")]
    [InlineData("CREATE VIEW mine AS SELECT * FROM event_log; CREATE TRIGGER mine INSTEAD OF INSERT ON mine BEGIN SELECT 1; END")]
    [InlineData("CREATE INDEX mine ON events (recorded)")]
    public async Task Append_beside_what_is_the_apps_own_is_not_refused(string sql)
    {
        await using var open = new SqliteEventStorage(_folder.Store);
        await open.AppendAsync(Some.Append("s", 0));
        using (var foreign = Some.ForeignConnection(_folder.Store)) foreign.Run(sql);
        await open.AppendAsync(Some.Append("s", 1));
        await using var opened = new SqliteEventStorage(_folder.Store);
        await opened.AppendAsync(Some.Append("s", 2));
        (await new EventStore(opened, new EventTypes()).Ledger.VerifyAsync()).IsSound.Should().BeTrue();
    }

    [Fact]
    public async Task Append_reads_no_byte_of_its_caller_once_it_has_ended()
    {
        await using var one = new SqliteEventStorage(_folder.Store);
        await using var other = new SqliteEventStorage(_folder.Store);
        await one.AppendAsync(Some.Append("s", 0));
        using (var foreign = Some.ForeignConnection(_folder.Store)) foreign.Run(Some.IndexThatFailsFor("bad"));
        var late = 0;
        await Task.WhenAll(Enumerable.Range(0, 8).Select(n => Task.Run(async () =>
        {
            var random = new Random(n);
            for (var i = 0; i < 60; i++)
            {
                var memories = Enumerable.Range(0, random.Next(4) == 0 ? random.Next(300) : random.Next(1, 4)).Select(_ => new WatchedMemory(random.Next(5) == 0 ? 12_000 : random.Next(1, 900))).ToArray();
                var events = memories.Select(memory => new NewEvent(Guid.CreateVersion7(), "something", memory.Memory)).ToList();
                if (random.Next(8) == 0) events.Add(Some.Event(data: "bad"));
                using var cancellation = new CancellationTokenSource();
                if (random.Next(6) == 0) cancellation.CancelAfter(random.Next(0, 4));
                try
                {
                    await (random.Next(2) == 0 ? one : other).AppendAsync(Some.Append($"s-{random.Next(4)}", random.Next(8) == 0 ? 99_999 : ExpectedVersion.Any, [.. events]), cancellation.Token);
                }
                catch (Exception refusal) when (refusal is EventSourcingException or OperationCanceledException)
                {
                }

                foreach (var memory in memories) memory.Allowed = 0;
                await Task.Yield();
                Interlocked.Add(ref late, memories.Sum(memory => memory.Refused));
            }
        })));
        late.Should().Be(0);
        await Tree.ExpectWholeAsync(one);
    }

    /// <summary>Memory that can be read a number of times, and counts who tries once more.</summary>
    private sealed class WatchedMemory(int length) : MemoryManager<byte>
    {
        private readonly byte[] _bytes = new byte[length];
        private volatile int _allowed = int.MaxValue;
        private int _refused;

        public int Allowed
        {
            set => _allowed = value;
        }

        public int Refused => Volatile.Read(ref _refused);

        public override Memory<byte> Memory => CreateMemory(length);

        public override Span<byte> GetSpan()
        {
            if (_allowed == int.MaxValue || Interlocked.Decrement(ref _allowed) >= 0) return _bytes;
            Interlocked.Increment(ref _refused);
            throw new InvalidOperationException("This memory is not to be read any more.");
        }

        public override MemoryHandle Pin(int elementIndex = 0) => throw new NotSupportedException();

        public override void Unpin() => throw new NotSupportedException();

        protected override void Dispose(bool disposing)
        {
        }
    }
}
