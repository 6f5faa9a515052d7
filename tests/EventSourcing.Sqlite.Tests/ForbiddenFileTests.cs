using System.Runtime.InteropServices;

namespace EventSourcing.Sqlite.Tests;

/// <summary>A store that this user may not write is refused with an error that says what to do, and never called damaged.</summary>
public sealed partial class ForbiddenFileTests : IDisposable
{
    private const uint Nobody = 65534;
    private readonly TemporaryFolder _folder = new();

    public void Dispose()
    {
        if (!OperatingSystem.IsWindows()) File.SetUnixFileMode(Path.GetDirectoryName(_folder.Store)!, UnixFileMode.UserRead | UnixFileMode.UserWrite | UnixFileMode.UserExecute);
        _folder.Dispose();
    }

    [Fact]
    public async Task Verify_a_store_that_this_user_may_only_read_is_refused_with_what_to_do_and_not_called_damaged()
    {
        if (OperatingSystem.IsWindows()) return; // its rights are others
        await using (var storage = new SqliteEventStorage(_folder.Store)) await storage.AppendAsync(Some.Append("a", ExpectedVersion.Any));
        var before = await File.ReadAllBytesAsync(_folder.Store);
        File.SetUnixFileMode(_folder.Store, UnixFileMode.UserRead | UnixFileMode.GroupRead | UnixFileMode.OtherRead);
        const UnixFileMode ReadAndEnter = UnixFileMode.UserRead | UnixFileMode.UserExecute | UnixFileMode.GroupRead | UnixFileMode.GroupExecute | UnixFileMode.OtherRead | UnixFileMode.OtherExecute;
        File.SetUnixFileMode(Path.GetDirectoryName(_folder.Store)!, ReadAndEnter);

        using var worker = WorkerProgram.Start("verify-as-nobody", _folder.Store);
        var said = await worker.StandardOutput.ReadToEndAsync();
        await worker.WaitForExitAsync();

        said.Should().Contain("verify: StorageFailedException").And.Contain("read: StorageFailedException").And.Contain($"This user may not write '{_folder.Store}'").And.Contain("read-only: done").And.NotContain("damaged");
        (await File.ReadAllBytesAsync(_folder.Store)).Should().Equal(before);
    }

    [Fact]
    public async Task Open_a_file_that_this_user_may_not_read_says_so_also_if_it_is_opened_read_only()
    {
        if (OperatingSystem.IsWindows()) return; // its rights are others
        await using (var storage = new SqliteEventStorage(_folder.Store)) await storage.AppendAsync(Some.Append("a", ExpectedVersion.Any));
        File.SetUnixFileMode(_folder.Store, UnixFileMode.UserRead | UnixFileMode.UserWrite);
        const UnixFileMode All = (UnixFileMode)0b111_111_111;
        File.SetUnixFileMode(Path.GetDirectoryName(_folder.Store)!, All);

        using var worker = WorkerProgram.Start("verify-as-nobody", _folder.Store);
        var said = await worker.StandardOutput.ReadToEndAsync();
        await worker.WaitForExitAsync();

        said.Split($"This user may not read '{_folder.Store}'. Give the user the right to.").Should().HaveCount(4, "each of the three says so: {0}", said);
    }

    [Fact]
    public async Task Open_a_store_in_a_folder_that_this_user_may_not_enter_says_so_also_if_it_is_opened_read_only()
    {
        if (OperatingSystem.IsWindows()) return; // its rights are others
        await using (var storage = new SqliteEventStorage(_folder.Store)) await storage.AppendAsync(Some.Append("a", ExpectedVersion.Any));
        File.SetUnixFileMode(Path.GetDirectoryName(_folder.Store)!, UnixFileMode.UserRead | UnixFileMode.UserWrite | UnixFileMode.UserExecute);

        using var worker = WorkerProgram.Start("verify-as-nobody", _folder.Store);
        var said = await worker.StandardOutput.ReadToEndAsync();
        await worker.WaitForExitAsync();

        worker.ExitCode.Should().Be(0, said);
        said.Should().Contain("verify: StorageFailedException").And.Contain("read: StorageFailedException")
            .And.Contain("read-only: StorageFailedException").And.NotContain("PRAGMA");
        var why = $"This user may not enter the folder '{Path.GetDirectoryName(_folder.Store)}'.";
        said.Split(why).Should().HaveCount(4, "each of the three says so: {0}", said);
    }

    /// <summary>What a process does that gives up all rights first: root may write whatever the modes say.</summary>
    internal static async Task<int> VerifyAsNobodyAsync(string path)
    {
        // All code and libraries are loaded while this user may read them.
        using (var folder = new TemporaryFolder())
        {
            await using var other = new EventStore(new SqliteEventStorage(folder.Store), new EventTypes());
            await other.Ledger.VerifyAsync();
            await SayAsync("warm-up", () => other.GetPositionAsync(DateTimeOffset.MaxValue));
        }

        if (!TryBecomeNobody()) return 1;
        await using var store = new EventStore(new SqliteEventStorage(path), new EventTypes());
        await SayAsync("verify", async () => Console.WriteLine(await store.Ledger.VerifyAsync()));
        await SayAsync("read", () => store.GetHeadAsync());
        await using var readOnly = new EventStore(new SqliteEventStorage(path, new SqliteEventStorageOptions { ReadOnly = true }), new EventTypes());
        await SayAsync("read-only", () => readOnly.GetHeadAsync());
        return 0;
    }

    /// <summary>Gives up all rights; the C library has all threads of the process change over, also those of the pool.</summary>
    internal static bool TryBecomeNobody() => UserId() != 0 || (SetGroup(Nobody) == 0 && SetUser(Nobody) == 0);

    private static async Task SayAsync(string what, Func<Task> act)
    {
        try
        {
            await act();
            Console.WriteLine($"{what}: done");
        }
        catch (EventSourcingException failure)
        {
            Console.WriteLine($"{what}: {failure.GetType().Name}: {failure.Message}");
        }
    }

    [LibraryImport("libc", EntryPoint = "geteuid")]
    private static partial uint UserId();

    [LibraryImport("libc", EntryPoint = "setgid")]
    private static partial int SetGroup(uint group);

    [LibraryImport("libc", EntryPoint = "setuid")]
    private static partial int SetUser(uint user);
}
