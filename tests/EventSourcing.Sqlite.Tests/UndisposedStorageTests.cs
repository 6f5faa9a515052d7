using System.Runtime.CompilerServices;

namespace EventSourcing.Sqlite.Tests;

/// <summary>Storages that the app lost without disposing them: the garbage collector closes their connections, at any time.</summary>
public sealed class UndisposedStorageTests : IDisposable
{
    private const int Stores = 8;
    private readonly TemporaryFolder _folder = new();

    public void Dispose() => _folder.Dispose();

    [Fact]
    public async Task Open_a_file_again_that_a_lost_storage_had_open_works()
    {
        await LoseAsync(_folder.Store);
        Collect();

        await using var storage = new SqliteEventStorage(_folder.Store);
        await storage.AppendAsync(Some.Append("s", 1));

        (await storage.GetHeadAsync()).Should().Be(2);
        Directory.GetFiles(Path.GetDirectoryName(_folder.Store)!).Should().Contain(_folder.Store + "-wal");
    }

    /// <summary>A file system gives the numbers of deleted files to new ones.</summary>
    [Fact]
    public async Task Make_stores_after_the_files_of_lost_storages_were_deleted_works()
    {
        for (var i = 0; i < Stores; i++)
        {
            await LoseAsync(_folder.FileNamed($"lost{i}.db"));
            foreach (var file in Directory.GetFiles(Path.GetDirectoryName(_folder.Store)!)) File.Delete(file);
        }

        Collect();

        for (var i = 0; i < Stores; i++)
        {
            await using var storage = new SqliteEventStorage(_folder.FileNamed($"new{i}.db"));
            await storage.AppendAsync(Some.Append("s", 0));
            (await storage.GetHeadAsync()).Should().Be(1);
        }
    }

    /// <summary>SQLite deletes the log by its name when the last connection is closed.</summary>
    [Fact]
    public async Task Collect_a_lost_storage_after_another_store_took_its_place_leaves_that_store_whole()
    {
        await LoseAsync(_folder.Store);
        foreach (var file in Directory.GetFiles(Path.GetDirectoryName(_folder.Store)!)) File.Delete(file);
        await using var storage = new SqliteEventStorage(_folder.Store);
        await storage.AppendAsync(Some.Append("s", 0));

        Collect();

        await storage.AppendAsync(Some.Append("s", 1));
        Directory.GetFiles(Path.GetDirectoryName(_folder.Store)!).Should().Contain(_folder.Store + "-wal");
        await using var other = new SqliteEventStorage(_folder.Store);
        (await other.GetHeadAsync()).Should().Be(2);
    }

    [Fact]
    public async Task Collect_a_lost_storage_lets_a_read_only_one_read_without_touching()
    {
        await LoseAsync(_folder.Store);
        Collect();
        var before = Directory.GetFiles(Path.GetDirectoryName(_folder.Store)!).Order(StringComparer.Ordinal).ToList();

        await using var storage = new SqliteEventStorage(_folder.Store, new SqliteEventStorageOptions { ReadOnly = true });

        (await storage.GetHeadAsync()).Should().Be(1);
        Directory.GetFiles(Path.GetDirectoryName(_folder.Store)!).Order(StringComparer.Ordinal).Should().Equal(before);
    }

    /// <summary>Opens a storage, writes and reads with it, and loses it.</summary>
    private static Task LoseAsync(string path)
    {
        // On a thread of its own, whose stack is gone afterwards.
        return Task.Factory.StartNew(
            () => LoseOnThisStack(path).GetAwaiter().GetResult(),
            CancellationToken.None,
            TaskCreationOptions.LongRunning,
            TaskScheduler.Default);
    }

    [MethodImpl(MethodImplOptions.NoInlining)]
    private static async Task LoseOnThisStack(string path)
    {
        var storage = new SqliteEventStorage(path);
        await storage.AppendAsync(Some.Append("s", 0)).ConfigureAwait(false);
        await storage.GetHeadAsync().ConfigureAwait(false);
    }

    private static void Collect()
    {
        for (var i = 0; i < 3; i++)
        {
            GC.Collect();
            GC.WaitForPendingFinalizers();
        }
    }
}
