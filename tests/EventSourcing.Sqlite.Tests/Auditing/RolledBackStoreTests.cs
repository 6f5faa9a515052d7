using System.Security.Cryptography;

namespace EventSourcing.Sqlite.Tests.Auditing;

/// <summary>Files as backups, lost logs and clumsy hands leave them, held against the checkpoints beside them.</summary>
public sealed class RolledBackStoreTests : IDisposable
{
    private const string Origin = "bank.example/ledger";
    private static readonly EcdsaNoteSigner Signer = new(Origin, ECDsa.Create(ECCurve.NamedCurves.nistP256));
    private readonly TemporaryFolder _folder = new();

    private string Sink => _folder.FileNamed("checkpoints");

    public void Dispose() => _folder.Dispose();

    [Fact]
    public async Task Open_an_older_copy_that_was_put_back_is_refused_and_the_right_file_is_served_again()
    {
        await AppendAsync(20);
        File.Copy(_folder.Store, _folder.FileNamed("backup"));
        await AppendAsync(20);
        File.Move(_folder.Store, _folder.FileNamed("right"));
        File.Move(_folder.FileNamed("backup"), _folder.Store);
        var error = await ExpectRefusalAsync();
        (error.Checkpoint!.Size, error.Head, error.Root).Should().Be((40, 20, null));

        File.Move(_folder.FileNamed("right"), _folder.Store, overwrite: true);
        File.Delete(_folder.Store + "-wal");
        File.Delete(_folder.Store + "-shm");
        await using var store = Open();
        (await store.GetHeadAsync()).Should().Be(40);
    }

    [Fact]
    public async Task Open_a_file_whose_log_was_deleted_is_refused()
    {
        await AppendAsync(3);
        await using (var store = Open())
        {
            await AppendAsync(store, 10);
            await store.Ledger.SignCheckpointAsync();
            await CopyAsync(_folder.Store, _folder.FileNamed("without-log"));
        }

        File.Delete(_folder.Store);
        File.Move(_folder.FileNamed("without-log"), _folder.Store);
        (await ExpectRefusalAsync()).Head.Should().Be(3);
    }

    [Fact]
    public async Task Open_where_the_file_is_gone_is_refused()
    {
        await AppendAsync(3);
        File.Delete(_folder.Store);
        (await ExpectRefusalAsync()).Head.Should().Be(0);
    }

    [Theory]
    [InlineData(20)]
    [InlineData(600)]
    public async Task Open_another_log_of_the_same_length_or_more_is_refused(int events)
    {
        await AppendAsync(20);
        File.Delete(_folder.Store);
        await using (var other = new EventStore(new SqliteEventStorage(_folder.Store), Types)) await AppendAsync(other, events);
        var error = await ExpectRefusalAsync();
        (error.Head, error.Root is null).Should().Be((events, false));
    }

    [Fact]
    public async Task Open_after_a_crash_is_never_refused()
    {
        // What a crash leaves: the file and its log as they stand after any commit, whether or not a checkpoint followed it.
        await using var store = Open();
        for (var i = 0; i < 30; i++)
        {
            await AppendAsync(store, 1 + (i * 13 % 60));
            if (i % 3 == 0) await store.Ledger.SignCheckpointAsync();
            var (crashed, sink) = (_folder.FileNamed($"crashed-{i}"), _folder.FileNamed($"sink-{i}"));
            await CopyAsync(_folder.Store, crashed);
            await CopyAsync(_folder.Store + "-wal", crashed + "-wal");
            File.Copy(Sink, sink);
            await using var after = new EventStore(new SqliteEventStorage(crashed), Types, new EventStoreOptions { Ledger = Options(new FileCheckpointSink(sink)) });
            (await after.GetHeadAsync()).Should().Be(await store.GetHeadAsync());
            await AppendAsync(after, 1);
            await after.Ledger.SignCheckpointAsync();
        }
    }

    [Fact]
    public async Task Sign_over_events_that_this_process_has_only_read_syncs_them_first()
    {
        await using (var store = new EventStore(new SqliteEventStorage(_folder.Store), Types)) await AppendAsync(store, 3);
        File.Exists(_folder.Store + "-wal").Should().BeFalse("the last to close has taken it in");
        await using var reader = Open();
        await reader.GetHeadAsync();
        var log = new FileInfo(_folder.Store + "-wal");
        (log.Exists ? log.Length : 0).Should().Be(0, "reading writes nothing");
        await reader.Ledger.SignCheckpointAsync();
        log.Refresh();
        log.Length.Should().BePositive("a commit that syncs came before the signature");
    }

