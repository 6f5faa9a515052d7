using System.Diagnostics;
using System.Diagnostics.CodeAnalysis;
using System.Runtime.InteropServices;

namespace EventSourcing.Sqlite.Tests;

/// <summary>What happens to the files of a store that is open, and by which names they are reached. Windows lets nobody do these things.</summary>
[SuppressMessage("Globalization", "CA2101:Specify marshaling for P/Invoke string arguments", Justification = "LibraryImport says it.")]
public sealed partial class MovedFileTests : IDisposable
{
    private readonly TemporaryFolder _folder = new();

    private string Log => _folder.Store + "-wal";

    private string Index => _folder.Store + "-shm";

    public void Dispose() => _folder.Dispose();

    [Fact]
    public async Task Append_after_the_log_was_deleted_is_refused_and_what_was_acknowledged_is_in_the_file()
    {
        if (OperatingSystem.IsWindows()) return;
        await using var storage = await FilledAsync(20);
        File.Delete(Log);
        await RefusedAsync(storage, "-wal");

        // As after kill -9: the file alone, without what the process would do on closing.
        var copy = _folder.FileNamed("copy.db");
        File.Copy(_folder.Store, copy);
        await using var reopened = new SqliteEventStorage(copy);
        (await Some.LogOf(reopened)).Should().HaveCount(20);
    }

    [Theory]
    [InlineData(0.0)]
    [InlineData(0.5)]
    [InlineData(0.99)]
    public async Task Append_after_the_log_was_cut_off_is_refused_and_leaves_a_sound_store(double left)
    {
        if (OperatingSystem.IsWindows()) return;
        await using (var storage = await FilledAsync(20, inFile: 10))
        {
            CutOff(left);
            await RefusedAsync(storage, "-wal");
        }

        await ShouldBeSoundAsync(atLeast: 10, atMost: 19);
    }

    [Theory]
    [InlineData(0.0)]
    [InlineData(0.5)]
    [InlineData(0.99)]
    public async Task Close_after_the_log_was_cut_off_leaves_a_sound_store(double left)
    {
        if (OperatingSystem.IsWindows()) return;
        await using (await FilledAsync(20, inFile: 10)) CutOff(left);
        await ShouldBeSoundAsync(atLeast: 10, atMost: 19);
    }

    [Theory]
    [InlineData(0.0)]
    [InlineData(0.5)]
    [InlineData(0.99)]
    public async Task Append_after_the_file_was_cut_off_is_refused_and_leaves_the_log_where_it_is(double left)
    {
        if (OperatingSystem.IsWindows()) return;
        byte[] log;
        await using (var storage = await FilledAsync(20, inFile: 10))
        {
            log = File.ReadAllBytes(Log);
            CutOffStore(left);
            for (var i = 0; i < 2; i++)
            {
                (await FluentActions.Awaiting(() => storage.AppendAsync(Some.Append("s", 20)).AsTask()).Should().ThrowAsync<StorageFailedException>())
                    .Which.Message.Should().Contain("was cut off from").And.Contain("Nothing was written");
            }
        }

        File.ReadAllBytes(Log).Should().Equal(log, "it has the newest events");
    }

    [Fact]
    public async Task Close_after_the_file_was_cut_off_leaves_the_log_where_it_is()
    {
        if (OperatingSystem.IsWindows()) return;
        byte[] log;
        await using (await FilledAsync(20, inFile: 10))
        {
            log = File.ReadAllBytes(Log);
            CutOffStore(0.5);
        }

        File.ReadAllBytes(Log).Should().Equal(log);
    }

    [Fact]
    public async Task Append_after_another_program_has_compacted_the_file_goes_on()
    {
        await using var storage = await FilledAsync(10);
        for (var round = 0; round < 3; round++)
        {
            using (var foreign = Some.ForeignConnection(_folder.Store))
            {
                foreign.Run("CREATE TABLE app (a); INSERT INTO app VALUES (zeroblob(1000000)); PRAGMA wal_checkpoint(TRUNCATE)");
                await storage.AppendAsync(Some.Append("s", 10 + (2 * round)));
                var before = new FileInfo(_folder.Store).Length;
                foreign.Run("DROP TABLE app; VACUUM; PRAGMA wal_checkpoint(TRUNCATE)");
                new FileInfo(_folder.Store).Length.Should().BeLessThan(before - 900_000);
            }

            await storage.AppendAsync(Some.Append("s", 11 + (2 * round)));
        }

        (await Some.LogOf(storage)).Should().HaveCount(16);
    }

