using System.Net.Sockets;

namespace EventSourcing.Sqlite.Tests;

/// <summary>Pipes and the like in the places of a store's files: SQLite would wait for ever for somebody at a pipe's other end.</summary>
public sealed class NotAFileTests : IDisposable
{
    private readonly TemporaryFolder _folder = new();

    public void Dispose() => _folder.Dispose();

    [Theory(Timeout = 60_000)]
    [InlineData("pipe")]
    [InlineData("socket")]
    [InlineData("folder")]
    [InlineData("/dev/zero")]
    [InlineData("/dev/null")]
    [InlineData("/proc/self/mem")]
    [InlineData("/proc/cpuinfo")]
    [InlineData("/sys/kernel/mm/transparent_hugepage/enabled")]
    public async Task Open_what_is_no_file_is_refused(string kind)
    {
        if (OperatingSystem.IsWindows() || (kind[0] == '/' && !File.Exists(kind))) return;
        using var socket = new Socket(AddressFamily.Unix, SocketType.Stream, ProtocolType.Unspecified);
        if (kind == "folder") Directory.CreateDirectory(_folder.Store);
        if (kind == "socket") socket.Bind(new UnixDomainSocketEndPoint(_folder.Store));
        if (kind == "pipe") await MakePipeAsync(_folder.Store);

        foreach (var readOnly in (bool[])[false, true])
            await RefusedAsync(kind[0] == '/' ? kind : _folder.Store, "it is a*, not a file. Choose another path. It was not changed.", readOnly);
    }

    [Theory(Timeout = 60_000)]
    [InlineData("-wal", false)]
    [InlineData("-shm", false)]
    [InlineData("-journal", false)]
    [InlineData("-wal", true)]
    [InlineData("-journal", true)]
    public async Task Open_a_store_that_has_a_pipe_beside_it_is_refused_and_works_without_it(string suffix, bool byLink)
    {
        if (OperatingSystem.IsWindows()) return;
        await using (var storage = new SqliteEventStorage(_folder.Store)) await storage.AppendAsync(Some.Append("s", 0));
        var before = await File.ReadAllBytesAsync(_folder.Store);
        var path = byLink ? _folder.FileNamed("link.db") : _folder.Store;
        if (byLink) File.CreateSymbolicLink(path, _folder.Store);
        await MakePipeAsync(_folder.Store + suffix);

        await RefusedAsync(path, _folder.Store + suffix);

        (await File.ReadAllBytesAsync(_folder.Store)).Should().Equal(before);
        File.Delete(_folder.Store + suffix);
        await using var again = new SqliteEventStorage(path);
        (await again.GetHeadAsync()).Should().Be(1);
    }

    [Theory]
    [InlineData("-wal")]
    [InlineData("-shm")]
    [InlineData("-journal")]
    public async Task Open_a_store_that_has_a_link_beside_it_is_refused_and_never_read_without_what_it_leads_to(string suffix)
    {
        if (OperatingSystem.IsWindows()) return;
        await using (var storage = new SqliteEventStorage(_folder.Store)) await storage.AppendAsync(Some.Append("s", 0));
        var before = await File.ReadAllBytesAsync(_folder.Store);
        await File.WriteAllTextAsync(_folder.FileNamed("elsewhere"), "something");
        File.CreateSymbolicLink(_folder.Store + suffix, _folder.FileNamed("elsewhere"));

        await RefusedAsync(_folder.Store, "is a symbolic link to*");
        await RefusedAsync(_folder.Store, suffix == "-journal" ? _folder.Store + suffix : "is a symbolic link to*", readOnly: true);

        (await File.ReadAllBytesAsync(_folder.Store)).Should().Equal(before);
        File.Delete(_folder.Store + suffix);
        await using var again = new SqliteEventStorage(_folder.Store);
        (await again.GetHeadAsync()).Should().Be(1);
    }

    [Theory(Timeout = 60_000)]
    [InlineData(false)]
    [InlineData(true)]
    public async Task Backup_or_restore_to_a_pipe_is_refused_and_leaves_the_pipe(bool byLink)
    {
        if (OperatingSystem.IsWindows()) return;
        var (pipe, link) = (_folder.FileNamed("pipe"), _folder.FileNamed("link"));
        await MakePipeAsync(pipe);
        File.CreateSymbolicLink(link, pipe);
        await using var storage = new SqliteEventStorage(_folder.Store);
        await storage.AppendAsync(Some.Append("s", 0));
        await storage.BackupAsync(_folder.FileNamed("backup.db"));
        var target = byLink ? link : pipe;

        foreach (var copy in (Func<Task>[])
        [
            () => storage.BackupAsync(target, overwrite: true).AsTask(), 
            () => SqliteEventStorage.RestoreAsync(_folder.FileNamed("backup.db"), target, replace: true).AsTask(),
        ])
            await FluentActions.Awaiting(copy).Should().ThrowAsync<BackupFailedException>().WithMessage("*a pipe, a device or a socket*");

        UnixFile.OtherThanFile(pipe).Should().NotBeNull();
        new FileInfo(link).LinkTarget.Should().Be(pipe);
        Directory.GetFiles(Path.GetDirectoryName(pipe)!).Should().NotContain(file => file.Contains("incomplete", StringComparison.Ordinal));
    }

    [Fact]
    public async Task Open_a_file_of_one_byte_is_refused_and_leaves_it()
    {
        if (OperatingSystem.IsMacOS()) return;
        await File.WriteAllTextAsync(_folder.Store, "x");

        await using var storage = new SqliteEventStorage(_folder.Store);
        await using var store = new EventStore(storage, new EventTypes());
        foreach (var call in (Func<Task>[])[() => storage.GetHeadAsync().AsTask(), () => storage.AppendAsync(Some.Append("s", 0)).AsTask()])
            await FluentActions.Awaiting(call).Should().ThrowAsync<IncompatibleStoreException>().WithMessage("*not a SQLite database*");
        (await store.Ledger.VerifyAsync()).IsSound.Should().BeFalse();

        (await File.ReadAllTextAsync(_folder.Store)).Should().Be("x");
    }

    private static async Task RefusedAsync(string path, string why, bool readOnly = false)
    {
        await using var storage = new SqliteEventStorage(path, new SqliteEventStorageOptions { ReadOnly = readOnly });
        await using var store = new EventStore(storage, new EventTypes());
        await RefusedAsync(() => storage.GetHeadAsync().AsTask());
        if (!readOnly) await RefusedAsync(() => storage.AppendAsync(Some.Append("s", 0)).AsTask());
        await RefusedAsync(() => store.Ledger.VerifyAsync().AsTask());

        Task RefusedAsync(Func<Task> call) => FluentActions.Awaiting(call).Should().ThrowAsync<IncompatibleStoreException>().WithMessage($"*{why}*");
    }

    private static Task MakePipeAsync(string path) => SystemCommand.RunAsync("mkfifo", path);
}
