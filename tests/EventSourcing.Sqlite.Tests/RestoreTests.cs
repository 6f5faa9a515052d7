namespace EventSourcing.Sqlite.Tests;

/// <summary>A restored store is in its place whole, and the one that was there is whole beside it, wherever the restore was stopped.</summary>
public sealed class RestoreTests : IDisposable
{
    private const int InBackup = 10;
    private const int InLog = 5;
    private static readonly string[] Files = ["", "-journal", "-wal", "-shm"];
    private readonly TemporaryFolder _folder = new();

    private string Copy => _folder.FileNamed("copies/copy.db");

    private string[] Copies =>
        [.. Directory.GetFiles(Path.GetDirectoryName(Copy)!).Select(path => Path.GetFileName(path)).Order(StringComparer.Ordinal)];

    private string[] Names => [.. Directory.GetFiles(_folder.FileNamed(".")).Select(path => Path.GetFileName(path)).Order(StringComparer.Ordinal)];

    public RestoreTests() => Directory.CreateDirectory(_folder.FileNamed("copies"));

    public void Dispose() => _folder.Dispose();

    [Fact]
    public async Task Restore_puts_the_backup_in_place_and_moves_the_store_that_was_there_aside_with_its_log()
    {
        await BackedUpAsync(10);
        using (var killed = WorkerProgram.Start("serve", _folder.Store))
        {
            await killed.TellAsync("open");
            await killed.TellAsync("append later 5");
            killed.Kill();
            await killed.WaitForExitAsync();
        }

        File.Exists(_folder.Store + "-wal").Should().BeTrue();
        await FluentActions.Awaiting(() => SqliteEventStorage.RestoreAsync(Copy, _folder.Store).AsTask())
            .Should().ThrowAsync<BackupFailedException>().WithMessage("*already*");

        var restored = await SqliteEventStorage.RestoreAsync(Copy, _folder.Store, replace: true);

        restored.Head.Should().Be(10);
        File.Exists(_folder.Store + "-wal").Should().BeFalse();
        await using var storage = new SqliteEventStorage(_folder.Store);
        (await Some.LogOf(storage)).Should().HaveCount(10);
        (await storage.Ledger.GetFrontierAsync()).Root().Should().Be(restored.Root);
        await using var old = new SqliteEventStorage(restored.Replaced!);
        (await Some.LogOf(old)).Should().HaveCount(15, "what was in the log went along");
        Copies.Should().Equal("copy.db");
    }

    [Fact]
    public async Task Restore_into_a_store_in_use_is_refused_and_moves_nothing()
    {
        await BackedUpAsync(10);
        using (var other = WorkerProgram.Start("serve", _folder.Store))
        {
            await other.TellAsync("open");
            await other.TellAsync("append later 5");
            await FluentActions.Awaiting(() => SqliteEventStorage.RestoreAsync(Copy, _folder.Store, replace: true).AsTask())
                .Should().ThrowAsync<BackupFailedException>().WithMessage("*another process*Stop*");
            await other.TellAsync("append later 1");
            await other.TellAsync("close");
            other.Kill();
            await other.WaitForExitAsync();
        }

        await using var storage = new SqliteEventStorage(_folder.Store);
        (await Some.LogOf(storage)).Should().HaveCount(16);
        await FluentActions.Awaiting(() => SqliteEventStorage.RestoreAsync(Copy, _folder.Store, replace: true).AsTask())
            .Should().ThrowAsync<BackupFailedException>().WithMessage("*in this process*");
        (await storage.AppendAsync(Some.Append("s", 0))).Position.Should().Be(17);
        Directory.GetFiles(_folder.FileNamed("."))
            .Should().NotContain(path => path.Contains(".replaced", StringComparison.Ordinal) || path.Contains(".incomplete", StringComparison.Ordinal));
    }

    [Fact]
    public async Task Restore_where_only_a_stale_log_is_left_moves_it_aside()
    {
        await BackedUpAsync(10);
        File.Delete(_folder.Store);
        await File.WriteAllTextAsync(_folder.Store + "-wal", "stale");
        var restored = await SqliteEventStorage.RestoreAsync(Copy, _folder.Store);
        (await File.ReadAllTextAsync(restored.Replaced + "-wal")).Should().Be("stale");
        await using var storage = new SqliteEventStorage(_folder.Store);
        (await Some.LogOf(storage)).Should().HaveCount(10);
    }

