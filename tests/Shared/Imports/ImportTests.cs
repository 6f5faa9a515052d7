using EventSourcing.Tests.Aggregates;
using EventSourcing.Tests.Projections;

namespace EventSourcing.Tests.Imports;

/// <summary>What an app sees of an import of events of another system, and of a transfer of a log.</summary>
public abstract class ImportTests(IStorageSource source) : WalletTests(source)
{
    private static readonly DateTimeOffset Old = new(2019, 3, 1, 12, 0, 0, TimeSpan.Zero);

    [Fact]
    public async Task Import_stores_each_event_with_its_own_stamp()
    {
        var store = Open();
        var result = await store.ImportAsync(
        [
            new ImportedEvent("wallet-a", new WalletLabelled("mine"), Old),
            new ImportedEvent("wallet-b", new CoinPut(2), Old.AddDays(1)),
            new ImportedEvent("wallet-a", new EventData(new CoinPut(3)) { Id = Id(1), Tags = ["t"], Metadata = new EventMetadata { CorrelationId = "c" } }, Old.AddDays(2)),
        ]);
        result.Should().Be(new ImportResult(3, 0, 3));
        var log = await store.ReadLogAsync().ToListAsync();
        log.Select(e => (e.Stream, e.Version, e.RecordedAt)).Should().Equal(("wallet-a", 1, Old), ("wallet-b", 1, Old.AddDays(1)), ("wallet-a", 2, Old.AddDays(2)));
        (log[2].Id, log[2].Tags[0], log[2].Metadata.CorrelationId, log[2].Data).Should().Be((Id(1), "t", "c", new CoinPut(3)));

        (await PutAsync(store, "a", 1)).Version.Should().Be(3);
        (await store.GetPositionAsync(Old.AddDays(1))).Should().Be(2);
        (await store.Ledger.VerifyAsync(new LedgerVerification())).IsSound.Should().BeTrue();
    }

    [Fact]
    public async Task Import_many_events_from_an_asynchronous_source_goes_by_batches()
    {
        var (store, watched) = Watched();
        var reports = new List<long>();
        var result = await store.ImportAsync(ManyAsync(5_000), new Told(reports));
        result.Should().Be(new ImportResult(5_000, 0, 5_000));
        reports.Should().Equal(2_000, 4_000, 5_000);
        (await FoldAsync(store, "7")).Version.Should().Be(100);
        (await FoldAsync(store, "late-1")).Version.Should().Be(35, "its first event is far from the beginning of its batch");
        (await store.ReadLogAsync(new LogReadOptions { Filter = EventQuery.WithTags("n700") }).Select(e => e.Position).ToListAsync())
            .Should().Equal(Enumerable.Range(1, 7).Select(n => n * 700L + 1));
        (await store.Ledger.VerifyAsync(new LedgerVerification())).IsSound.Should().BeTrue();
        watched.Imports.Should().Be(3);
    }

    [Fact]
    public async Task Import_again_after_an_interruption_goes_on_where_it_stopped()
    {
        var store = Open();
        var failing = () => store.ImportAsync(ManyAsync(5_000, failAt: 3_500));
        await failing.Should().ThrowAsync<FormatException>();
        (await store.GetHeadAsync()).Should().Be(2_000, "the batch in which the source failed was not stored");

        (await store.ImportAsync(ManyAsync(5_000))).Should().Be(new ImportResult(3_000, 2_000, 5_000));
        (await store.ImportAsync(ManyAsync(5_000))).Should().Be(new ImportResult(0, 5_000, 5_000));
        (await store.ImportAsync(ManyAsync(5_100))).Should().Be(new ImportResult(100, 5_000, 5_100));
        (await store.ReadLogAsync().Select(e => e.Id).ToListAsync()).Should().Equal(Enumerable.Range(0, 5_100).Select(Id));
    }

    [Fact]
    public async Task Import_again_looks_up_few_ids_and_reads_ahead()
    {
        var (store, watched) = Watched();
        await store.ImportAsync(ManyAsync(5_000));
        var pages = 0;
        watched.BeforeLogRead = read => Task.FromResult(Interlocked.Increment(ref pages));

        (await store.ImportAsync(ManyAsync(5_000))).Should().Be(new ImportResult(0, 5_000, 5_000));

        watched.Lookups.Should().Be(3, "each batch begins with one");
        pages.Should().BeLessThan(40);
    }

