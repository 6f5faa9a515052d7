using System.Text;
using EventSourcing.Tests.Testing;

namespace EventSourcing.Tests.Auditing;

public class LedgerVerifierTests
{
    [Theory]
    [Trait("Speed", "Slow")]
    [InlineData(0)]
    [InlineData(1)]
    [InlineData(256)]
    [InlineData(700)]
    public async Task Verify_a_sound_store_in_memory_finds_nothing(int count)
    {
        await using var storage = new InMemoryEventStorage();
        await AppendAsync(storage, count);
        var checkpoints = new List<Checkpoint>();
        for (var size = 0; size <= count; size++) checkpoints.Add(new Checkpoint("test", size, (await MerkleFrontier.ReadAsync(storage.Ledger, size)).Root()));
        var report = await VerifyAsync(storage, new LedgerVerification { Checkpoints = checkpoints });
        report.Findings.Should().BeEmpty();
        report.Size.Should().Be(count);
        report.Root.Should().Be(checkpoints[^1].Root);
        foreach (var from in checkpoints.Where(checkpoint => checkpoint.Size % 50 == 0)) (await VerifyAsync(storage, new LedgerVerification { From = from, Checkpoints = checkpoints })).Findings.Should().BeEmpty();
    }

    [Fact]
    public async Task Verify_against_checkpoints_that_do_not_agree_names_the_range_after_the_newest_that_does()
    {
        await using var storage = new InMemoryEventStorage();
        await AppendAsync(storage, 700);
        var right = new Checkpoint("test", 300, (await MerkleFrontier.ReadAsync(storage.Ledger, 300)).Root());
        var wrong = MerkleTree.HashLeaf([1]);
        var report = await VerifyAsync(storage, new LedgerVerification { Checkpoints = [new Checkpoint("test", 800, wrong), new Checkpoint("test", 500, wrong), right, new Checkpoint("test", 400, wrong)] });
        report.Findings.Select(finding => (finding.Kind, finding.Position, finding.UpTo)).Should().Equal(
            (LedgerFindingKind.CheckpointMismatch, 301, 400), (LedgerFindingKind.CheckpointMismatch, 301, 500), (LedgerFindingKind.Truncated, 301, 800));
        report.FirstBadPosition.Should().Be(301);
        report.ToString().Split('\n').Should().HaveCount(4).And.HaveElementAt(0, $"not sound: 700 events, root {report.Root}, agrees with a checkpoint of 300, findings 3");
    }

    [Fact]
    public async Task Describe_a_report_says_what_it_rests_on()
    {
        await using var storage = new InMemoryEventStorage();
        await AppendAsync(storage, 3);
        var right = new Checkpoint("test", 3, (await storage.Ledger.GetFrontierAsync()).Root());
        var empty = new Checkpoint("test", 0, MerkleTree.EmptyRoot);
        var wrong = new Checkpoint("test", 2, MerkleTree.HashLeaf([1]));

        (await FirstLineAsync()).Should().Be($"consistent in itself: 3 events, root {right.Root}, compared with no checkpoint");
        (await FirstLineAsync(empty)).Should().Be($"consistent in itself: 3 events, root {right.Root}, compared with checkpoints of 0 events alone");
        (await FirstLineAsync(right, empty)).Should().Be($"sound: 3 events, root {right.Root}, agrees with a checkpoint of 3");
        (await FirstLineAsync(wrong)).Should().Be($"not sound: 3 events, root {right.Root}, agrees with none of the 1 checkpoints that it was compared with, findings 1");

        async Task<string> FirstLineAsync(params Checkpoint[] checkpoints) => (await VerifyAsync(storage, new LedgerVerification { Checkpoints = checkpoints })).ToString().Split('\n')[0];
    }