    [Fact]
    public async Task Restore_over_a_damaged_store_moves_it_aside()
    {
        await BackedUpAsync(10);
        var garbage = new byte[10_000];
        new Random(1).NextBytes(garbage);
        await File.WriteAllBytesAsync(_folder.Store, garbage);
        await File.WriteAllTextAsync(_folder.Store + "-shm", "left");
        await FluentActions.Awaiting(() => SqliteEventStorage.RestoreAsync(Copy, _folder.Store, replace: true).AsTask())
            .Should().ThrowAsync<BackupFailedException>().WithMessage("*cannot be found out*-shm*");
        (await File.ReadAllBytesAsync(_folder.Store)).Should().Equal(garbage);

        File.Delete(_folder.Store + "-shm");
        File.Delete(_folder.Store + "-wal");
        var restored = await SqliteEventStorage.RestoreAsync(Copy, _folder.Store, replace: true);
        (await File.ReadAllBytesAsync(restored.Replaced!)).Should().Equal(garbage);
        await using var storage = new SqliteEventStorage(_folder.Store);
        (await Some.LogOf(storage)).Should().HaveCount(10);
    }

    [Fact]
    public async Task Restore_that_another_process_comes_between_says_where_the_store_is_now()
    {
        await BackedUpAsync(10);
        using var place = CopyPlace.Take(_folder.Store, Copy);
        File.Copy(Copy, place.Incomplete, overwrite: true);
        place.Sync();
        var aside = place.MoveAside(DateTimeOffset.UnixEpoch)!;
        await File.WriteAllTextAsync(_folder.Store, "a new store of an app that was started again");

        var failure = FluentActions.Invoking(() => place.PutInsteadOf(aside)).Should().Throw<BackupFailedException>().Which;

        failure.Replaced.Should().Be(aside);
        failure.Message.Should().Contain("meanwhile a file was made there").And.Contain($"is now '{aside}'").And.NotContain("Nothing was changed");
        (await File.ReadAllTextAsync(_folder.Store)).Should().StartWith("a new store");
        await using var storage = new SqliteEventStorage(aside);
        (await Some.LogOf(storage)).Should().HaveCount(10);
    }

    [Fact]
    public async Task Restore_whose_copy_cannot_be_put_in_its_place_moves_the_store_back_with_its_log()
    {
        await BackedUpAsync(10);
        await File.WriteAllTextAsync(_folder.Store + "-wal", "the log");
        using var place = CopyPlace.Take(_folder.Store, Copy);
        place.Sync();
        var aside = place.MoveAside(DateTimeOffset.UnixEpoch)!;
        File.Exists(_folder.Store).Should().BeFalse();
        File.Delete(place.Incomplete);

        var failure = FluentActions.Invoking(() => place.PutInsteadOf(aside)).Should().Throw<BackupFailedException>().Which;

        failure.Replaced.Should().BeNull();
        failure.Message.Should().EndWith("Nothing was changed there.");
        (await File.ReadAllTextAsync(_folder.Store + "-wal")).Should().Be("the log");
        File.Delete(_folder.Store + "-wal");
        await using var storage = new SqliteEventStorage(_folder.Store);
        (await Some.LogOf(storage)).Should().HaveCount(10);
    }

    [Fact]
    public async Task Restore_through_a_symbolic_link_replaces_the_store_that_it_leads_to_and_not_one_in_use()
    {
        if (OperatingSystem.IsWindows()) return;
        await BackedUpAsync(10);
        Directory.CreateDirectory(_folder.FileNamed("links"));
        var link = _folder.FileNamed("links/store.db");
        File.CreateSymbolicLink(link, _folder.Store);
        await FluentActions.Awaiting(() => SqliteEventStorage.RestoreAsync(Copy, Linked(Copy), replace: true).AsTask())
            .Should().ThrowAsync<ArgumentException>();
        using (var other = WorkerProgram.Start("serve", _folder.Store))
        {
            await other.TellAsync("open");
            await other.TellAsync("append later 5");
            await FluentActions.Awaiting(() => SqliteEventStorage.RestoreAsync(Copy, link, replace: true).AsTask())
                .Should().ThrowAsync<BackupFailedException>().WithMessage("*another process*Stop*");
            other.Kill();
            await other.WaitForExitAsync();
        }

        var restored = await SqliteEventStorage.RestoreAsync(Copy, link, replace: true);

        new FileInfo(link).LinkTarget.Should().Be(_folder.Store);
        await using var storage = new SqliteEventStorage(_folder.Store);
        (await Some.LogOf(storage)).Should().HaveCount(10);
        await using var old = new SqliteEventStorage(restored.Replaced!);
        (await Some.LogOf(old)).Should().HaveCount(15);

        string Linked(string path)
        {
            var to = _folder.FileNamed("links/copy.db");
            File.CreateSymbolicLink(to, path);
            return to;
        }
    }

