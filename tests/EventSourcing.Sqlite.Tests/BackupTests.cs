using System.Collections.Concurrent;
using System.Text;
using EventSourcing.Sqlite.Tests.ReadModels;

namespace EventSourcing.Sqlite.Tests;

/// <summary>A backup is whole and verified, or it is not there.</summary>
public sealed class BackupTests : IDisposable
{
    private readonly TemporaryFolder _folder = new();

    private string Copy => _folder.FileNamed("copies/copy.db");

    private string[] Copies =>
        [.. Directory.GetFiles(Path.GetDirectoryName(Copy)!).Select(path => Path.GetFileName(path)).Order(StringComparer.Ordinal)];

    public BackupTests() => Directory.CreateDirectory(_folder.FileNamed("copies"));

    public void Dispose() => _folder.Dispose();

    [Theory]
    [InlineData(false)]
    [InlineData(true)]
    public async Task Back_up_a_store_gives_its_events_tree_read_models_and_tables_and_says_what_was_proven(bool isReadOnly)
    {
        await using (var store = await FilledAsync(600))
        {
            await store.ReadModels.CommitAsync(
                new() { Creates = [SomeReadModel.Orders], Changes = [SomeReadModel.Order("k", "Bonn", 1, 1, "document")] });
            await store.ReadModels.CommitAsync(SomeReadModel.Tables((connection, _) =>
            {
                connection.Run("CREATE TABLE mine (n INTEGER)");
                connection.Run("INSERT INTO mine VALUES (7)");
                return ValueTask.CompletedTask;
            }));
        }

        var told = new Told();
        await using var storage = new SqliteEventStorage(_folder.Store, new SqliteEventStorageOptions { ReadOnly = isReadOnly });
        var log = await Some.LogOf(storage);

        var backup = await storage.BackupAsync(Copy, progress: told);

        backup
            .Should().BeEquivalentTo(new { Path = Copy, Head = 600L, Bytes = new FileInfo(Copy).Length, Replaced = (string?)null });
        backup.Root.Should().Be((await storage.Ledger.GetFrontierAsync()).Root());
        Copies.Should().Equal("copy.db");
        told.All.Select(at => at.Phase).Should().BeInAscendingOrder().And.Contain([SqliteBackupPhase.Copying, SqliteBackupPhase.Verifying]);
        told.All.Should().OnlyContain(at => at.Done <= at.Total);
        told.All.Last(at => at.Phase == SqliteBackupPhase.Copying).Done.Should().Be(backup.Bytes);
        await using var copy = new SqliteEventStorage(Copy);
        (await Some.LogOf(copy)).Should().Equal(log);
        await Tree.ExpectWholeAsync(copy);
        (await copy.ReadModels.TextOf(SomeReadModel.Orders.Name, "k")).Should().Be("document");
        (await copy.ReadSql<long>("SELECT n FROM mine")).Should().Be(7);
        (await copy.AppendAsync(Some.Append("s-0", ExpectedVersion.Any))).Position.Should().Be(601);
    }

    [Fact]
    public async Task Back_up_while_others_write_gives_the_log_as_of_one_moment_and_keeps_nobody_from_writing()
    {
        await using var storage = await FilledAsync(5_000);
        using var writer = WorkerProgram.Start("append", _folder.Store, "other", "1000000");
        (await writer.StandardOutput.ReadLineAsync()).Should().Be("ready");
        (await writer.StandardOutput.ReadLineAsync()).Should().NotBeEmpty();
        var before = await storage.GetHeadAsync();
        long during = 0;
        var told = new Told(at =>
        {
            if (at.Phase != SqliteBackupPhase.Copying || during != 0) return;
            during = storage.AppendAsync(Some.Append("mine", 0)).AsTask().GetAwaiter().GetResult().Position;
        });

        var backup = await storage.BackupAsync(Copy, progress: told);

        writer.Kill();
        await writer.WaitForExitAsync();
        during.Should().BeGreaterThan(before, "an append returned in the midst of the copying");
        backup.Head.Should().BeInRange(before, await storage.GetHeadAsync());
        await using var copy = new SqliteEventStorage(Copy, new SqliteEventStorageOptions { ReadOnly = true });
        (await Some.LogOf(copy)).Should().Equal((await Some.LogOf(storage)).Take((int)backup.Head));
    }

