using EventSourcing.Testing;
using EventSourcing.Tests.Aggregates;

namespace EventSourcing.Tests.Auditing;

public class OpeningTests
{
    /// <summary>Every way to ask a store for anything.</summary>
    public static TheoryData<string> Calls => new(Every.Keys);

    private static Dictionary<string, Func<EventStore, Task>> Every { get; } = new()
    {
        ["append"] = store => store.DepositAsync(1),
        ["read a stream"] = store => store.StreamAsync("a"),
        ["read the log"] = store => store.LogAsync(),
        ["version"] = store => store.GetVersionAsync("a"),
        ["head"] = store => store.GetHeadAsync(),
        ["position of an id"] = store => store.GetPositionAsync(Guid.NewGuid()),
        ["position at an instant"] = store => store.GetPositionAsync(ManualClock.Start),
        ["load an aggregate"] = store => store.Aggregate<Account>("a").LoadAsync(),
        ["wait"] = store => store.Storage.WaitForEventsAsync(0).AsTask(),
        ["subscribe"] = async store =>
        {
            await foreach (var _ in store.Subscribe()) return;
        },
        ["query"] = store => store.QueryAsync(EventQuery.All),
        ["read model"] = store => store.ReadModel(new Balances()).FindAsync("a"),
        ["project"] = store => store.ProjectAsync(new Balances()),
        ["load documents"] = store => store.Storage.ReadModels.LoadAsync("m", ["k"]).AsTask(),
        ["query documents"] = store => store.Storage.ReadModels.QueryAsync("m", new DocumentQuery()).AsTask(),
        ["count documents"] = store => store.Storage.ReadModels.CountAsync("m", []).AsTask(),
        ["commit documents"] = store => store.Storage.ReadModels.CommitAsync(new ReadModelCommit()).AsTask(),
        ["checkpoint"] = store => store.Ledger.CheckpointAsync().AsTask(),
        ["sign"] = store => store.Ledger.SignCheckpointAsync().AsTask(),
        ["prove inclusion"] = store => store.Ledger.ProveInclusionAsync(1).AsTask(),
        ["prove consistency"] = store => store.Ledger.ProveConsistencyAsync(1, 1).AsTask(),
        ["frontier"] = store => store.Storage.Ledger.GetFrontierAsync().AsTask(),
        ["hashes"] = store => store.Storage.Ledger.ReadAsync(0, 0, new MerkleHash[1]).AsTask(),
        ["audit"] = store => store.Storage.Ledger.AuditAsync(0).AsTask(),
        ["audit of the structure"] = store => store.Storage.Ledger.AuditStructureAsync(isWhole: false).AsTask(),
        ["list streams"] = store => store.Catalog.ListStreamsAsync().ToListAsync().AsTask(),
        ["list event types"] = store => store.Catalog.ListEventTypesAsync(),
        ["list read models"] = store => store.Catalog.ListReadModelsAsync(),
        ["size"] = store => store.Catalog.GetSizeAsync(),
        ["sync"] = store => store.Storage.Ledger.SyncAsync().AsTask(),
    };

    [Fact]
    public async Task Verify_a_store_that_is_refused_says_against_the_sink_what_became_of_it()
    {
        var sink = new MemorySink();
        await using var storage = await WithAsync(3);
        sink.Put(await Ledgers.NoteAsync(4));
        await using var store = Ledgers.Open(storage, Ledgers.OnDemand(sink));
        await FluentActions.Awaiting(() => store.GetHeadAsync()).Should().ThrowAsync<StoreRolledBackException>();
        var report = await store.Ledger.VerifyAsync();
        (report.Size, report.AgreedUpTo).Should().Be((3, 0));
        report.Findings.Should().ContainSingle().Which.Should().Match<LedgerFinding>(finding => finding.Kind == LedgerFindingKind.Truncated && finding.UpTo == 4);
        await FluentActions.Awaiting(() => store.GetHeadAsync()).Should().ThrowAsync<StoreRolledBackException>("it is still refused");
    }

