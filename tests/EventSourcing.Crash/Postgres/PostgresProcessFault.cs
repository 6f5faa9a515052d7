using EventSourcing.Tests.Postgres;

namespace EventSourcing.Crash;

/// <summary>Writing processes that are killed or suspended at random moments.</summary>
internal static class PostgresProcessFault
{
    public static async Task<Tally> KillAsync(int kills, int seed)
    {
        var tally = new Tally("PostgreSQL: kill -9 of one or all of three writers");
        var random = new Random(seed);
        using var server = PostgresInstance.Start(PostgresStore.Binaries(), isDurable: false);
        var store = new PostgresStore(tally, server.ConnectionString());
        await using var load = new PostgresLoad(tally, store, server.ConnectionString(), random);
        for (var done = 0; done < kills;)
        {
            await load.FillUpAsync(3, random.Next(1, 6));
            await KillFault.PauseAsync(random, 60);
            List<WorkerProcess> victims = random.Next(3) == 0 ? [.. load.Workers] : [load.Workers[random.Next(load.Workers.Count)]];
            var acknowledged = await load.KillAsync(victims);
            done += victims.Count;
            tally.AddRuns(victims.Count);
            await store.CheckAsync(acknowledged, random, $"kill {done}");
        }

        await store.CheckAsync(await load.KillAllAsync(), random, "the end");
        await store.CheckAllAsync(random, "all");
        return tally;
    }

    /// <summary>
    /// One of three writers stands still, for less and for more than a holder of the lock may. The others must go on meanwhile.
    /// </summary>
    public static async Task<Tally> SuspendAsync(int rounds, int seed)
    {
        var tally = new Tally("PostgreSQL: writer suspended, with or without the lock");
        var random = new Random(seed);
        using var server = PostgresInstance.Start(PostgresStore.Binaries(), isDurable: false);
        var store = new PostgresStore(tally, server.ConnectionString());
        await using var load = new PostgresLoad(tally, store, server.ConnectionString(), random);
        await load.FillUpAsync(3);
        for (var round = 0; round < rounds; round++)
        {
            await KillFault.PauseAsync(random, 60);
            var victim = load.Workers[random.Next(load.Workers.Count)];
            Signals.Suspend(victim.Process);
            if (!await store.GrowsAsync(30)) tally.AddUnexplained($"round {round}: nobody appends beside a suspended writer");
            if (random.Next(3) == 0) await KillFault.PauseAsync(random, 3000);
            Signals.Resume(victim.Process);
            await KillFault.PauseAsync(random, 60);
            await store.CheckAsync(load.TakeAcknowledged(), random, $"round {round}");
            tally.AddRuns();
        }

        await store.CheckAsync(await load.KillAllAsync(), random, "the end");
        await store.CheckAllAsync(random, "all");
        return tally;
    }
}