    [Fact]
    public async Task Import_again_with_events_of_others_between_finds_each_and_stores_the_rest()
    {
        var store = Open();
        var imported = new List<ImportedEvent>();
        for (var round = 0; round < 5; round++)
        {
            for (var i = 0; i <= 3 * round; i++)
            {
                var n = imported.Count;
                imported.Add(new ImportedEvent("wallet-i", new EventData(new CoinPut(n)) { Id = Id(n) }, await LastStampAsync(store)));
            }

            (await store.ImportAsync(imported)).Position.Should().Be(await store.GetHeadAsync());
            for (var i = 0; i <= 2 * round; i++) await PutAsync(store, "other", 1);
        }

        var head = await store.GetHeadAsync();
        (await store.ImportAsync(imported)).Should().Be(new ImportResult(0, 35, head - 9));
        var rest = new ImportedEvent("wallet-i", new EventData(new CoinPut(35)) { Id = Id(35) }, await LastStampAsync(store));
        (await store.ImportAsync([.. imported, rest])).Should().Be(new ImportResult(1, 35, head + 1));
        var swapped = () => store.ImportAsync([imported[20], imported[21], imported[19]]);
        (await swapped.Should().ThrowAsync<DuplicateEventIdException>()).WithMessage("*the event before it in the import stands*");
        var changed = () => store.ImportAsync([imported[20], imported[21], new ImportedEvent("wallet-i", new EventData(new CoinPut(7)) { Id = Id(22) }, Old)]);
        (await changed.Should().ThrowAsync<DuplicateEventIdException>()).WithMessage("*its data is not the same*");
        (await store.ReadStreamAsync("wallet-i").Select(e => e.Id).ToListAsync()).Should().Equal(Enumerable.Range(0, 36).Select(Id));
        (await store.GetHeadAsync()).Should().Be(head + 1);

        static async Task<DateTimeOffset> LastStampAsync(EventStore store) =>
            (await store.ReadLogAsync(new LogReadOptions { Direction = ReadDirection.Backwards, Limit = 1 }).ToListAsync()) is [var last] ? last.RecordedAt : Old;
    }

    [Fact]
    public async Task Import_again_what_is_stored_otherwise_is_refused_and_stores_nothing()
    {
        var store = Open();
        await store.ImportAsync(ManyAsync(10));
        foreach (var (wrong, part) in new[]
        {
            (new ImportedEvent("wallet-x", new EventData(new CoinPut(0)) { Id = Id(0) }, Old), "stream"),
            (new ImportedEvent("wallet-0", new EventData(new WalletLabelled("x")) { Id = Id(0) }, Old), "stored as"),
            (new ImportedEvent("wallet-0", new EventData(new CoinPut(77)) { Id = Id(0) }, Old), "data"),
        })
        {
            var import = () => store.ImportAsync([wrong]);
            (await import.Should().ThrowAsync<DuplicateEventIdException>()).WithMessage($"*{part}*").And.Position.Should().Be(1);
        }

        var swapped = () => store.ImportAsync([Many(4), Many(3)]);
        (await swapped.Should().ThrowAsync<DuplicateEventIdException>()).WithMessage("*stands at position 5*");
        var late = () => store.ImportAsync([Many(11), Many(3)]);
        await late.Should().ThrowAsync<DuplicateEventIdException>();
        (await store.GetHeadAsync()).Should().Be(10);
    }

    [Fact]
    public async Task Import_what_does_not_fit_is_refused_and_stores_nothing_of_its_batch()
    {
        var store = Open();
        await PutAsync(store, "a", 1);
        await Refused<ImportRefusedException>(new ImportedEvent("wallet-a", new CoinPut(1), Old), "*before that of the event before it*");
        await Refused<ImportRefusedException>(new ImportedEvent("wallet-a", new CoinPut(1), DateTimeOffset.UtcNow.AddDays(1)), "*later than now*");
        await Refused<ArgumentException>(new ImportedEvent(PayloadsErased.StreamName, new CoinPut(1), Old), "*records of erased payloads*");
        await Refused<ArgumentException>(new ImportedEvent("", new CoinPut(1), Old), "*name*");
        await Refused<ArgumentException>(new ImportedEvent("wallet-a", new object(), Old), "*");
        (await store.GetHeadAsync()).Should().Be(1);

        async Task Refused<TException>(ImportedEvent e, string message)
            where TException : Exception
        {
            var import = () => store.ImportAsync([e]);
            await import.Should().ThrowAsync<TException>().WithMessage(message);
        }
    }

