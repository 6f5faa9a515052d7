using EventSourcing.Tests.Aggregates;

namespace EventSourcing.Tests.Auditing;

public class SigningTests
{
    [Fact]
    public async Task Take_a_checkpoint_is_the_log_as_it_is_and_signs_nothing()
    {
        var sink = new MemorySink();
        await using var store = Ledgers.Open(new InMemoryEventStorage(), Ledgers.OnDemand(sink));
        (await store.Ledger.CheckpointAsync()).ToString().Should().Be(new Checkpoint(Ledgers.Origin, 0, MerkleTree.EmptyRoot).ToString());
        await store.DepositAsync(3);
        var checkpoint = await store.Ledger.CheckpointAsync();
        (checkpoint.Size, checkpoint.Root).Should().Be((3, (await store.Storage.Ledger.GetFrontierAsync()).Root()));
        sink.Sizes.Should().BeEmpty();
        store.Ledger.NewestCheckpoint.Should().BeNull();
    }

    [Fact]
    public async Task Sign_hands_the_sink_a_note_of_the_log_as_it_is()
    {
        var sink = new MemorySink();
        await using var store = Ledgers.Open(new InMemoryEventStorage(), Ledgers.OnDemand(sink));
        await store.DepositAsync(300);
        var note = await store.Ledger.SignCheckpointAsync();
        var checkpoint = Checkpoint.Open(note, Ledgers.Origin, Ledgers.Signer.Verifier);
        (checkpoint.Size, checkpoint.Root).Should().Be((300, (await store.Storage.Ledger.GetFrontierAsync()).Root()));
        sink.Sizes.Should().Equal(300);
        store.Ledger.NewestCheckpoint.Should().BeSameAs(note);
        (await store.Ledger.SignCheckpointAsync()).Should().BeSameAs(note, "the log has not grown");
        await store.DepositAsync(1);
        await store.Ledger.SignCheckpointAsync();
        sink.Sizes.Should().Equal(300, 301);
    }

    [Fact]
    public async Task Sign_without_a_sink_returns_the_note_and_keeps_to_it()
    {
        await using var store = Ledgers.Open(new InMemoryEventStorage(), Ledgers.OnDemand(null));
        await store.DepositAsync(2);
        var note = await store.Ledger.SignCheckpointAsync();
        (await store.Ledger.SignCheckpointAsync()).Should().BeSameAs(note);
        Checkpoint.Open(note, Ledgers.Origin, Ledgers.Signer.Verifier).Size.Should().Be(2);
    }

    [Fact]
    public async Task Sign_without_options_or_a_signer_says_what_is_missing()
    {
        await using var without = Bank.Open();
        await FluentActions.Awaiting(() => without.Ledger.SignCheckpointAsync().AsTask()).Should().ThrowAsync<InvalidOperationException>().WithMessage("*EventStoreOptions.Ledger*");
        await FluentActions.Awaiting(() => without.Ledger.CheckpointAsync().AsTask()).Should().ThrowAsync<InvalidOperationException>().WithMessage("*EventStoreOptions.Ledger*");
        await using var unsigned = Ledgers.Open(new InMemoryEventStorage(), new LedgerOptions { Origin = "a" });
        await FluentActions.Awaiting(() => unsigned.Ledger.SignCheckpointAsync().AsTask()).Should().ThrowAsync<InvalidOperationException>().WithMessage("*LedgerOptions.Signers*");
        FluentActions.Invoking(() => Ledgers.Open(new InMemoryEventStorage(), new LedgerOptions { Origin = "a", Sink = new MemorySink() })).Should().Throw<ArgumentException>().WithMessage("*LedgerOptions.Verifiers*");
        FluentActions.Invoking(() => new LedgerOptions { Origin = "two\nlines" }).Should().Throw<ArgumentException>();
    }

