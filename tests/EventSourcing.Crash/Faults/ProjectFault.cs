namespace EventSourcing.Crash;

/// <summary>
/// kill -9 of processes that project, deliver and rebuild, at random moments, while another process appends. Often there
/// are two of them, so that the one which is left takes over.
/// </summary>
internal static class ProjectFault
{
    private const int KillsPerStore = 25;
    private static readonly TimeSpan Lease = TimeSpan.FromSeconds(2);

    public static async Task<Tally> RunAsync(int kills, int seed)
    {
        var tally = new Tally("kill -9 of projecting processes");
        var redelivered = 0L;
        await KillFault.InParallelAsync(kills, seed, async (count, random, pool) =>
        {
            for (var left = count; left > 0; left -= KillsPerStore) Interlocked.Add(ref redelivered, await RunStoreAsync(tally, Math.Min(left, KillsPerStore), random, pool));
        });
        tally.Note($"{redelivered} deliveries were repeated, each under its id");
        return tally;
    }

    private static async Task<long> RunStoreAsync(Tally tally, int kills, Random random, WorkerPool pool)
    {
        using var folder = Folder.OnDisk();
        var (store, posted) = (folder.FileNamed("s.db"), folder.FileNamed("posted"));
        var followers = new List<WorkerProcess>();
        await using var noter = await pool.TakeAsync();
        await noter.BeginAsync("note", store, random.Next(1_000_000));
        try
        {
            for (var done = 0; done < kills; done++)
            {
                while (followers.Count < 1 || (followers.Count < 2 && random.Next(2) == 0))
                {
                    var fresh = await pool.TakeAsync();
                    await fresh.BeginAsync("follow", store, posted, random.Next(), Lease.TotalMilliseconds, true);
                    followers.Add(fresh);
                }

                // Often while it runs its first code, mostly when it is at work.
                if (random.Next(6) > 0) await Task.WhenAny(followers[^1].Spoke, Task.Delay(TimeSpan.FromSeconds(60)));
                await KillFault.PauseAsync(random, 600);
                var victim = followers[random.Next(followers.Count)];
                followers.Remove(victim);
                await victim.KillAsync();
                await CheckCheckpointAsync(tally, store, victim, $"kill {done + 1} in {store}");
                await KillFault.ComplainAsync(tally, victim, "follow");
                await victim.DisposeAsync();
                tally.AddRuns();
            }
        }
        finally
        {
            foreach (var follower in followers) await follower.DisposeAsync();
        }

        await noter.KillAsync();
        await KillFault.ComplainAsync(tally, noter, "note");
        var acknowledged = ProjectionAudit.Positions(noter.Lines, "N").DefaultIfEmpty().Max();
        tally.AddAcknowledged(acknowledged);
        var audit = new ProjectionAudit(tally, store, posted, store);
        await audit.CheckAsync(acknowledged);
        await KillFault.CheckIntegrityAsync(tally, store);
        return audit.Redelivered;
    }

    /// <summary>What a process has called dealt with must be so after its death.</summary>
    private static async Task CheckCheckpointAsync(Tally tally, string path, WorkerProcess victim, string when)
    {
        var said = ProjectionAudit.Positions(victim.Lines, "C").DefaultIfEmpty().Max();
        if (said == 0) return;
        await using var store = Notes.Open(path);
        var ledger = store.ReadModel(new Ledger());
        var (page, position) = (await ledger.FindAsync(Ledger.Whole), await ledger.GetPositionAsync());
        if (page is null || page.Count < said || position < said) tally.AddLost(1, $"{when}: the process had called {said} dealt with; the position is {position} and the document says {page}");
        else if (page.Breaks > 0) tally.AddUnexplained($"{when}: the document says {page}");
    }
}