    [Fact]
    public async Task Back_up_a_store_of_which_payloads_were_erased_and_read_models_dropped_takes_no_bytes_of_them_along()
    {
        await using var storage = await FilledAsync(300, "secret");
        var document = new string('d', 9_000) + "dropped";
        await storage.ReadModels.CommitAsync(
            new() { Creates = [SomeReadModel.Notes], Changes = [new(SomeReadModel.Notes.Name, "k", Encoding.UTF8.GetBytes(document))] });
        await storage.ReadModels.CommitAsync(new() { Drops = [SomeReadModel.Notes.Name] });
        long[] erased = [.. Enumerable.Range(1, 300)];
        var record = new NewEvent(Guid.CreateVersion7(), PayloadsErased.TypeName, new PayloadsErased(erased, "asked for", null).ToBytes());
        var write = new StreamWrite(PayloadsErased.StreamName, ExpectedVersion.Any, [record]);
        await storage.AppendAsync(new AppendRequest([write]) { Erase = erased });

        await storage.BackupAsync(Copy);

        var bytes = Encoding.Latin1.GetString(await File.ReadAllBytesAsync(Copy));
        bytes.Should().NotContain("secret").And.NotContain("dropped");
    }

    [Fact]
    public async Task Change_of_the_newest_event_of_a_backup_of_a_store_in_use_is_found()
    {
        await BackedUpAsync(10);
        using (var foreign = Some.ForeignConnection(Copy))
            foreign.RunPast("events_refuse_update", "UPDATE events SET data = x'7b7d' WHERE position = 10");
        await using var copy = new EventStore(new SqliteEventStorage(Copy, new() { ReadOnly = true }), new EventTypes());
        (await copy.Ledger.VerifyAsync()).Findings.Should().Contain(finding => finding.Position == 10);
    }

    [Fact]
    public async Task Back_up_to_a_file_that_is_there_is_refused_unless_it_is_to_be_replaced()
    {
        await using var storage = await FilledAsync(10);
        await File.WriteAllTextAsync(Copy, "mine");
        await FluentActions.Awaiting(() => storage.BackupAsync(Copy).AsTask())
            .Should().ThrowAsync<BackupFailedException>().WithMessage("*there is a file at this path already*");
        (await File.ReadAllTextAsync(Copy)).Should().Be("mine");

        await File.WriteAllTextAsync(Copy + "-wal", "stale");
        await FluentActions.Awaiting(() => storage.BackupAsync(Copy, overwrite: true).AsTask())
            .Should().ThrowAsync<BackupFailedException>().WithMessage("*-wal*");
        (await File.ReadAllTextAsync(Copy)).Should().Be("mine");
        Copies.Should().Equal("copy.db", "copy.db-wal");

        File.Delete(Copy + "-wal");
        (await storage.BackupAsync(Copy, overwrite: true)).Head.Should().Be(10);
        Copies.Should().Equal("copy.db");
    }

    [Fact]
    public async Task Back_up_where_no_copy_can_be_is_refused_with_what_to_do()
    {
        await using var storage = await FilledAsync(10);
        await FluentActions.Awaiting(() => storage.BackupAsync(_folder.Store).AsTask()).Should().ThrowAsync<ArgumentException>();
        await FluentActions.Awaiting(() => storage.BackupAsync(_folder.FileNamed("missing/copy.db")).AsTask())
            .Should().ThrowAsync<BackupFailedException>().WithMessage("*missing' does not exist. Create it first*");
        await using (new FileStream(Copy + ".incomplete-lock", FileMode.Create, FileAccess.ReadWrite, FileShare.None))
            await FluentActions.Awaiting(() => storage.BackupAsync(Copy).AsTask())
                .Should().ThrowAsync<BackupFailedException>().WithMessage("*another process*");
        (await Some.LogOf(storage)).Should().HaveCount(10);
    }

    [Fact]
    public async Task Back_up_a_store_that_was_changed_is_refused_with_the_finding_and_leaves_no_copy()
    {
        await using (await FilledAsync(10))
        {
        }

        using (var foreign = Some.ForeignConnection(_folder.Store))
            foreign.RunPast("events_refuse_update", "UPDATE events SET data = x'7b7d' WHERE position = 2");
        await using var storage = new SqliteEventStorage(_folder.Store);
        await FluentActions.Awaiting(() => storage.BackupAsync(Copy).AsTask())
            .Should().ThrowAsync<BackupFailedException>().WithMessage("*not sound*position 2*");
        Copies.Should().BeEmpty();
    }