    [Fact]
    public async Task Verify_compares_with_the_sink_and_says_up_to_where_they_agree()
    {
        var sink = new MemorySink();
        await using var storage = await WithAsync(3);
        await using var store = Ledgers.Open(storage, Ledgers.OnDemand(sink));
        (await store.Ledger.VerifyAsync()).AgreedUpTo.Should().Be(0);
        await store.Ledger.SignCheckpointAsync();
        var report = await store.Ledger.VerifyAsync();
        (report.IsSound, report.AgreedUpTo).Should().Be((true, 3));
        sink.Put(await Ledgers.NoteAsync(2));
        (await store.Ledger.VerifyAsync()).IsSound.Should().BeFalse("the sink has a checkpoint of another log of that name");
    }

    [Theory]
    [MemberData(nameof(Calls))]
    public async Task Any_call_on_a_store_that_is_shorter_than_its_checkpoint_is_refused_and_changes_nothing(string call)
    {
        var sink = new MemorySink();
        await using var storage = await WithAsync(3);
        sink.Put(await Ledgers.NoteAsync(4));
        await using var store = Ledgers.Open(storage, Ledgers.OnDemand(sink));
        for (var tries = 0; tries < 2; tries++)
        {
            var error = (await FluentActions.Awaiting(() => Every[call](store)).Should().ThrowAsync<StoreRolledBackException>()).Which;
            (error.Checkpoint!.Origin, error.Checkpoint.Size, error.Head, error.Root).Should().Be((Ledgers.Origin, 4, 3, null));
            error.Message.Should().Contain("it has 3 events").And.Contain(Ledgers.Origin);
        }

        (await storage.GetHeadAsync()).Should().Be(3);
        sink.Sizes.Should().Equal(4);
    }

    [Theory]
    [MemberData(nameof(Calls))]
    public async Task Any_call_on_a_store_whose_sink_fails_is_refused_until_it_answers(string call)
    {
        var sink = new MemorySink { Failure = new IOException("The network is down.") };
        await using var storage = await WithAsync(3);
        await using var store = Ledgers.Open(storage, Ledgers.OnDemand(sink));
        for (var tries = 0; tries < 2; tries++)
        {
            var error = (await FluentActions.Awaiting(() => Every[call](store)).Should().ThrowAsync<CheckpointSinkException>()).Which;
            error.Message.Should().Contain("The network is down.");
            error.InnerException.Should().BeSameAs(sink.Failure);
        }

        (await storage.GetHeadAsync()).Should().Be(3);
        sink.Failure = null;
        (await store.GetHeadAsync()).Should().Be(3);
    }

    [Fact]
    public async Task Open_a_store_with_other_events_of_the_same_number_or_more_is_refused()
    {
        var sink = new MemorySink();
        await using var mine = await WithAsync(3);
        await using (var store = Ledgers.Open(new WatchedStorage(mine), Ledgers.OnDemand(sink))) await store.Ledger.SignCheckpointAsync();
        foreach (var events in new[] { 3, 300 })
        {
            await using var other = await WithAsync(events);
            await using var store = Ledgers.Open(new WatchedStorage(other), Ledgers.OnDemand(sink));
            var error = (await FluentActions.Awaiting(() => store.GetHeadAsync()).Should().ThrowAsync<StoreRolledBackException>()).Which;
            (error.Checkpoint!.Size, error.Head).Should().Be((3, events));
            error.Root.Should().NotBeNull().And.NotBe(error.Checkpoint!.Root);
            foreach (var root in new[] { error.Root!.Value, error.Checkpoint!.Root }) error.Message.Should().Contain(Convert.ToBase64String(root.Bytes), "checkpoints have it so");
        }
    }

    [Fact]
    public async Task Open_a_store_that_has_grown_since_is_served()
    {
        var sink = new MemorySink();
        await using var storage = await WithAsync(3);
        foreach (var size in new[] { 3, 4, 256, 300, 700 })
        {
            while (await storage.GetHeadAsync() < size) await storage.AppendRawAsync("a", "money-deposited", """{"amount":1}""");
            await using var store = Ledgers.Open(new WatchedStorage(storage), Ledgers.OnDemand(sink));
            (await store.GetHeadAsync()).Should().Be(size);
            await store.Ledger.SignCheckpointAsync();
            await storage.AppendRawAsync("a", "money-deposited", """{"amount":1}""");
        }

        sink.Sizes.Should().Equal(3, 4, 256, 300, 700);
    }