    [Fact]
    public async Task Sign_at_many_sizes_each_follows_from_the_one_before()
    {
        var sink = new MemorySink();
        await using var store = Ledgers.Open(new InMemoryEventStorage(), Ledgers.OnDemand(sink));
        Checkpoint? before = null;
        foreach (var events in new[] { 1, 1, 1, 4, 100, 149, 1, 255, 1, 600 })
        {
            await store.DepositAsync(events);
            var now = Checkpoint.Open(await store.Ledger.SignCheckpointAsync(), Ledgers.Origin, Ledgers.Signer.Verifier);
            if (before is not null) (await store.Ledger.ProveConsistencyAsync(before.Size, now.Size)).Verify(before.Root, now.Root).Should().BeTrue();
            before = now;
        }

        sink.Sizes.Should().Equal(1, 2, 3, 7, 107, 256, 257, 512, 513, 1113);
    }

    [Fact]
    public async Task Sign_what_is_not_what_the_sink_has_is_refused_for_ever_and_serves_nothing_more()
    {
        foreach (var size in new[] { 3, 5, 9 })
        {
            var sink = new MemorySink();
            await using var storage = new InMemoryEventStorage();
            await using var store = Ledgers.Open(storage, Ledgers.OnDemand(sink));
            await store.DepositAsync(5);
            sink.Put(await Ledgers.NoteAsync(size));
            for (var tries = 0; tries < 2; tries++)
            {
                var error = (await FluentActions.Awaiting(() => store.Ledger.SignCheckpointAsync().AsTask()).Should().ThrowAsync<StoreRolledBackException>()).Which;
                (error.Checkpoint!.Size, error.Head, error.Root is null).Should().Be((size, 5, size > 5));
            }

            await FluentActions.Awaiting(() => store.DepositAsync(1)).Should().ThrowAsync<StoreRolledBackException>();
            sink.Sizes.Should().Equal(size);
            (await storage.GetHeadAsync()).Should().Be(5);
        }
    }

    [Fact]
    public async Task Sign_after_the_storage_changed_underneath_is_refused_though_the_sink_knows_nothing()
    {
        await using var storage = new InMemoryEventStorage();
        await using var other = new InMemoryEventStorage();
        await storage.AppendRawAsync("a", "money-deposited", """{"amount":1}""");
        for (var i = 0; i < 4; i++) await other.AppendRawAsync("a", "money-deposited", """{"amount":1}""");
        var switched = new SwitchedStorage(storage);
        await using var store = Ledgers.Open(switched, Ledgers.OnDemand(null));
        await store.Ledger.SignCheckpointAsync();
        switched.Inner = other;
        var error = (await FluentActions.Awaiting(() => store.Ledger.SignCheckpointAsync().AsTask()).Should().ThrowAsync<StoreRolledBackException>()).Which;
        (error.Checkpoint!.Size, error.Head).Should().Be((1, 4));
        switched.Inner = storage;
        await FluentActions.Awaiting(() => store.Ledger.SignCheckpointAsync().AsTask()).Should().ThrowAsync<StoreRolledBackException>("once is enough");
    }

    [Fact]
    public async Task Sign_after_a_sink_failed_that_may_have_handed_the_note_on_keeps_to_what_was_signed()
    {
        await using var storage = new InMemoryEventStorage();
        await using var other = new InMemoryEventStorage();
        for (var i = 0; i < 3; i++) await storage.AppendRawAsync("a", "money-deposited", "{\"amount\":1}");
        for (var i = 0; i < 4; i++) await other.AppendRawAsync("a", "money-deposited", "{\"amount\":2}");
        var posted = new List<SignedNote>();
        var sink = new CallbackCheckpointSink((note, _) =>
        {
            posted.Add(note);
            return posted.Count == 1 ? throw new TimeoutException("no answer, but it has arrived") : ValueTask.CompletedTask;
        });
        var switched = new SwitchedStorage(storage);
        await using var store = Ledgers.Open(switched, Ledgers.OnDemand(sink));
        await FluentActions.Awaiting(() => store.Ledger.SignCheckpointAsync().AsTask()).Should().ThrowAsync<CheckpointSinkException>();
        switched.Inner = other;
        await FluentActions.Awaiting(() => store.Ledger.SignCheckpointAsync().AsTask()).Should().ThrowAsync<StoreRolledBackException>();
        posted.Select(Ledgers.SizeOf).Should().Equal(3);
    }

