using System.Diagnostics;
using System.Security.Cryptography;
using EventSourcing.Sqlite.Tests.ReadModels;
using EventSourcing.Tests.Aggregates;
using EventSourcing.Tests.Projections;

namespace EventSourcing.Sqlite.Tests;

/// <summary>A store that is opened read-only gives all its answers, and of its files no byte changes and none is made.</summary>
public sealed class ReadOnlyTests : IDisposable
{
    private const UnixFileMode AllRead = UnixFileMode.UserRead | UnixFileMode.GroupRead | UnixFileMode.OtherRead;
    private const UnixFileMode AllReadAndEnter = AllRead | UnixFileMode.UserExecute | UnixFileMode.GroupExecute | UnixFileMode.OtherExecute;
    private readonly TemporaryFolder _folder = new();
    private readonly List<Process> _processes = [];

    private static SqliteEventStorageOptions ReadOnly { get; } = new() { ReadOnly = true };

    private string Folder => Path.GetDirectoryName(_folder.Store)!;

    private string Log => _folder.Store + "-wal";

    private string Index => _folder.Store + "-shm";

    public void Dispose()
    {
        foreach (var process in _processes)
        {
            if (!process.HasExited) process.Kill();
            process.WaitForExit();
            process.Dispose();
        }

        if (!OperatingSystem.IsWindows())
            File.SetUnixFileMode(Folder, UnixFileMode.UserRead | UnixFileMode.UserWrite | UnixFileMode.UserExecute);
        _folder.Dispose();
    }

    [Theory]
    [InlineData(false)]
    [InlineData(true)]
    public async Task Open_read_only_a_closed_store_answers_all_and_leaves_the_folder_as_it_is(bool asNobody)
    {
        if (asNobody && OperatingSystem.IsWindows()) return; // its rights are others
        await ReadOnlyWork.MakeAsync(_folder.Store);
        if (asNobody) Forbid();
        var before = Files();

        ExpectAnswers(await WorkAsync(asNobody), events: 23);

        Files().Should().Equal(before);
        before.Keys.Should().Equal("store.db");
    }

    [Theory]
    [InlineData(false)]
    [InlineData(true)]
    public async Task Open_read_only_a_store_that_another_process_has_open_answers_all_and_leaves_its_files_as_they_are(bool asNobody)
    {
        if (asNobody && OperatingSystem.IsWindows()) return;
        await ReadOnlyWork.MakeAsync(_folder.Store);
        var writer = await ServingAsync();
        await writer.TellAsync("append other 7");
        if (asNobody) Forbid();
        var before = Files();

        ExpectAnswers(await WorkAsync(asNobody), events: 30);

        Files().Should().Equal(before);
        before.Keys.Should().Equal("store.db", "store.db-shm", "store.db-wal");
        await writer.TellAsync("append other 1");
    }

    [Theory]
    [InlineData(false)]
    [InlineData(true)]
    public async Task Open_read_only_a_store_whose_process_was_killed_reads_what_the_log_holds_and_leaves_it_there(bool asNobody)
    {
        if (asNobody && OperatingSystem.IsWindows()) return;
        await ReadOnlyWork.MakeAsync(_folder.Store);
        await KillAsync(await ServingAsync(), "append other 7");
        if (asNobody) Forbid();
        var before = Files();

        ExpectAnswers(await WorkAsync(asNobody), events: 30);

        Files().Should().Equal(before);
        before.Should().ContainKey("store.db-wal");
    }

    [Fact]
    public async Task Open_read_only_a_log_without_its_index_is_refused_with_what_to_do_and_not_answered_without_the_log()
    {
        await ReadOnlyWork.MakeAsync(_folder.Store);
        await KillAsync(await ServingAsync(), "append other 7");
        File.Delete(Index);
        var before = Files();

        (await WorkAsync(asNobody: false))
            .Should().AllSatisfy(line => line.Should().MatchRegex(
                "IncompatibleStoreException.*-wal.*without SqliteEventStorageOptions.ReadOnly|^append: StoreReadOnlyException"));

        Files().Should().Equal(before);
        await using var storage = new SqliteEventStorage(_folder.Store);
        (await Some.LogOf(storage)).Should().HaveCount(30);
    }