    [Fact]
    public async Task Open_with_a_checkpoint_that_is_not_to_be_believed_is_refused()
    {
        var wrongKey = await Ledgers.NoteAsync(1, Ledgers.Stranger);
        var otherLog = await Ledgers.NoteAsync(1, origin: "another.example/ledger");
        var noCheckpoint = await SignedNote.SignAsync("hello\n", [Ledgers.Signer]);
        foreach (var note in new[] { wrongKey, otherLog, noCheckpoint })
        {
            var sink = new MemorySink();
            sink.Put(note);
            await using var storage = await WithAsync(3);
            await using var store = Ledgers.Open(storage, Ledgers.OnDemand(sink));
            await FluentActions.Awaiting(() => store.LogAsync()).Should().ThrowAsync<CheckpointSinkException>().WithMessage("*cannot be trusted*");
            await FluentActions.Awaiting(() => store.Ledger.SignCheckpointAsync().AsTask()).Should().ThrowAsync<CheckpointSinkException>();
            (await sink.ReadNewestAsync()).Should().BeSameAs(note);
        }
    }

    [Fact]
    public async Task Open_with_the_key_of_before_among_those_trusted_is_served()
    {
        var sink = new MemorySink();
        await using var storage = await WithAsync(3);
        await using (var before = Ledgers.Open(new WatchedStorage(storage), Ledgers.OnDemand(sink) with { Signers = [Ledgers.Stranger] })) await before.Ledger.SignCheckpointAsync();
        await using var store = Ledgers.Open(new WatchedStorage(storage), Ledgers.OnDemand(sink) with { Verifiers = [Ledgers.Stranger.Verifier, Ledgers.Signer.Verifier] });
        (await store.GetHeadAsync()).Should().Be(3);
    }

    [Fact]
    public async Task Open_by_many_calls_at_once_compares_once_and_cancelling_one_leaves_the_others()
    {
        var go = new TaskCompletionSource<SignedNote?>();
        var reads = 0;
        var sink = new CallbackCheckpointSink((_, _) => ValueTask.CompletedTask, async _ =>
        {
            Interlocked.Increment(ref reads);
            return await go.Task;
        });
        await using var storage = await WithAsync(3);
        await using var store = Ledgers.Open(storage, Ledgers.OnDemand(sink));
        using var cancel = new CancellationTokenSource();
        var cancelled = store.GetHeadAsync(cancel.Token);
        var others = Enumerable.Range(0, 10).Select(_ => store.GetHeadAsync()).ToList();
        await cancel.CancelAsync();
        await FluentActions.Awaiting(() => cancelled).Should().ThrowAsync<OperationCanceledException>();
        others.Should().OnlyContain(call => !call.IsCompleted);
        go.SetResult(null);
        (await Task.WhenAll(others)).Should().OnlyContain(head => head == 3);
        reads.Should().Be(1);
    }

    [Theory]
    [Trait("Speed", "Slow")]
    [MemberData(nameof(ContractCase.AllOrSample), MemberType = typeof(ContractCase))]
    public Task Keep_the_contract_behind_the_check_in_a_culture_of_other_dates(ContractCase contractCase) => contractCase.RunInAsync("ar-SA", new Checked());

    private static async Task<InMemoryEventStorage> WithAsync(int events)
    {
        var storage = new InMemoryEventStorage();
        for (var i = 0; i < events; i++) await storage.AppendRawAsync("a", "money-deposited", """{"amount":1}""");
        return storage;
    }

    private sealed class Checked : IEventStorageFixture
    {
        public ValueTask<IEventStorage> CreateAsync(EventStorageOptions options, CancellationToken cancellationToken) =>
            ValueTask.FromResult(Ledgers.Open(new InMemoryEventStorage(options), Ledgers.OnDemand(new MemorySink())).Storage);
    }
}
