namespace EventSourcing.Crash;

/// <summary>
/// The clock jumps by days in either direction: between appends, across reopening, and differently in two processes.
/// That stamps never go back along the log is what every <see cref="Audit"/> checks.
/// </summary>
internal static class ClockFault
{
    private const int Days = 3;

    public static async Task<Tally> RunAsync(int rounds, int seed)
    {
        var tally = new Tally("clock jumping by up to three days");
        var random = new Random(seed);
        using var folder = Folder.OnDisk();
        var store = folder.FileNamed("s.db");
        var audit = new Audit(tally);
        await using var pool = new WorkerPool(2);
        for (var round = 0; round < rounds; round++)
        {
            var when = $"round {round}";
            var clock = new JumpingClock(seed + round, Days);
            await using (var storage = new SqliteEventStorage(store, new SqliteEventStorageOptions { TimeProvider = clock }))
            {
                var workload = new Workload(seed + round, FormattableString.Invariant($"clock-{round}"));
                for (var i = 0; i < 20; i++)
                {
                    var batch = workload.Next();
                    await audit.CheckAsync(storage, [Acknowledgement.Of(batch, await storage.AppendAsync(batch.Request))], when);
                }
            }

            if (round % 4 == 3)
            {
                // Two processes whose clocks disagree.
                List<WorkerProcess> workers = [await pool.TakeAsync(), await pool.TakeAsync()];
                foreach (var worker in workers) await worker.BeginAsync("append", store, random.Next(), 2, 4096, Days);
                foreach (var worker in workers) await worker.Spoke;
                await Task.Delay(30);
                foreach (var worker in workers) await worker.KillAsync();
                await KillFault.CheckAsync(tally, audit, store, [.. workers.SelectMany(w => w.TakeAcknowledged())], random, when + ", two processes");
                foreach (var worker in workers) await worker.DisposeAsync();
            }

            tally.AddRuns();
        }

        return tally;
    }
}
