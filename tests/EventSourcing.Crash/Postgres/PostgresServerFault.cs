using EventSourcing.Tests.Postgres;

namespace EventSourcing.Crash;

/// <summary>The server crashes and recovers, or ends a connection, while processes append.</summary>
internal static class PostgresServerFault
{
    public static async Task<Tally> RestartAsync(int restarts, int seed)
    {
        var tally = new Tally("PostgreSQL: pg_ctl restart -m immediate");
        var random = new Random(seed);
        using var server = PostgresInstance.Start(PostgresStore.Binaries(), isDurable: true);
        var store = new PostgresStore(tally, server.ConnectionString());
        await using var load = new PostgresLoad(tally, store, server.ConnectionString(), random);
        await load.FillUpAsync(2);
        for (var done = 0; done < restarts; done++)
        {
            await KillFault.PauseAsync(random, 400);
            server.Stop("immediate");
            if (random.Next(2) == 0) await KillFault.PauseAsync(random, 1000);
            server.Start();
            if (!await store.GrowsAsync(20)) tally.AddUnexplained($"restart {done}: the writers do not go on");
            await store.CheckAsync(load.TakeAcknowledged(), random, $"restart {done}");
            tally.AddRuns();
        }

        await store.CheckAsync(await load.KillAllAsync(), random, "the end");
        await store.CheckAllAsync(random, "all");
        return tally;
    }

    public static async Task<Tally> TerminateAsync(int times, int seed)
    {
        var tally = new Tally("PostgreSQL: pg_terminate_backend of writers");
        var random = new Random(seed);
        using var server = PostgresInstance.Start(PostgresStore.Binaries(), isDurable: false);
        var store = new PostgresStore(tally, server.ConnectionString());
        await using var load = new PostgresLoad(tally, store, server.ConnectionString(), random);
        await load.FillUpAsync(2);
        for (var done = 0; done < times;)
        {
            await KillFault.PauseAsync(random, 60);

            // One of them, or whoever is in a transaction: that is the one that holds the lock.
            var who = random.Next(2) == 0 ? "ORDER BY random() LIMIT 1" : "AND xact_start IS NOT NULL";
            var ended = await PostgresStore.RunAsync(server.ConnectionString(), $"""
                SELECT count(pg_terminate_backend(pid))::int FROM (SELECT pid FROM pg_stat_activity
                WHERE backend_type = 'client backend' AND pid <> pg_backend_pid() {who}) victims
                """);
            done += (int)ended!;
            tally.AddRuns((int)ended);
            if (random.Next(8) > 0) continue;
            if (!await store.GrowsAsync(20)) tally.AddUnexplained($"after {done}: the writers do not go on");
            await store.CheckAsync(load.TakeAcknowledged(), random, $"after {done}");
        }

        await store.CheckAsync(await load.KillAllAsync(), random, "the end");
        await store.CheckAllAsync(random, "all");
        return tally;
    }
}
