using System.Globalization;

namespace EventSourcing.Crash;

/// <summary>
/// kill -9 of writing processes at random moments: one writer, or several of which one or all are killed; with
/// checkpoints all the time; and while a projection commits.
/// </summary>
internal static class KillFault
{
    private const int KillsPerStore = 60;

    public static async Task<Tally> OneWriterAsync(int kills, int seed)
    {
        var tally = new Tally("kill -9, one writer");
        await InParallelAsync(kills, seed, (count, random, pool) => RunAsync(tally, count, random, pool, writers: 1, pages: 4096));
        return tally;
    }

    public static async Task<Tally> ThreeWritersAsync(int kills, int seed)
    {
        var tally = new Tally("kill -9, three writers");
        await InParallelAsync(kills, seed, (count, random, pool) => RunAsync(tally, count, random, pool, writers: 3, pages: 4096));
        return tally;
    }

    public static async Task<Tally> DuringCheckpointsAsync(int kills, int seed)
    {
        var tally = new Tally("kill -9 during checkpoints, two writers");
        await InParallelAsync(kills, seed, (count, random, pool) => RunAsync(tally, count, random, pool, writers: 2, pages: 8));
        return tally;
    }

    public static async Task<Tally> DuringReadModelCommitsAsync(int kills, int seed)
    {
        var tally = new Tally("kill -9 during read-model commits, two projectors");
        await InParallelAsync(kills, seed, (count, random, pool) => RunAsync(tally, count, random, pool, writers: 2, pages: 64, job: "project"));
        return tally;
    }

    /// <summary>Kills writers that make a new store; then removes files of it that hold nothing acknowledged.</summary>
    public static async Task<Tally> DuringCreationAsync(int kills, int seed)
    {
        var tally = new Tally("kill -9 and deletion during the creation of a store");
        await InParallelAsync(kills, seed, async (count, random, pool) =>
        {
            using var folder = Folder.OnDisk();
            for (var i = 0; i < count; i++)
            {
                var store = folder.FileNamed($"{i}.db");
                var workers = new List<WorkerProcess>();
                for (var w = random.Next(1, 4); w > 0; w--) workers.Add(await pool.TakeAsync());
                foreach (var worker in workers) await worker.BeginAsync("append", store, random.Next(), 2, 4096, 0);
                await PauseAsync(random, 25);
                foreach (var worker in workers) worker.Process.Kill();
                foreach (var worker in workers) await worker.EndedAsync();
                var acknowledged = workers.SelectMany(w => w.TakeAcknowledged()).ToList();
                foreach (var worker in workers)
                {
                    await ComplainAsync(tally, worker, "creation");
                    await worker.DisposeAsync();
                }

                // A shared-memory file is a cache: deleting it is always harmless when nobody has the store open.
                // The others hold what was acknowledged, so they go only where nothing was.
                if (random.Next(3) == 0) File.Delete(store + "-shm");
                if (acknowledged.Count == 0 && random.Next(2) == 0) File.Delete(store + (random.Next(2) == 0 ? "-wal" : ""));
                var when = $"store {i} of {seed}";
                if (!File.Exists(store) && File.Exists(store + "-wal")) await CheckRefusedAsync(tally, store, when);
                await CheckAsync(tally, new Audit(tally), store, acknowledged, random, when);
                tally.AddRuns();
                Folder.DeleteStore(store);
            }
        });
        return tally;
    }

    /// <summary>
    /// A log without its file may hold all there is of a store, so no store is made beside it until somebody has moved it away. An empty
    /// one holds nothing.
    /// </summary>
    private static async Task CheckRefusedAsync(Tally tally, string store, string when)
    {
        var isEmpty = new FileInfo(store + "-wal").Length <= 32; // its header
        var storage = new SqliteEventStorage(store);
        try
        {
            await storage.GetHeadAsync();
            if (!isEmpty) tally.AddUnexplained($"{when}: a store was made beside a log that has no file");
        }
        catch (IncompatibleStoreException) when (!isEmpty)
        {
            File.Delete(store + "-wal"); // as the message says
        }

        await storage.DisposeAsync();
    }