    [Fact]
    public async Task Sign_after_an_older_event_alone_was_edited_goes_on_and_after_its_tree_was_made_anew_does_not()
    {
        await AppendAsync(300);
        await using var store = Open();
        await AppendAsync(store, 1);
        await store.Ledger.SignCheckpointAsync();
        using (var foreign = Some.ForeignConnection(_folder.Store))
        {
            foreign.RunPast("events_refuse_update", "UPDATE events SET data = CAST('{\"amount\":99}' AS BLOB) WHERE position = 7");
            await AppendAsync(store, 1);
            Checkpoint.Parse((await store.Ledger.SignCheckpointAsync()).Text).Size.Should().Be(302, "what is signed is the tree, and that is as it was");
            await FluentActions.Awaiting(() => store.Ledger.ProveInclusionAsync(7).AsTask()).Should().ThrowAsync<StoreCorruptedException>().WithMessage("*position 7*");
            var leaves = new MerkleHash[256];
            await store.Storage.Ledger.ReadAsync(0, 0, leaves);
            var tiles = new List<MerkleTile>();
            var tree = new MerkleFrontier();
            foreach (var leaf in leaves) tree.Append(leaf, tiles);
            foreign.RunPast("ledger_tiles_refuse_update", $"UPDATE ledger_tiles SET hash = x'{Convert.ToHexString(tiles[0].Hash.Bytes)}' WHERE level = 1 AND number = 0");
        }

        var before = await File.ReadAllBytesAsync(Sink);
        await AppendAsync(store, 1);
        var error = (await FluentActions.Awaiting(() => store.Ledger.SignCheckpointAsync().AsTask()).Should().ThrowAsync<StoreRolledBackException>()).Which;
        (error.Checkpoint!.Size, error.Head).Should().Be((302, 303));
        await FluentActions.Awaiting(() => store.GetHeadAsync()).Should().ThrowAsync<StoreRolledBackException>();
        (await File.ReadAllBytesAsync(Sink)).Should().Equal(before);
        await ExpectRefusalAsync();
    }

    [Fact]
    public async Task Sign_by_two_stores_on_one_file_and_one_sink_keeps_one_history()
    {
        await using var one = Open();
        await using var other = Open();
        await Task.WhenAll(new[] { one, other }.Select(store => Task.Run(async () =>
        {
            for (var i = 0; i < 25; i++)
            {
                await AppendAsync(store, 1);
                await store.Ledger.SignCheckpointAsync();
            }
        })));
        var sizes = (await File.ReadAllTextAsync(Sink)).Split("\u0003\n", StringSplitOptions.RemoveEmptyEntries).Select(record => Checkpoint.Parse(SignedNote.Parse(record[1..]).Text).Size).ToList();
        sizes.Should().BeInAscendingOrder().And.OnlyHaveUniqueItems();
        sizes[^1].Should().Be(50);
    }

    [Fact]
    public async Task Prove_any_event_of_a_file_stands_without_it()
    {
        await AppendAsync(700);
        await using var store = Open();
        for (var position = 1; position <= 700; position += 33)
        {
            var file = (await store.Ledger.ProveInclusionAsync(position)).ToTlogProof().ToString();
            EventDisclosure.Open(TlogProof.Parse(file), Origin, Signer.Verifier).Leaf.Position.Should().Be(position);
        }
    }

    private static EventTypes Types { get; } = new(EventType.Of<Deposited>());

    private static LedgerOptions Options(ICheckpointSink sink) => new() { Origin = Origin, Signers = [Signer], Sink = sink, EveryEvents = null, Interval = null };

    private EventStore Open() => new(new SqliteEventStorage(_folder.Store), Types, new EventStoreOptions { Ledger = Options(new FileCheckpointSink(Sink)) });

    private static Task<AppendResult> AppendAsync(EventStore store, int events) => store.AppendAsync("a", ExpectedVersion.Any, [.. Enumerable.Range(1, events).Select(i => new Deposited(i))]);

    /// <summary>Copies a file that is in use, by another process: closing it here would drop the locks of this one.</summary>
    private static Task CopyAsync(string from, string to) => SystemCommand.RunAsync("cp", from, to);

    private async Task AppendAsync(int events)
    {
        await using var store = Open();
        await AppendAsync(store, events);
        await store.Ledger.SignCheckpointAsync();
    }

    /// <summary>Nothing is served, twice, and neither file is changed.</summary>
    private async Task<StoreRolledBackException> ExpectRefusalAsync()
    {
        var sink = await File.ReadAllBytesAsync(Sink);
        await using var store = Open();
        var calls = new Func<Task>[]
        {
            () => store.GetHeadAsync(), () => AppendAsync(store, 1), async () => await store.ReadLogAsync().GetAsyncEnumerator().MoveNextAsync(),
            () => store.Storage.ReadModels.LoadAsync("m", ["k"]).AsTask(), () => store.Ledger.SignCheckpointAsync().AsTask(), () => store.Storage.WaitForEventsAsync(0).AsTask(),
        };
        foreach (var call in calls.Concat(calls)) await call.Should().ThrowAsync<StoreRolledBackException>();
        var error = (await FluentActions.Awaiting(() => store.GetHeadAsync()).Should().ThrowAsync<StoreRolledBackException>()).Which;
        await using (var storage = new SqliteEventStorage(_folder.Store)) (await storage.GetHeadAsync()).Should().Be(error.Head);
        (await File.ReadAllBytesAsync(Sink)).Should().Equal(sink);
        return error;
    }

    [EventType("deposited")]
    internal sealed record Deposited(int Amount);
}