    [Fact]
    public async Task Restore_a_backup_that_is_damaged_missing_or_none_is_refused_and_leaves_the_store()
    {
        await BackedUpAsync(10);
        using (var foreign = Some.ForeignConnection(Copy))
            foreign.RunPast("events_refuse_update", "UPDATE events SET data = x'7b7d' WHERE position = 2");
        await FluentActions.Awaiting(() => SqliteEventStorage.RestoreAsync(Copy, _folder.Store, replace: true).AsTask())
            .Should().ThrowAsync<BackupFailedException>().WithMessage("*not sound*");
        await FluentActions.Awaiting(() => SqliteEventStorage.RestoreAsync(Copy + "2", _folder.Store, replace: true).AsTask())
            .Should().ThrowAsync<StorageFailedException>();
        await File.WriteAllTextAsync(Copy + "3", "no store");
        await FluentActions.Awaiting(() => SqliteEventStorage.RestoreAsync(Copy + "3", _folder.Store, replace: true).AsTask())
            .Should().ThrowAsync<IncompatibleStoreException>();
        await FluentActions.Awaiting(() => SqliteEventStorage.RestoreAsync(_folder.Store, _folder.Store, replace: true).AsTask())
            .Should().ThrowAsync<ArgumentException>();

        Directory.GetFiles(_folder.FileNamed(".")).Select(path => Path.GetFileName(path)).Should().Equal("store.db");
        await using var storage = new SqliteEventStorage(_folder.Store);
        (await Some.LogOf(storage)).Should().HaveCount(10);
    }

    /// <summary>The states that a kill between any two of the moves leaves: the note is there, and the first files are moved.</summary>
    [Theory]
    [InlineData(0)]
    [InlineData(1)]
    [InlineData(2)]
    [InlineData(3)]
    public async Task Restore_after_one_that_was_killed_while_it_moved_the_store_aside_brings_its_files_together(int moved)
    {
        await KilledStoreAsync();
        var aside = _folder.Store + ".replaced-20261130T120000Z";
        UnfinishedCopy.WriteNote(_folder.Store, Path.GetFileName(aside));
        await File.WriteAllTextAsync(_folder.Store + ".incomplete", "the copy, which was whole");
        foreach (var file in Files.Where(file => File.Exists(_folder.Store + file)).Take(moved))
            File.Move(_folder.Store + file, aside + file);
        if (moved > 0)
        {
            var before = Names;
            foreach (var isReadOnly in new[] { false, true })
            {
                await FluentActions.Awaiting(() => ReadAsync(_folder.Store, isReadOnly))
                    .Should().ThrowAsync<IncompatibleStoreException>().WithMessage($"*{Path.GetFileName(aside)}*restore the backup again*");
            }

            Names.Should().Equal(before);
        }

        var restored = await SqliteEventStorage.RestoreAsync(Copy, _folder.Store, replace: true);

        if (moved > 0) restored.Replaced.Should().Be(aside);
        (await ReadAsync(_folder.Store)).Should().Be(InBackup);
        (await ReadAsync(restored.Replaced!)).Should().Be(InBackup + InLog, "its log went along");
        Names.Should().Equal("store.db", Path.GetFileName(restored.Replaced));
    }

    [Fact]
    public async Task Restore_after_one_that_was_killed_and_then_fails_leaves_the_path_refused()
    {
        await KilledStoreAsync();
        var aside = _folder.Store + ".replaced-20261130T120000Z";
        UnfinishedCopy.WriteNote(_folder.Store, Path.GetFileName(aside));
        File.Move(_folder.Store, aside);
        using var cancellation = new CancellationTokenSource();
        var told = new Told(cancellation.Cancel);

        await FluentActions.Awaiting(() => SqliteEventStorage.RestoreAsync(Copy, _folder.Store, true, told, cancellation.Token).AsTask())
            .Should().ThrowAsync<OperationCanceledException>();

        await FluentActions.Awaiting(() => ReadAsync(_folder.Store)).Should().ThrowAsync<IncompatibleStoreException>();
        (await ReadAsync(aside)).Should().Be(InBackup + InLog);
    }