    [Theory]
    [InlineData("PRAGMA wal_checkpoint(TRUNCATE)")]
    [InlineData("PRAGMA journal_size_limit = 0; PRAGMA wal_checkpoint(RESTART); CREATE TABLE app (a); DROP TABLE app")]
    public async Task Append_after_another_program_has_moved_the_log_into_the_file_and_cut_it_off_goes_on(string sql)
    {
        await using var storage = await FilledAsync(20);
        for (var round = 0; round < 3; round++)
        {
            using (var foreign = Some.ForeignConnection(_folder.Store)) foreign.Run(sql);

            // The first is refused, so that what this process knows of the log is not made new by a commit.
            await FluentActions.Awaiting(() => storage.AppendAsync(Some.Append("s", 0)).AsTask()).Should().ThrowAsync<WrongExpectedVersionException>();
            await storage.AppendAsync(Some.Append("s", 20 + round));
        }

        (await Some.LogOf(storage)).Should().HaveCount(23);
    }

    [Fact]
    public async Task Append_after_the_index_of_the_log_was_deleted_is_refused_and_leaves_all_for_the_next_to_open_it()
    {
        if (OperatingSystem.IsWindows()) return;
        await using (var storage = await FilledAsync(20))
        {
            File.Delete(Index);
            await RefusedAsync(storage, "-shm");
        }

        await using var reopened = new SqliteEventStorage(_folder.Store);
        (await Some.LogOf(reopened)).Should().HaveCount(20);
        (await reopened.AppendAsync(Some.Append("s", 20))).Position.Should().Be(21);
    }

    [Fact]
    public async Task Append_after_another_file_was_put_in_place_is_refused_and_leaves_that_file_alone()
    {
        if (OperatingSystem.IsWindows()) return;
        var backup = _folder.FileNamed("backup.db");
        await using (var other = new SqliteEventStorage(backup)) await other.AppendAsync(Some.Append("other", 0));
        await using (var storage = await FilledAsync(20))
        {
            File.Move(backup, _folder.Store, overwrite: true);
            await RefusedAsync(storage, "put in its place");
        }

        await using var reopened = new SqliteEventStorage(_folder.Store);
        (await Some.LogOf(reopened)).Select(e => e.Stream).Should().Equal("other");
    }

    [Fact]
    public async Task Append_after_the_file_was_moved_away_is_refused_and_what_was_acknowledged_went_with_it()
    {
        if (OperatingSystem.IsWindows()) return;
        var moved = _folder.FileNamed("moved.db");
        await using (var storage = await FilledAsync(20))
        {
            File.Move(_folder.Store, moved);
            await RefusedAsync(storage, "deleted or moved");
        }

        File.Exists(_folder.Store).Should().BeFalse();
        await using var reopened = new SqliteEventStorage(moved);
        (await Some.LogOf(reopened)).Should().HaveCount(20);
    }

    [Fact]
    public async Task Append_by_a_symbolic_link_keeps_the_log_of_the_file_itself_short()
    {
        if (OperatingSystem.IsWindows()) return;
        Directory.CreateDirectory(_folder.FileNamed("data"));
        var target = _folder.FileNamed("data/real.db");
        File.CreateSymbolicLink(_folder.FileNamed("middle.db"), "data/real.db");
        File.CreateSymbolicLink(_folder.Store, "middle.db");
        await using (var first = new SqliteEventStorage(_folder.Store)) await first.AppendAsync(Some.Append("s", 0));
        File.Exists(target).Should().BeTrue("a link may be there before the file is");

        // The other connection keeps the log, as a crash would.
        using var other = Some.ForeignConnection(target);
        other.Run("SELECT count(*) FROM events");
        for (var handle = 0; handle < 8; handle++)
        {
            await using var storage = new SqliteEventStorage(_folder.Store);
            var data = new byte[500_000];
            for (var i = 0; i < 10; i++) await storage.AppendAsync(Some.Append("s", ExpectedVersion.Any, new NewEvent(Guid.CreateVersion7(), "large", data)));
        }

        File.Exists(Log).Should().BeFalse();
        new FileInfo(target + "-wal").Length.Should().BeLessThan(25_000_000, "40 MB were written, and a checkpoint is due after 4 MiB");
    }