    [Fact]
    public async Task Sign_by_two_stores_on_one_sink_keeps_one_history()
    {
        var sink = new MemorySink();
        await using var storage = new InMemoryEventStorage();
        await using var one = Ledgers.Open(new WatchedStorage(storage), Ledgers.OnDemand(sink));
        await using var other = Ledgers.Open(new WatchedStorage(storage), Ledgers.OnDemand(sink));
        await Task.WhenAll(new[] { one, other }.Select(store => Task.Run(async () =>
        {
            for (var i = 0; i < 30; i++)
            {
                await store.DepositAsync(1);
                Ledgers.SizeOf(await store.Ledger.SignCheckpointAsync()).Should().BeGreaterThan(i);
            }
        })));
        sink.Sizes.Should().BeInAscendingOrder().And.OnlyHaveUniqueItems();
        sink.Sizes[^1].Should().Be(60);
    }

    [Fact]
    public async Task Sign_when_another_was_faster_holds_the_log_against_what_that_one_signed()
    {
        var sink = new MemorySink();
        await using var store = Ledgers.Open(new InMemoryEventStorage(), Ledgers.OnDemand(sink));
        await store.DepositAsync(5);
        var another = await Ledgers.NoteAsync(4);
        sink.BeforeWrite = () =>
        {
            if (sink.Sizes.Length == 0) sink.Put(another);
            return Task.CompletedTask;
        };
        await FluentActions.Awaiting(() => store.Ledger.SignCheckpointAsync().AsTask()).Should().ThrowAsync<StoreRolledBackException>();
        sink.Sizes.Should().Equal(4);
    }

    [Fact]
    public async Task Sign_to_a_sink_that_lost_what_it_was_given_gives_it_again()
    {
        var notes = new List<SignedNote>();
        var sink = new CallbackCheckpointSink(
            (note, _) =>
            {
                notes.Add(note);
                return ValueTask.CompletedTask;
            },
            _ => ValueTask.FromResult(notes.LastOrDefault()));
        await using var store = Ledgers.Open(new InMemoryEventStorage(), Ledgers.OnDemand(sink));
        await store.DepositAsync(5);
        var note = await store.Ledger.SignCheckpointAsync();
        notes.Clear();
        (await store.Ledger.SignCheckpointAsync()).Should().BeSameAs(note);
        notes.Should().Equal(note);
    }

    /// <summary>A storage whose place another can take, as when a file is put back while it is in use.</summary>
    private sealed class SwitchedStorage(IEventStorage inner) : IEventStorage
    {
        public IEventStorage Inner { get; set; } = inner;

        public EventStorageOptions Options => Inner.Options;

        public IReadModelStorage ReadModels => Inner.ReadModels;

        public ILedgerStorage Ledger => Inner.Ledger;

        public IStorageCatalog Catalog => Inner.Catalog;

        public ValueTask<AppendResult> AppendAsync(AppendRequest request, CancellationToken cancellationToken = default) => Inner.AppendAsync(request, cancellationToken);

        public ValueTask<long> ImportAsync(ImportRequest request, CancellationToken cancellationToken = default) => Inner.ImportAsync(request, cancellationToken);

    public ValueTask<EventPage> ReadStreamAsync(StreamRead read, CancellationToken cancellationToken = default) => Inner.ReadStreamAsync(read, cancellationToken);

        public ValueTask<EventPage> ReadLogAsync(LogRead read, CancellationToken cancellationToken = default) => Inner.ReadLogAsync(read, cancellationToken);

        public ValueTask<long> GetHeadAsync(CancellationToken cancellationToken = default) => Inner.GetHeadAsync(cancellationToken);

        public ValueTask<long> GetPositionAsync(Guid eventId, CancellationToken cancellationToken = default) => Inner.GetPositionAsync(eventId, cancellationToken);

        public ValueTask<string?> GetMovedToAsync(CancellationToken cancellationToken = default) => Inner.GetMovedToAsync(cancellationToken);

        public ValueTask<bool> SetMovedToAsync(string? movedTo, long head, CancellationToken cancellationToken = default) =>
            Inner.SetMovedToAsync(movedTo, head, cancellationToken);

        public ValueTask<long> WaitForEventsAsync(long position, CancellationToken cancellationToken = default) => Inner.WaitForEventsAsync(position, cancellationToken);

        public ValueTask DisposeAsync() => ValueTask.CompletedTask;
    }
}