    [Theory]
    [InlineData("""{"positions":[2,1],"reason":"r"}""")]
    [InlineData("""{"positions":[1],"positions":[2],"reason":"r"}""")]
    public async Task Verify_a_record_of_erasures_that_the_store_would_not_read_says_so(string data)
    {
        await using var storage = new ChangesEvents(e => e.Position == 3 ? e with { Stream = PayloadsErased.StreamName, Type = PayloadsErased.TypeName, Version = 1, Data = System.Text.Encoding.UTF8.GetBytes(data) } : e);
        await AppendAsync(storage, 4);

        (await VerifyAsync(storage)).Findings.Should().Contain(finding => finding.Kind == LedgerFindingKind.EventUnreadable && finding.Position == 3 && finding.Description.Contains("no such record"));
    }

    [Fact]
    public async Task Verify_events_that_a_storage_leaves_out_or_changes_says_which()
    {
        await using var storage = new ChangesEvents(e => e.Position is >= 20 and <= 22 ? null : e.Position == 30 ? e with { Version = 5 } : e.Position == 40 ? e with { RecordedAt = DateTimeOffset.UnixEpoch } : e);
        await AppendAsync(storage, 300);
        var report = await VerifyAsync(storage);
        report.Findings.Select(finding => (finding.Kind, finding.Position, finding.UpTo)).Should().BeEquivalentTo(
        [
            (LedgerFindingKind.EventMissing, 20L, 22L), (LedgerFindingKind.VersionOutOfOrder, 23, 23), (LedgerFindingKind.VersionOutOfOrder, 30, 30),
            (LedgerFindingKind.VersionOutOfOrder, 31, 31), (LedgerFindingKind.TimeOutOfOrder, 40, 40),
        ]);
        report.Size.Should().Be(300);
    }

    [Fact]
    public async Task Verify_a_change_that_only_the_tree_tells_names_the_tile_and_goes_on()
    {
        await using var storage = new ChangesEvents(e => e.Position == 30 ? e with { Metadata = new byte[] { 1 } } : e);
        await AppendAsync(storage, 700);
        var report = await VerifyAsync(storage);
        report.Findings.Select(finding => (finding.Kind, finding.Position, finding.UpTo)).Should().Equal((LedgerFindingKind.TreeMismatch, 1, 256));
        var checkpoint = new Checkpoint("test", 600, (await MerkleFrontier.ReadAsync(storage.Ledger, 600)).Root());
        (await VerifyAsync(storage, new LedgerVerification { Checkpoints = [checkpoint] })).Findings.Select(finding => (finding.Kind, finding.Position, finding.UpTo)).Should().Equal(
            (LedgerFindingKind.TreeMismatch, 1, 256), (LedgerFindingKind.CheckpointMismatch, 1, 600));
    }

    [Theory]
    [InlineData(0)]
    [InlineData(1)]
    public async Task Check_versions_of_more_streams_than_are_kept_finds_only_what_is_wrong(int wrong)
    {
        await using var storage = new InMemoryEventStorage();
        for (var round = 0; round < 2; round++)
            await storage.AppendAsync(new AppendRequest([.. Enumerable.Range(0, 100).Select(n => new StreamWrite($"s{n}", ExpectedVersion.Any, [Event()]))]));
        var findings = new FindingList();
        var versions = new StreamVersions(storage, findings, maxOfGeneration: 20);

        using var log = await storage.ReadLogAsync(new LogRead { Limit = 200 });
        foreach (var e in log.Events) versions.Check(e.Position == 150 ? e with { Version = e.Version + wrong } : e, isTrusted: false);
        await versions.AskAsync(CancellationToken.None);

        findings.Count.Should().Be(wrong, "the store is asked for what is no longer kept");
    }

    [Fact]
    public async Task Verify_while_a_payload_is_erased_that_was_read_already_finds_nothing()
    {
        await using var store = new EventStore(new InMemoryEventStorage(), new EventTypes());
        for (var i = 0; i < 2; i++) await store.Storage.AppendAsync(new AppendRequest([new StreamWrite("s", ExpectedVersion.Any, [.. Enumerable.Range(0, 10_000).Select(_ => Event())])]));
        var report = await store.Ledger.VerifyAsync(new LedgerVerification { Progress = new Once(() => store.ErasePayloadsAsync([3], "a test").GetAwaiter().GetResult()) });
        report.Findings.Should().BeEmpty();
        report.Size.Should().Be(20_001);
    }