    [Theory]
    [InlineData("header")]
    [InlineData("zeros")]
    [InlineData("torn header")]
    public async Task Open_read_only_a_log_without_frames_reads_the_file_at_once_and_leaves_it_as_it_is(string what)
    {
        await ReadOnlyWork.MakeAsync(_folder.Store);
        await LeaveLogAsync(what);
        var before = Files();
        before.Keys.Should().Equal("store.db", "store.db-shm", "store.db-wal");

        ExpectAnswers(await WorkAsync(asNobody: false), events: 23);

        Files().Should().Equal(before);
    }

    [Fact]
    public async Task Open_read_only_what_is_not_there_makes_nothing()
    {
        await using var storage = new SqliteEventStorage(_folder.Store, ReadOnly);
        await FluentActions.Awaiting(() => storage.GetHeadAsync().AsTask())
            .Should().ThrowAsync<StorageFailedException>().WithMessage("*no such file*read-only*");
        await FluentActions.Awaiting(() => storage.Ledger.AuditStructureAsync(isWhole: true).AsTask())
            .Should().ThrowAsync<StorageFailedException>();
        Files().Should().BeEmpty();

        await File.WriteAllBytesAsync(_folder.Store, []);
        await FluentActions.Awaiting(() => storage.GetHeadAsync().AsTask())
            .Should().ThrowAsync<IncompatibleStoreException>().WithMessage("*empty*");
        await FluentActions.Awaiting(() => storage.Ledger.AuditStructureAsync(isWhole: true).AsTask())
            .Should().ThrowAsync<IncompatibleStoreException>();
        Directory.GetFiles(Folder).Should().ContainSingle().Which.Should().Be(_folder.Store);
        new FileInfo(_folder.Store).Length.Should().Be(0);
    }

    [Fact]
    public async Task Open_read_only_a_store_of_an_older_schema_is_refused_with_what_upgrades_it_and_leaves_it_as_it_is()
    {
        var today = _folder.FileNamed("today.db");
        await ReadOnlyWork.MakeAsync(today);
        OldStore.MakeVersion1Of(today, _folder.Store);
        File.Delete(today);
        var before = Files();

        (await WorkAsync(asNobody: false))
            .Should().AllSatisfy(line => line.Should().MatchRegex(
                "IncompatibleStoreException.*version 1.*upgrades it|^append: StoreReadOnlyException"));

        Files().Should().Equal(before);
        await using (var storage = new SqliteEventStorage(_folder.Store)) await storage.GetHeadAsync();
        await using var upgraded = new SqliteEventStorage(_folder.Store, ReadOnly);
        (await Some.LogOf(upgraded)).Should().HaveCount(23);
    }

    [Fact]
    public async Task Verify_read_only_a_store_that_was_changed_finds_it_and_leaves_it_as_it_is()
    {
        await ReadOnlyWork.MakeAsync(_folder.Store);
        using (var foreign = Some.ForeignConnection(_folder.Store))
            foreign.RunPast("events_refuse_update", "UPDATE events SET data = x'7b7d' WHERE position = 2");
        var before = Files();

        (await WorkAsync(asNobody: false)).Should().Contain(line => line.StartsWith("verify: not sound", StringComparison.Ordinal));

        Files().Should().Equal(before);
    }