    [Fact]
    public async Task Open_of_a_symbolic_link_to_itself_fails_typed()
    {
        if (OperatingSystem.IsWindows()) return;
        File.CreateSymbolicLink(_folder.Store, _folder.Store);
        await using var storage = new SqliteEventStorage(_folder.Store);
        await FluentActions.Awaiting(() => storage.AppendAsync(Some.Append("s", 0)).AsTask()).Should().ThrowAsync<StorageFailedException>();
    }

    [Fact]
    public async Task Open_of_a_file_with_two_names_is_refused()
    {
        if (OperatingSystem.IsWindows()) return;
        await using (await FilledAsync(1))
        {
        }

        var second = _folder.FileNamed("second.db");
        Link(_folder.Store, second).Should().Be(0);
        await using (var refused = new SqliteEventStorage(second))
            await FluentActions.Awaiting(() => refused.GetHeadAsync().AsTask()).Should().ThrowAsync<IncompatibleStoreException>().WithMessage("*2 names*");

        File.Delete(second);
        await using var storage = new SqliteEventStorage(_folder.Store);
        (await storage.GetHeadAsync()).Should().Be(1);
    }

    private static async Task RefusedAsync(SqliteEventStorage storage, string why)
    {
        for (var i = 0; i < 2; i++)
        {
            var append = FluentActions.Awaiting(() => storage.AppendAsync(Some.Append("s", ExpectedVersion.Any)).AsTask());
            (await append.Should().ThrowAsync<StorageFailedException>().WithMessage($"*{why}*")).Which.OutcomeIsUnknown.Should().BeFalse();
            await FluentActions.Awaiting(() => storage.GetHeadAsync().AsTask()).Should().ThrowAsync<StorageFailedException>().WithMessage($"*{why}*");
        }
    }

    [LibraryImport("libc", EntryPoint = "link", StringMarshalling = StringMarshalling.Utf8)]
    private static partial int Link(string existing, string added);

    /// <summary>Does in place what a program does that empties or shortens the log.</summary>
    private void CutOff(double left)
    {
        using var log = new FileStream(Log, FileMode.Open, FileAccess.Write, FileShare.ReadWrite | FileShare.Delete);
        log.SetLength((long)(log.Length * left));
    }

    /// <summary>The same of the file. It is another process, because this one would lose SQLite's locks if it closed the file.</summary>
    private void CutOffStore(double left)
    {
        var length = FormattableString.Invariant($"{(long)(new FileInfo(_folder.Store).Length * left)}");
        using var truncate = Process.Start("truncate", ["-s", length, _folder.Store]);
        truncate.WaitForExit();
        truncate.ExitCode.Should().Be(0);
    }

    /// <summary>Events are lost, but the others are whole, and the store goes on.</summary>
    private async Task ShouldBeSoundAsync(int atLeast, int atMost)
    {
        await using var store = new EventStore(new SqliteEventStorage(_folder.Store), new EventTypes());
        var events = (await Some.LogOf(store.Storage)).Count;
        events.Should().BeInRange(atLeast, atMost);
        (await store.Ledger.VerifyAsync()).Findings.Should().BeEmpty();
        (await store.Storage.AppendAsync(Some.Append("s", events))).Position.Should().Be(events + 1);
    }

    /// <param name="events">How many are appended.</param>
    /// <param name="inFile">After how many of them the log is moved into the file.</param>
    private async Task<SqliteEventStorage> FilledAsync(int events, int inFile = 0)
    {
        var storage = new SqliteEventStorage(_folder.Store);
        for (var i = 0; i < events; i++)
        {
            await storage.AppendAsync(Some.Append("s", i));
            if (i + 1 != inFile) continue;
            using var foreign = Some.ForeignConnection(_folder.Store);
            foreign.Run("PRAGMA wal_checkpoint(TRUNCATE)");
        }

        await storage.GetHeadAsync();
        return storage;
    }
}