    /// <summary>Nobody is killed: many handles find the same file missing, or half made, at once.</summary>
    public static async Task<Tally> CreationRaceAsync(int rounds, int seed)
    {
        var tally = new Tally("creation of a store by six handles at once");
        var random = new Random(seed);
        using var folder = Folder.InMemory();
        for (var round = 0; round < rounds; round++)
        {
            var store = folder.FileNamed($"{round}.db");
            var handles = Enumerable.Range(0, 6).Select(_ => new SqliteEventStorage(store)).ToList();
            var acknowledged = await Task.WhenAll(handles.Select((handle, i) => Task.Run(async () =>
            {
                var batch = new Workload((seed * 31) + i, FormattableString.Invariant($"own-{i}")).Next();
                try
                {
                    if (i % 2 == 0) await handle.GetHeadAsync();
                    return Acknowledgement.Of(batch, await handle.AppendAsync(batch.Request));
                }
                catch (Exception e)
                {
                    tally.AddUnexplained($"round {round}: {CallWork.Say(e)}");
                    return default;
                }
            })));
            foreach (var handle in handles) await handle.DisposeAsync();
            await CheckAsync(tally, new Audit(tally), store, [.. acknowledged.Where(a => a.Count > 0)], random, $"round {round}");
            Folder.DeleteStore(store);
            tally.AddRuns();
        }

        return tally;
    }

    /// <summary>Opens the store as an app would after a crash, checks it, and appends to it.</summary>
    internal static async Task CheckAsync(Tally tally, Audit audit, string store, IReadOnlyCollection<Acknowledgement> acknowledged, Random random, string when)
    {
        await CheckReadOnlyAsync(tally, store, acknowledged, when);
        var storage = new SqliteEventStorage(store);
        try
        {
            await audit.CheckAsync(storage, acknowledged, when);
            var probe = new Workload(random.Next(), FormattableString.Invariant($"probe-{Guid.NewGuid():N}")).Next();
            var stored = Acknowledgement.Of(probe, await storage.AppendAsync(probe.Request));
            await audit.CheckAsync(storage, [stored], when + ", after it was used again");
        }
        catch (Exception e)
        {
            tally.AddUnexplained($"{when}: the store is not usable: {e.GetType().Name}: {e.Message}");
        }

        try
        {
            await storage.DisposeAsync();
        }
        catch (Exception e)
        {
            tally.AddUnexplained($"{when}: the store cannot be closed: {e.GetType().Name}: {e.Message}");
        }
    }

    /// <summary>
    /// Opens the store read-only, as a tool would before a process repairs it. It is read with all that was acknowledged, or refused
    /// because only a process that may write can repair it. It is not busy: nobody holds it for long.
    /// </summary>
    private static async Task CheckReadOnlyAsync(Tally tally, string store, IReadOnlyCollection<Acknowledgement> acknowledged, string when)
    {
        await using var storage = new SqliteEventStorage(store, new SqliteEventStorageOptions { ReadOnly = true });
        try
        {
            var last = acknowledged.Select(a => a.Last).DefaultIfEmpty().Max();
            if (await storage.GetHeadAsync() is var head && head < last) tally.AddLost(last - head, $"{when}: read-only, the log ends at {head}");
        }
        catch (Exception refused) when (refused is IncompatibleStoreException || !File.Exists(store))
        {
            // The log has no index any more, or the file was deleted.
        }
        catch (Exception e)
        {
            tally.AddUnexplained($"{when}: the store cannot be read read-only: {e.GetType().Name}: {e.Message}");
        }
    }