    [Fact]
    public async Task Write_to_a_store_that_was_opened_read_only_is_refused_in_every_way_with_what_to_do()
    {
        await ReadOnlyWork.MakeAsync(_folder.Store);
        var before = Files();
        var options = new EventStoreOptions { Ledger = new LedgerOptions { Origin = "example.com/log" } };
        options = options.WithInlineProjections(new Purses());
        await using (var store = new EventStore(new SqliteEventStorage(_folder.Store, ReadOnly), Wallets.Types, options))
        {
            store.IsReadOnly.Should().BeTrue();
            (Func<Task> Act, string Cannot)[] writes =
            [
                (() => store.AppendAsync("wallet-b", ExpectedVersion.Any, [new CoinPut(1)]), "append events"),
                (() => store.Storage.AppendAsync(Some.Append("b", 0)).AsTask(), "append events"),
                (() => store.Aggregate<Wallet>("a").UpdateAsync(wallet => wallet.Put(1)), "append events"),
                (() => store.Storage.ReadModels.CommitAsync(new() { Creates = [new("m", [])] }).AsTask(), "change read models"),
                (() => store.Storage.Ledger.SyncAsync().AsTask(), "on the disk"),
                (() => store.Ledger.SignCheckpointAsync().AsTask(), "sign a checkpoint"),
                (() => store.ErasePayloadsAsync([1], "asked for"), "erase payloads"),
                (() => store.StartInlineProjectionsAsync(), "run projections"),
                (() => store.StartReactorsAsync(new Idle()), "run reactors"),
                (() => store.Snapshots().DeleteAsync(), "delete snapshots"),
                (() => store.ProjectionAdmin().RebuildDocumentAsync("Purses", "a"), "give orders"),
                (() => Task.FromResult(store.StartProjections(new Purses())), "run projections"),
            ];
            foreach (var (act, cannot) in writes)
                (await act
                    .Should().ThrowAsync<StoreReadOnlyException>(cannot))
                    .WithMessage($"*read-only*{cannot}*Nothing was written*without the option ReadOnly*");
        }

        Files().Should().Equal(before);
    }

    [Fact]
    public async Task Load_from_a_store_that_was_opened_read_only_takes_the_snapshot_and_writes_none()
    {
        await ReadOnlyWork.MakeAsync(_folder.Store);
        await using (var writing = new EventStore(new SqliteEventStorage(_folder.Store), Wallets.Types))
            await writing.AppendAsync(ReadOnlyWork.Stream, 23, [.. Enumerable.Repeat(new CoinPut(1), 20)]);
        var before = Files();
        await using (var store = new EventStore(new SqliteEventStorage(_folder.Store, ReadOnly), Wallets.Types))
        {
            using var counts = new Counts(store);
            (await store.Aggregate<Wallet>("a").LoadAsync())!.Balance.Should().Be(43);
            await store.Snapshots().FlushAsync();
            counts.TakeSnapshots().Should().BeEquivalentTo(new Dictionary<string, long> { ["used"] = 1 });
        }

        Files().Should().Equal(before);
    }

    [Fact]
    public async Task Wait_read_only_sees_what_processes_append_that_come_and_go()
    {
        await ReadOnlyWork.MakeAsync(_folder.Store);
        await using var storage = new SqliteEventStorage(_folder.Store, ReadOnly);
        (await storage.GetHeadAsync()).Should().Be(23);
        var writer = await ServingAsync(open: false);
        for (var round = 0; round < 4; round++)
        {
            var head = await storage.GetHeadAsync();
            var woken = storage.WaitForEventsAsync(head).AsTask();
            await writer.TellAsync("open");
            await writer.TellAsync("append other 2");
            (await woken.WaitAsync(TimeSpan.FromSeconds(30))).Should().BeGreaterThan(head);
            (await Some.LogOf(storage)).Should().HaveCount((int)head + 2);
            await writer.TellAsync("close");
            (await Some.LogOf(storage)).Should().HaveCount((int)head + 2);
        }
    }