    [Fact]
    public async Task Import_nothing_stores_nothing()
    {
        var store = Open();
        (await store.ImportAsync([])).Should().Be(new ImportResult(0, 0, 0));
        (await store.GetHeadAsync()).Should().Be(0);
    }

    [Fact]
    public async Task Transfer_follows_a_log_in_use_and_keeps_its_proofs()
    {
        var from = Open();
        await FillAsync(from);
        await using var to = new InMemoryEventStorage();
        var reports = new List<long>();
        var first = await from.Storage.TransferToAsync(to, new Told(reports));
        first.Should().Be(new LogTransferResult(0, 604, await RootAsync(from.Storage)));
        reports.Should().BeInAscendingOrder().And.EndWith(604);

        await from.ErasePayloadsAsync([2, 300], "asked for");
        await PutAsync(from, "b", 3);
        var second = await from.Storage.TransferToAsync(to);
        second.Should().Be(new LogTransferResult(604, 608, await RootAsync(from.Storage)));
        (await from.Storage.TransferToAsync(to)).Should().Be(second with { After = 608 });

        await using var moved = new EventStore(to, Wallets.Types);
        (await moved.ReadLogAsync().ToListAsync()).Should().BeEquivalentTo(await from.ReadLogAsync().ToListAsync(), o => o.WithStrictOrdering());
        (await moved.Ledger.VerifyAsync(new LedgerVerification())).IsSound.Should().BeTrue();
        (await RootAsync(to)).Should().Be(second.Root);
    }

    [Fact]
    public async Task Transfer_from_a_store_in_memory_and_back_gives_the_same_log()
    {
        await using var from = new EventStore(new InMemoryEventStorage(), Wallets.Types);
        await FillAsync(from);
        var to = Open();
        var there = await from.Storage.TransferToAsync(to.Storage);
        there.Root.Should().Be(await RootAsync(to.Storage)).And.Be(await RootAsync(from.Storage));
        (await to.Ledger.VerifyAsync(new LedgerVerification())).IsSound.Should().BeTrue();

        await using var back = new InMemoryEventStorage();
        (await to.Storage.TransferToAsync(back)).Root.Should().Be(there.Root);
    }

    [Fact]
    public async Task Transfer_that_is_interrupted_goes_on_where_it_stopped()
    {
        var from = Open();
        await FillAsync(from);
        var limits = new EventStorageLimits { MaxEventsPerAppend = 50 };
        await using var to = new InMemoryEventStorage(new EventStorageOptions { Limits = limits });
        using var stop = new CancellationTokenSource();
        var transfer = () => from.Storage.TransferToAsync(to, new Told([], position =>
        {
            if (position >= 150) stop.Cancel();
        }), stop.Token);
        await transfer.Should().ThrowAsync<OperationCanceledException>();
        var head = await to.GetHeadAsync();
        head.Should().BeInRange(150, 603);
        (await from.Storage.TransferToAsync(to)).Should().Be(new LogTransferResult(head, 604, await RootAsync(from.Storage)));
    }

    [Fact]
    public async Task Transfer_reads_the_next_batch_while_the_target_stores_one()
    {
        var from = Open();
        await FillAsync(from);
        var next = new TaskCompletionSource(TaskCreationOptions.RunContinuationsAsynchronously);
        var source = new WatchedStorage(from.Storage)
        {
            BeforeLogRead = read =>
            {
                if (read.After > 0) next.TrySetResult();
                return Task.CompletedTask;
            },
        };
        await using var memory = new InMemoryEventStorage(new EventStorageOptions { Limits = new EventStorageLimits { MaxEventsPerAppend = 50 } });
        var to = new WatchedStorage(memory) { BeforeImport = _ => next.Task.WaitAsync(TimeSpan.FromSeconds(60)) };

        (await source.TransferToAsync(to)).Should().Be(new LogTransferResult(0, 604, await RootAsync(from.Storage)));
    }