    [Fact]
    public async Task Open_where_a_copy_was_not_finished_begins_no_empty_store()
    {
        await File.WriteAllTextAsync(_folder.Store + ".incomplete", "half of a copy");
        await FluentActions.Awaiting(() => ReadAsync(_folder.Store))
            .Should().ThrowAsync<IncompatibleStoreException>().WithMessage("*there is no file*.incomplete'*make the copy again*");
        Names.Should().Equal("store.db.incomplete");
        File.Delete(_folder.Store + ".incomplete");
        (await ReadAsync(_folder.Store)).Should().Be(0);
    }

    [Theory]
    [InlineData(true)]
    [InlineData(false)]
    public async Task Open_where_only_the_log_of_a_store_is_left_deletes_nothing(bool isEmptied)
    {
        await KilledStoreAsync();
        File.Move(_folder.Store, _folder.FileNamed("moved.db"));
        if (isEmptied) File.Create(_folder.Store).Dispose();
        var log = await File.ReadAllBytesAsync(_folder.Store + "-wal");

        await FluentActions.Awaiting(() => ReadAsync(_folder.Store))
            .Should().ThrowAsync<IncompatibleStoreException>().WithMessage("*store.db-wal' holds what was written last*Put its file back*");

        (await File.ReadAllBytesAsync(_folder.Store + "-wal")).Should().Equal(log);
        File.Move(_folder.FileNamed("moved.db"), _folder.Store, overwrite: true);
        (await ReadAsync(_folder.Store)).Should().Be(InBackup + InLog);
    }

    [Theory]
    [InlineData(219)]
    [InlineData(247)]
    public async Task Copy_to_a_name_that_is_too_long_for_the_files_of_the_copy_is_refused_before_anything_is_made(int bytes)
    {
        await BackedUpAsync(InBackup);
        var path = _folder.FileNamed("copies/" + new string('l', bytes));
        await using (var storage = new SqliteEventStorage(_folder.Store))
            await FluentActions.Awaiting(() => storage.BackupAsync(path).AsTask())
                .Should().ThrowAsync<BackupFailedException>().WithMessage($"*has {bytes} bytes*may have 218*Choose a shorter one*");
        await FluentActions.Awaiting(() => SqliteEventStorage.RestoreAsync(Copy, path).AsTask())
            .Should().ThrowAsync<BackupFailedException>().WithMessage($"*has {bytes} bytes*may have 218*");
        Copies.Should().Equal("copy.db");
    }

    [Fact]
    public async Task Copy_to_the_longest_name_is_made_and_replaced()
    {
        await BackedUpAsync(InBackup);
        var path = _folder.FileNamed("copies/" + new string('l', 218));
        await SqliteEventStorage.RestoreAsync(Copy, path);
        var restored = await SqliteEventStorage.RestoreAsync(Copy, path, replace: true);
        (await ReadAsync(restored.Replaced!)).Should().Be(InBackup);
        (await ReadAsync(path)).Should().Be(InBackup);
    }

    /// <summary>A backup, and a store with more events, some of them only in the log of a process that was killed.</summary>
    private async Task KilledStoreAsync()
    {
        await BackedUpAsync(InBackup);
        using var killed = WorkerProgram.Start("serve", _folder.Store);
        await killed.TellAsync("open");
        await killed.TellAsync($"append later {InLog}");
        killed.Kill();
        await killed.WaitForExitAsync();
        new FileInfo(_folder.Store + "-wal").Length.Should().BeGreaterThan(32);
    }

    private async Task BackedUpAsync(int events)
    {
        await using var storage = await FilledStore.OpenAsync(_folder.Store, events);
        await storage.BackupAsync(Copy);
    }

    private static async Task<int> ReadAsync(string path, bool isReadOnly = false)
    {
        await using var storage = new SqliteEventStorage(path, new SqliteEventStorageOptions { ReadOnly = isReadOnly });
        return (await Some.LogOf(storage)).Count;
    }

    private sealed class Told(Action first) : IProgress<SqliteBackupProgress>
    {
        public void Report(SqliteBackupProgress value) => first();
    }
}