    [Fact]
    public async Task Read_read_only_while_a_process_opens_writes_and_closes_sees_whole_logs_alone()
    {
        await ReadOnlyWork.MakeAsync(_folder.Store);
        var writer = await ServingAsync(open: false);
        var writing = Task.Run(async () =>
        {
            for (var i = 0; i < 25; i++)
            {
                await writer.TellAsync("open");
                await writer.TellAsync($"append s-{i} 40");
                await writer.TellAsync("close");
            }
        });
        var last = 0;
        for (var reads = 0; !writing.IsCompleted || reads < 3; reads++)
        {
            // Opened anew each time, the storage does not keep the writer from deleting the log.
            await using var storage = new SqliteEventStorage(_folder.Store, ReadOnly);
            var log = await Some.LogOf(storage);
            log.Select(e => e.Position).Should().Equal(Enumerable.Range(1, log.Count).Select(i => (long)i));
            log.Count.Should().BeGreaterThanOrEqualTo(last);
            last = log.Count;
            (await CountBySqlAsync(storage)).Should().BeGreaterThanOrEqualTo(last);
            (await new EventStore(storage, Wallets.Types).Ledger.VerifyAsync()).Findings.Should().BeEmpty();
        }

        await writing;
        await using var afterwards = new SqliteEventStorage(_folder.Store, ReadOnly);
        (await Some.LogOf(afterwards)).Should().HaveCount(1_023);

        // A query of the app's own is not run again by the storage, since it may have effects: it is refused.
        static async Task<long> CountBySqlAsync(SqliteEventStorage storage)
        {
            while (true)
            {
                try
                {
                    return await storage.ReadSql<long>("SELECT count(*) FROM event_log");
                }
                catch (StorageFailedException refusal) when (refusal.Message.Contains("Run the query again", StringComparison.Ordinal))
                {
                    refusal.OutcomeIsUnknown.Should().BeFalse();
                }
            }
        }
    }

    [Fact]
    public async Task Write_in_a_process_that_has_the_store_open_read_only_too_goes_on()
    {
        await ReadOnlyWork.MakeAsync(_folder.Store);
        var other = await ServingAsync();
        await other.TellAsync("append other 1");
        await using var reading = new SqliteEventStorage(_folder.Store, ReadOnly);
        (await reading.GetHeadAsync()).Should().Be(24);
        (await reading.ReadSql<long>("SELECT count(*) FROM event_log")).Should().Be(24);
        using (var audit = (await reading.Ledger.AuditAsync(0, 5)).Events) audit.Count.Should().Be(5);

        await using (var writing = new SqliteEventStorage(_folder.Store))
        {
            (await writing.GetHeadAsync()).Should().Be(24);
            (await writing.AppendAsync(Some.Append("mine", 0))).Position.Should().Be(25);
            (await reading.GetHeadAsync()).Should().Be(25);
            using var audit = (await reading.Ledger.AuditAsync(5, 5)).Events;
            audit.Count.Should().Be(5);
        }

        await other.TellAsync("append other 1");
        (await reading.GetHeadAsync()).Should().Be(26);
        await using var again = new SqliteEventStorage(_folder.Store);
        (await again.AppendAsync(Some.Append("mine", 1))).Position.Should().Be(27);
        (await Some.LogOf(reading)).Should().HaveCount(27);
    }

    [Fact]
    public async Task Query_read_only_that_a_writer_overtakes_fails_and_is_not_run_twice()
    {
        await ReadOnlyWork.MakeAsync(_folder.Store);
        await using var storage = new SqliteEventStorage(_folder.Store, ReadOnly);
        var writer = await ServingAsync(open: false);
        var runs = 0;
        var query = () => storage.QueryAsync(async (connection, _) =>
        {
            runs++;
            await writer.TellAsync("open");
            await writer.TellAsync("append other 1");
            return connection.Run("SELECT count(*) FROM event_log");
        }).AsTask();

        (await query
            .Should().ThrowAsync<StorageFailedException>().WithMessage("*does not count*again*")).Which.IsTransient.Should().BeTrue();
        runs.Should().Be(1);
        (await storage.ReadSql<long>("SELECT count(*) FROM event_log")).Should().Be(24);
    }