    [Theory]
    [InlineData(SqliteBackupPhase.Copying)]
    [InlineData(SqliteBackupPhase.Verifying)]
    public async Task Cancel_a_backup_in_any_phase_leaves_nothing_and_the_store_usable(SqliteBackupPhase phase)
    {
        await using var storage = await FilledAsync(3_000);
        using var cancellation = new CancellationTokenSource();
        var told = new Told(at =>
        {
            if (at.Phase == phase) cancellation.Cancel();
        });
        await FluentActions.Awaiting(() => storage.BackupAsync(Copy, progress: told, cancellationToken: cancellation.Token).AsTask())
            .Should().ThrowAsync<OperationCanceledException>();
        Copies.Should().BeEmpty();

        var failing = new Told(_ => throw new NotSupportedException("of the app"));
        await FluentActions.Awaiting(() => storage.BackupAsync(Copy, progress: failing).AsTask())
            .Should().ThrowAsync<NotSupportedException>().WithMessage("of the app");
        Copies.Should().BeEmpty();
        (await storage.BackupAsync(Copy)).Head.Should().Be(3_000);
    }

    [Fact]
    public async Task Dispose_of_a_store_ends_the_backup_under_way_and_leaves_nothing()
    {
        var storage = await FilledAsync(3_000);
        Task? disposal = null;
        var told = new Told(_ => disposal ??= Task.Run(async () => await storage.DisposeAsync()));
        var backup = storage.BackupAsync(_folder.FileNamed("copies/copy.db"), progress: told).AsTask();
        await FluentActions.Awaiting(() => backup).Should().ThrowAsync<ObjectDisposedException>();
        await disposal!;
        Copies.Should().BeEmpty();
        File.Exists(_folder.Store + "-wal").Should().BeFalse("nobody has the file open");
    }

    [Fact]
    public async Task Kill_of_a_process_that_makes_a_backup_leaves_a_whole_copy_or_none_and_the_next_one_clears_up()
    {
        await using (await FilledAsync(4_000))
        {
        }

        var leftovers = 0;
        foreach (var delay in new[] { 0, 5, 10, 20, 40, 80, 120, 200, 400 })
        {
            File.Delete(Copy);
            using (var worker = WorkerProgram.Start("back-up", _folder.Store, Copy))
            {
                (await worker.StandardOutput.ReadLineAsync()).Should().Be("backing up");
                await Task.Delay(delay);
                worker.Kill();
                await worker.WaitForExitAsync();
            }

            leftovers += File.Exists(Copy + ".incomplete") ? 1 : 0;
            if (!File.Exists(Copy)) continue;
            await using var copy = new EventStore(new SqliteEventStorage(Copy, new() { ReadOnly = true }), new EventTypes());
            (await copy.Ledger.VerifyAsync()).Should().BeEquivalentTo(new { Size = 4_000L, IsSound = true });
        }

        leftovers.Should().BePositive("some were killed in the midst of it");
        await using var storage = new SqliteEventStorage(_folder.Store);
        await storage.BackupAsync(Copy, overwrite: true);
        Copies.Should().Equal("copy.db");
    }

    [Fact]
    public async Task Back_up_gives_a_copy_that_others_may_read_no_more_than_the_store()
    {
        if (OperatingSystem.IsWindows()) return;
        await using (await FilledAsync(10))
        {
        }

        File.SetUnixFileMode(_folder.Store, UnixFileMode.UserRead | UnixFileMode.UserWrite);
        await using var storage = new SqliteEventStorage(_folder.Store);
        await storage.BackupAsync(Copy);
        File.GetUnixFileMode(Copy).Should().Be(UnixFileMode.UserRead | UnixFileMode.UserWrite);
    }

    [Fact]
    public async Task Back_up_onto_a_symbolic_link_to_the_store_is_refused()
    {
        if (OperatingSystem.IsWindows()) return;
        await using var storage = await FilledAsync(10);
        File.CreateSymbolicLink(_folder.FileNamed("link.db"), _folder.Store);

        await FluentActions.Awaiting(() => storage.BackupAsync(_folder.FileNamed("link.db"), overwrite: true).AsTask())
            .Should().ThrowAsync<ArgumentException>();

        (await Some.LogOf(storage)).Should().HaveCount(10);
    }

    private async Task BackedUpAsync(int events)
    {
        await using var storage = await FilledAsync(events);
        await storage.BackupAsync(Copy);
    }

    private Task<SqliteEventStorage> FilledAsync(int events, string text = "text") => FilledStore.OpenAsync(_folder.Store, events, text);

    private sealed class Told(Action<SqliteBackupProgress>? also = null) : IProgress<SqliteBackupProgress>
    {
        private readonly ConcurrentQueue<SqliteBackupProgress> _all = new();

        public IReadOnlyCollection<SqliteBackupProgress> All => _all;

        public void Report(SqliteBackupProgress value)
        {
            _all.Enqueue(value);
            also?.Invoke(value);
        }
    }
}