    [Fact]
    public async Task Verify_in_memory_while_others_append_and_ask_for_the_tree_finds_nothing()
    {
        await using var storage = new InMemoryEventStorage();
        await AppendAsync(storage, 300);
        var others = Task.Run(async () =>
        {
            for (var i = 0; i < 3_000; i++)
            {
                await storage.AppendAsync(new AppendRequest([new StreamWrite("t", ExpectedVersion.Any, [Event()])]));
                await storage.Ledger.GetFrontierAsync();
            }
        });
        do (await VerifyAsync(storage)).Findings.Should().BeEmpty();
        while (!others.IsCompleted);
        await others;
    }

    [Theory]
    [Trait("Speed", "Slow")]
    [InlineData(0)]
    [InlineData(1)]
    [InlineData(20)]
    public async Task Verify_beside_appends_that_outrun_it_ends(int erasures)
    {
        await using var storage = new GrowsBeforeEachPage(erasures);
        await AppendAsync(storage, 10_000);
        var report = await VerifyAsync(storage);
        report.Findings.Should().BeEmpty();
        report.Size.Should().BeInRange(18_193, 60_000);
    }

    private static ValueTask<LedgerReport> VerifyAsync(IEventStorage storage, LedgerVerification? options = null) => new EventStore(storage, new EventTypes()).Ledger.VerifyAsync(options);

    private static async Task AppendAsync(IEventStorage storage, int count)
    {
        if (count > 0) await storage.AppendAsync(new AppendRequest([new StreamWrite("s", 0, [.. Enumerable.Range(0, count).Select(_ => Event())])]));
    }

    private static NewEvent Event() => new(Guid.CreateVersion7(), "something", Encoding.UTF8.GetBytes("{}"));

    private sealed class Once(Action then) : IProgress<LedgerProgress>
    {
        private bool _isDone;

        public void Report(LedgerProgress value)
        {
            if (_isDone) return;
            _isDone = true;
            then();
        }
    }

    /// <summary>Audits show other events than those that were appended.</summary>
    private sealed class ChangesEvents(Func<StoredEvent, StoredEvent?> change) : LedgerFaults.FaultyLedger(new EventStorageOptions())
    {
        public override async ValueTask<LedgerAudit> AuditAsync(long after, int limit = EventPage.DefaultLimit, CancellationToken cancellationToken = default)
        {
            var audit = await base.AuditAsync(after, limit, cancellationToken);
            var page = new EventPage();
            foreach (var e in audit.Events.Events.ToArray())
            {
                if (change(e) is { } changed) page.Add(changed);
            }

            page.Complete(audit.Events.Next, audit.Events.IsEnd, audit.Events.Head);
            return audit with { Events = page };
        }
    }

    /// <summary>Each page finds the log longer by more than it takes, and some from the second on an event erased that the one before has not shown.</summary>
    private sealed class GrowsBeforeEachPage(int erasures) : LedgerFaults.FaultyLedger(new EventStorageOptions())
    {
        private int _pages;

        public override async ValueTask<LedgerAudit> AuditAsync(long after, int limit = EventPage.DefaultLimit, CancellationToken cancellationToken = default)
        {
            if (++_pages > 20) throw new InvalidOperationException("The verification goes on and on.");
            var head = await GetHeadAsync(cancellationToken);
            await Inner.AppendAsync(new AppendRequest([new StreamWrite("others", ExpectedVersion.Any, [.. Enumerable.Range(0, limit + 1).Select(_ => Event())])]), cancellationToken);
            if (_pages > 1 && _pages - 2 < erasures) await new EventStore(Inner, new EventTypes()).ErasePayloadsAsync([_pages == 2 ? head : head - 1], "asked for", cancellationToken: cancellationToken);
            return await base.AuditAsync(after, limit, cancellationToken);
        }
    }
}