    [Fact]
    public async Task Open_read_only_by_a_path_with_signs_that_mean_something_in_a_URI()
    {
        var path = _folder.FileNamed("a?b#c%20d&é.db");
        if (OperatingSystem.IsWindows()) path = _folder.FileNamed("b#c%20d&é.db");
        await ReadOnlyWork.MakeAsync(path);
        await using var storage = new SqliteEventStorage(path, ReadOnly);
        (await storage.GetHeadAsync()).Should().Be(23);
        (await storage.ReadSql<long>("SELECT count(*) FROM event_log")).Should().Be(23);
        Directory.GetFiles(Folder).Should().Equal(path);
    }

    [Fact]
    public void Make_a_temporary_store_that_is_read_only_is_refused() =>
        FluentActions.Invoking(() => SqliteEventStorage.CreateTemporary(ReadOnly)).Should().Throw<ArgumentException>();

    private static void ExpectAnswers(string[] lines, int events) => lines[..^1].Should().Equal(
        $"head: {events}",
        $"events: {events}",
        "balance: 23",
        "document: 23",
        $"sql: {events}",
        $"wait: {events}",
        "verify: sound",
        "prove: 3");

    private async Task<string[]> WorkAsync(bool asNobody)
    {
        using var worker = WorkerProgram.Start(asNobody ? "read-only-as-nobody" : "read-only", _folder.Store);
        var said = await worker.StandardOutput.ReadToEndAsync();
        await worker.WaitForExitAsync();
        var lines = said.Split('\n', StringSplitOptions.RemoveEmptyEntries);
        lines[^1].Should().StartWith("append: StoreReadOnlyException");
        return lines;
    }

    private async Task<Process> ServingAsync(bool open = true)
    {
        var process = WorkerProgram.Start("serve", _folder.Store);
        _processes.Add(process);
        if (open) await process.TellAsync("open");
        return process;
    }

    private static async Task KillAsync(Process process, string after)
    {
        await process.TellAsync(after);
        process.Kill();
        await process.WaitForExitAsync();
    }

    /// <summary>Leaves a log of which SQLite reads nothing, and an index, as a process can that was killed as it began to write.</summary>
    private async Task LeaveLogAsync(string what)
    {
        var closed = await File.ReadAllBytesAsync(_folder.Store);
        await KillAsync(await ServingAsync(), "append other 7");
        await File.WriteAllBytesAsync(_folder.Store, closed);
        await File.WriteAllBytesAsync(Index, new byte[32 * 1024]);
        var log = await File.ReadAllBytesAsync(Log);
        await File.WriteAllBytesAsync(Log, what switch
        {
            "header" => log[..32],
            "zeros" => new byte[log.Length],
            "torn header" => [.. log[..20], .. new byte[12], .. log[32..]],
            _ => throw new ArgumentOutOfRangeException(nameof(what), what, "There is no such log."),
        });
    }

    /// <summary>Takes the right to write from all but root, who is asked by nobody.</summary>
    private void Forbid()
    {
        if (OperatingSystem.IsWindows()) return;
        foreach (var file in Directory.GetFiles(Folder)) File.SetUnixFileMode(file, AllRead);
        File.SetUnixFileMode(Folder, AllReadAndEnter);
    }

    /// <summary>The hash of each file. Only while this process has the store closed: to close a file drops SQLite's locks.</summary>
    private SortedDictionary<string, string> Files() =>
        new(Directory.GetFiles(Folder).ToDictionary(path => Path.GetFileName(path), HashOf), StringComparer.Ordinal);

    private static string HashOf(string path) => Convert.ToHexString(SHA256.HashData(File.ReadAllBytes(path)));

    private sealed class Idle : Reactor
    {
        public Idle() => On<CoinPut>((_, _, _) => Task.CompletedTask);

        public override StartFrom Start => StartFrom.Beginning;
    }
}