    [Fact]
    public async Task Transfer_of_which_a_batch_fails_stores_none_after_it()
    {
        var from = Open();
        await FillAsync(from);
        await using var memory = new InMemoryEventStorage(new EventStorageOptions { Limits = new EventStorageLimits { MaxEventsPerAppend = 50 } });
        var to = new WatchedStorage(memory)
        {
            BeforeImport = import => import.Events[0].Position == 101 ? throw new IOException("The disk is full.") : Task.CompletedTask,
        };
        var reports = new List<long>();

        var transfer = () => from.Storage.TransferToAsync(to, new Told(reports));

        await transfer.Should().ThrowAsync<IOException>().WithMessage("The disk is full.");
        (await memory.GetHeadAsync()).Should().Be(100);
        to.Imports.Should().Be(3);
        reports.Should().Equal(50, 100);
        (await from.Storage.TransferToAsync(memory)).Should().Be(new LogTransferResult(100, 604, await RootAsync(from.Storage)));
    }

    [Fact]
    public async Task Transfer_to_a_store_that_holds_something_else_is_refused_and_changes_nothing()
    {
        var from = Open();
        await FillAsync(from);
        await using var other = new EventStore(new InMemoryEventStorage(), Wallets.Types);
        await PutAsync(other, "a", 3);
        var transfer = () => from.Storage.TransferToAsync(other.Storage);
        var refusal = (await transfer.Should().ThrowAsync<LogMismatchException>()).WithMessage("*the roots of the trees differ*").Which;
        (refusal.Size, refusal.SourceHead).Should().Be((3, 604));
        refusal.SourceRoot.Should().NotBeNull().And.NotBe(refusal.TargetRoot);

        var back = () => other.Storage.TransferToAsync(from.Storage);
        (await back.Should().ThrowAsync<LogMismatchException>()).WithMessage("*which has only 3*").And.SourceRoot.Should().BeNull();
        (await other.GetHeadAsync()).Should().Be(3);
        (await from.GetHeadAsync()).Should().Be(604);
    }

    [Fact]
    public async Task Transfer_an_event_beyond_the_limits_of_the_target_is_refused()
    {
        var from = Open();
        await FillAsync(from);
        await using var to = new InMemoryEventStorage(new EventStorageOptions { Limits = new EventStorageLimits { MaxTagsPerEvent = 1 } });
        var transfer = () => from.Storage.TransferToAsync(to);
        await transfer.Should().ThrowAsync<ArgumentException>().WithMessage("*tags*MaxTagsPerEvent*");
        (await to.GetHeadAsync()).Should().Be(0);
    }

    /// <summary>604 events: some erased, with tags and metadata.</summary>
    private static async Task FillAsync(EventStore store)
    {
        await store.AppendAsync("wallet-a", ExpectedVersion.Any, [new EventData(new WalletLabelled("x")) { Tags = ["t1", "t2"], Metadata = new EventMetadata { CorrelationId = "c" } }]);
        for (var i = 0; i < 6; i++) await PutAsync(store, $"{i % 4}", 100);
        await PutAsync(store, "a", 1);
        await store.ErasePayloadsAsync([1, 257], "asked for");
        await PutAsync(store, "a", 1);
    }

    private static async Task<MerkleHash> RootAsync(IEventStorage storage) => (await storage.Ledger.GetFrontierAsync()).Root();

    private static Guid Id(int n) => new(n, 1, 0x7abc, 0x81, 2, 3, 4, 5, 6, 7, 8);

    /// <summary>Event n of many, in 50 streams, and in further ones from event 1,500 on.</summary>
    private static ImportedEvent Many(int n) => new(
        n >= 1_500 && n % 100 == 1 ? "wallet-late-1" : $"wallet-{n % 50}",
        new EventData(new CoinPut(n)) { Id = Id(n), Tags = n > 0 && n % 700 == 0 ? ["n700"] : [] },
        Old.AddMinutes(n));

    private static async IAsyncEnumerable<ImportedEvent> ManyAsync(int count, int failAt = int.MaxValue)
    {
        for (var i = 0; i < count; i++)
        {
            if (i == failAt) throw new FormatException("The source ends here.");
            if (i % 1_000 == 0) await Task.Yield();
            yield return Many(i);
        }
    }

    /// <summary>Unlike Progress, it is told on the thread that reports.</summary>
    private sealed class Told(List<long> reports, Action<long>? then = null) : IProgress<long>
    {
        public void Report(long value)
        {
            reports.Add(value);
            then?.Invoke(value);
        }
    }
}