    private static async Task RunAsync(Tally tally, int kills, Random random, WorkerPool pool, int writers, int pages, string job = "append")
    {
        using var folder = Folder.OnDisk();
        var workers = new List<WorkerProcess>();
        try
        {
            for (var done = 0; done < kills;)
            {
                var store = folder.FileNamed($"{done}.db");
                var audit = new Audit(tally);
                for (var here = 0; here < KillsPerStore && done < kills;)
                {
                    while (workers.Count < writers)
                    {
                        var fresh = await pool.TakeAsync();
                        object[] arguments = job == "project" ? [job, store, random.Next(), pages] : [job, store, random.Next(), random.Next(1, 5), pages, 0];
                        await fresh.BeginAsync(arguments);
                        workers.Add(fresh);
                    }

                    // Mostly while it writes, at times while it opens and recovers what the one before has left.
                    if (random.Next(5) > 0) await Task.WhenAny(workers[^1].Spoke, Task.Delay(TimeSpan.FromSeconds(60)));
                    await PauseAsync(random, 40);
                    List<WorkerProcess> victims = random.Next(3) == 0 ? [.. workers] : [workers[random.Next(workers.Count)]];
                    foreach (var victim in victims) victim.Process.Kill();
                    foreach (var victim in victims) await victim.EndedAsync();
                    var acknowledged = workers.SelectMany(w => w.TakeAcknowledged()).ToList();
                    foreach (var victim in victims)
                    {
                        workers.Remove(victim);
                        await ComplainAsync(tally, victim, job);
                        await victim.DisposeAsync();
                    }

                    done += victims.Count;
                    here += victims.Count;
                    tally.AddRuns(victims.Count);
                    await CheckAsync(tally, audit, store, acknowledged, random, $"kill {done} in {store}");
                    if (job == "project") await CheckCountAsync(tally, store, victims, $"kill {done} in {store}");
                }

                foreach (var worker in workers) worker.Process.Kill();
                foreach (var worker in workers) await worker.EndedAsync();
                var last = workers.SelectMany(w => w.TakeAcknowledged()).ToList();
                foreach (var worker in workers) await worker.DisposeAsync();
                workers.Clear();

                // Once more from the start, with everything that was ever acknowledged.
                var everything = audit.Acknowledged.Concat(last).ToList();
                var whole = new Tally("whole");
                await CheckAsync(whole, new Audit(whole), store, everything, random, $"all of {store}");
                tally.AddAcknowledged(last.Sum(a => (long)a.Count));
                if (whole.Lost > 0) tally.AddLost(whole.Lost, whole.Notes[0]);
                if (whole.Duplicated + whole.Unexplained > 0) tally.AddUnexplained(string.Join("; ", whole.Notes));
                await CheckIntegrityAsync(tally, store);
                Folder.DeleteStore(store);
            }
        }
        finally
        {
            foreach (var worker in workers) await worker.DisposeAsync();
        }
    }

    private static async Task CheckCountAsync(Tally tally, string store, List<WorkerProcess> victims, string when)
    {
        await using var storage = new SqliteEventStorage(store);
        var (count, checkpoint) = await CountModel.ReadAsync(storage);
        if (count != checkpoint) tally.AddUnexplained($"{when}: the document has counted {count} events and the checkpoint is {checkpoint}");
        var acknowledged = victims.SelectMany(v => v.Lines).Where(l => l.StartsWith("C ", StringComparison.Ordinal) && l.EndsWith(" .", StringComparison.Ordinal)).Select(l => long.Parse(l.Split(' ')[1], CultureInfo.InvariantCulture)).DefaultIfEmpty().Max();
        if (acknowledged > checkpoint) tally.AddLost(1, $"{when}: checkpoint {acknowledged} was acknowledged and {checkpoint} is stored");
    }

    internal static async Task CheckIntegrityAsync(Tally tally, string store)
    {
        await using var connection = new Microsoft.Data.Sqlite.SqliteConnection($"Data Source={store};Pooling=False");
        connection.Open();
        using var check = connection.CreateCommand();
        check.CommandText = "PRAGMA integrity_check(3)";
        if (check.ExecuteScalar() is var answer && answer is not "ok") tally.AddUnexplained($"{store}: integrity_check says {answer}");
    }

    /// <summary>A writer that failed before it was killed has found something, too.</summary>
    internal static async Task ComplainAsync(Tally tally, WorkerProcess worker, string job)
    {
        if (await worker.ErrorsAsync() is { Length: > 0 } errors) tally.AddUnexplained($"a writer ({job}) failed by itself: {errors}");
    }

    internal static Task PauseAsync(Random random, int milliseconds) => Task.Delay(TimeSpan.FromMilliseconds(random.NextDouble() * milliseconds));

    internal static async Task InParallelAsync(int count, int seed, Func<int, Random, WorkerPool, Task> run)
    {
        var lanes = Math.Clamp(Math.Min(Environment.ProcessorCount, count / 4), 1, 8);
        await Task.WhenAll(Enumerable.Range(0, lanes).Select(lane => Task.Run(async () =>
        {
            await using var pool = new WorkerPool(4);
            await run((count / lanes) + (lane < count % lanes ? 1 : 0), new Random(seed + lane), pool);
        })));
    }
}
