using EventSourcing.Tests.Postgres;

namespace EventSourcing.Crash;

/// <summary>No space left for the server's files, and space again. The files stand on a small file system of their own.</summary>
internal static class PostgresFullDiskFault
{
    /// <summary>Why no file system can be mounted here; null if one can.</summary>
    public static string? Obstacle() => FullDiskFault.Obstacle() ?? PostgresStore.Obstacle();

    /// <summary>The disk of the tables is full, that of the log of the server is not: statements fail, the server goes on.</summary>
    public static Task<Tally> DataAsync(int cycles, int seed) => OnMountAsync("PostgreSQL: full disk for tables", async (tally, place) =>
    {
        var random = new Random(seed);
        using var server = PostgresInstance.Start(PostgresStore.Binaries(), isDurable: false, ["autovacuum = off"]);
        var tables = Directory.CreateDirectory(Path.Combine(place, "tables")).FullName;
        server.Own(tables);
        await PostgresStore.RunAsync(server.ConnectionString(), $"CREATE TABLESPACE small LOCATION '{tables}'");
        await PostgresStore.RunAsync(server.ConnectionString(), "CREATE DATABASE small TABLESPACE small");
        var store = new PostgresStore(tally, server.ConnectionString("small"));
        await using var storage = store.Open();

        // Opened while there is room: a server whose disk is full may refuse new sessions ("could not write init file").
        await storage.GetHeadAsync();
        var workload = new Workload(seed, "full", bigPercent: 60);
        for (var cycle = 0; cycle < cycles; cycle++)
        {
            var when = $"cycle {cycle}";
            var ballast = Fill(place, random.Next(0, 300_000));
            var acknowledged = new List<Acknowledgement>();
            Batch? failed = null;
            for (var i = 0; i < 2000 && failed is null; i++)
            {
                var batch = workload.Next();
                try
                {
                    acknowledged.Add(Acknowledgement.Of(batch, await storage.AppendAsync(batch.Request)));
                }
                catch (StorageFailedException failure)
                {
                    failed = batch;
                    if (failure.OutcomeIsUnknown) tally.AddUnexplained($"{when}: a full disk leaves an outcome unknown: {CallWork.Say(failure)}");
                }
                catch (Exception e)
                {
                    failed = batch;
                    tally.AddUnexplained($"{when}: a full disk shows as {CallWork.Say(e)}");
                }
            }

            if (failed is null) tally.AddUnexplained($"{when}: the disk has not become full");
            if ((await storage.GetHeadAsync()) < acknowledged.Select(a => a.Last).DefaultIfEmpty().Max())
                tally.AddLost(1, $"{when}: what was acknowledged cannot be read while the disk is full");
            File.Delete(ballast);
            if (failed is not null) acknowledged.Add(Acknowledgement.Of(failed,
                await PostgresWork.UntilKnownAsync(storage, failed.Request)));
            await store.CheckAsync(acknowledged, random, when);
            tally.AddRuns();

            // Each cycle keeps what it stored, so the space must last for the next.
            if (new DriveInfo(place).AvailableFreeSpace < 12_000_000) break;
        }

        await store.CheckAllAsync(random, "all");
    });

    /// <summary>The disk of everything is full: the server cannot write its own log, stops, and starts again when there is space.</summary>
    public static Task<Tally> WalAsync(int cycles, int seed) =>
        OnMountAsync("PostgreSQL: full disk for everything, server stops", async (tally, place) =>
    {
        var random = new Random(seed);
        using var server = PostgresInstance.Start(PostgresStore.Binaries(), isDurable: false,
            ["autovacuum = off", "wal_recycle = off", "min_wal_size = '32MB'", "max_wal_size = '48MB'"], place);
        var store = new PostgresStore(tally, server.ConnectionString());
        await using var storage = store.Open(TimeSpan.FromSeconds(1));
        var workload = new Workload(seed, "full", bigPercent: 60);
        for (var cycle = 0; cycle < cycles; cycle++)
        {
            var when = $"cycle {cycle}";
            var ballast = Fill(place, random.Next(0, 300_000));
            var acknowledged = new List<Acknowledgement>();
            Batch? failed = null;
            for (var i = 0; i < 4000 && failed is null; i++)
            {
                var batch = workload.Next();
                try
                {
                    acknowledged.Add(Acknowledgement.Of(batch, await storage.AppendAsync(batch.Request)));
                }
                catch (StorageFailedException)
                {
                    failed = batch;
                }
                catch (Exception e)
                {
                    failed = batch;
                    tally.AddUnexplained($"{when}: a server without space shows as {CallWork.Say(e)}");
                }
            }

            if (failed is null) tally.AddUnexplained($"{when}: the disk has not become full");
            File.Delete(ballast);
            server.StartAgain();
            if (failed is not null) acknowledged.Add(Acknowledgement.Of(failed,
                await PostgresWork.UntilKnownAsync(storage, failed.Request)));
            await store.CheckAsync(acknowledged, random, when);
            tally.AddRuns();
            if (new DriveInfo(place).AvailableFreeSpace < 40_000_000) break;
        }

        await store.CheckAllAsync(random, "all");
    });

    private static async Task<Tally> OnMountAsync(string name, Func<Tally, string, Task> run)
    {
        var tally = new Tally(name);
        using var folder = Folder.OnDisk();
        var place = Directory.CreateDirectory(folder.FileNamed("mounted")).FullName;
        FullDiskFault.Run("mount", "-t", "tmpfs", "-o", "size=256m,mode=755", "tmpfs", place);
        try
        {
            await run(tally, place);
        }
        finally
        {
            FullDiskFault.Run("umount", place);
        }

        return tally;
    }

    /// <summary>Fills the file system but for some bytes.</summary>
    private static string Fill(string place, long left)
    {
        var ballast = Path.Combine(place, "ballast");
        using var file = File.Create(ballast, bufferSize: 1);
        var block = new byte[4096];
        for (var fill = new DriveInfo(place).AvailableFreeSpace - left; fill > 0; fill -= block.Length) file.Write(block);
        return ballast;
    }
}
