using System.Diagnostics;
using System.Text.Json;

namespace EventSourcing.Crash;

/// <summary>
/// Two processes run the same projections and reactor, and are suspended in turn, for less and for more than a lease:
/// the other one takes over, and the one that wakes up finds that it can write no more.
/// </summary>
internal static class LeaseFault
{
    private static readonly TimeSpan Lease = TimeSpan.FromSeconds(1);
    private static readonly TimeSpan TooLong = TimeSpan.FromSeconds(60);
    private static readonly string[] Names = [nameof(Ledger), nameof(Lines), nameof(Post)];

    /// <param name="suspensions">How many, where no time is given.</param>
    /// <param name="time">How long, or null.</param>
    /// <param name="seed">The seed.</param>
    public static async Task<Tally> RunAsync(int suspensions, TimeSpan? time, int seed)
    {
        var tally = new Tally("two hosts and one lease, suspended in turn");
        var random = new Random(seed);
        using var folder = Folder.OnDisk();
        var (store, posted) = (folder.FileNamed("s.db"), folder.FileNamed("posted"));
        var takeOvers = new List<TimeSpan>();
        var held = 0;
        await using var noter = WorkerProcess.Start();
        await noter.BeginAsync("note", store, seed);
        await noter.Spoke;
        List<WorkerProcess> hosts = [WorkerProcess.Start(), WorkerProcess.Start()];
        try
        {
            foreach (var host in hosts) await host.BeginAsync("follow", store, posted, random.Next(), Lease.TotalMilliseconds, false);
            foreach (var host in hosts) await host.Spoke;
            var watch = Stopwatch.StartNew();
            await using var looking = Notes.Open(store);
            for (var done = 0; time is { } t ? watch.Elapsed < t : done < suspensions; done++)
            {
                // Mostly whoever runs the table, which tells by its rows who has written them.
                var owner = (await OwnedAsync(looking, nameof(Lines)))?.Process;
                var victim = hosts.Find(host => host.Process.Id == owner && random.Next(4) > 0) ?? hosts[random.Next(2)];
                var pause = random.Next(3) == 0 ? Lease * random.NextDouble() * 0.8 : Lease * (2 + (random.NextDouble() * 2));
                if (await SuspendAsync(tally, looking, victim, pause, takeOvers, $"suspension {done + 1}")) held++;
                await Task.Delay(random.Next(300));
                tally.AddRuns();
            }
        }
        finally
        {
            foreach (var host in hosts)
            {
                await host.KillAsync();
                await KillFault.ComplainAsync(tally, host, "follow");
                await host.DisposeAsync();
            }
        }

        await noter.KillAsync();
        await KillFault.ComplainAsync(tally, noter, "note");
        var acknowledged = ProjectionAudit.Positions(noter.Lines, "N").DefaultIfEmpty().Max();
        tally.AddAcknowledged(acknowledged);
        var audit = new ProjectionAudit(tally, store, posted, "at the end");
        await audit.CheckAsync(acknowledged);
        if (takeOvers.Count > 0) tally.Note(FormattableString.Invariant($"{takeOvers.Count} take-overs, lease {Lease.TotalSeconds:0.0} s: median {takeOvers.Order().ElementAt(takeOvers.Count / 2).TotalSeconds:0.00} s, at most {takeOvers.Max().TotalSeconds:0.00} s"));
        tally.Note($"{held} suspensions met a process that had the file locked; {audit.Redelivered} deliveries were repeated, each under its id");
        return tally;
    }

    /// <summary>Suspends a process, sees who takes over, wakes it, and sees that it writes nothing.</summary>
    /// <returns>Whether it had the file locked, so that nobody could take over or do anything else.</returns>
    private static async Task<bool> SuspendAsync(Tally tally, EventStore store, WorkerProcess victim, TimeSpan pause, List<TimeSpan> takeOvers, string when)
    {
        Signals.Suspend(victim.Process);
        var taken = new Dictionary<string, Owned>(StringComparer.Ordinal);
        var hadLock = false;
        try
        {
            var clock = Stopwatch.StartNew();
            var isLong = pause > Lease * 1.5;
            var before = new Dictionary<string, Owned>(StringComparer.Ordinal);
            foreach (var name in Names)
            {
                if (await OwnedAsync(store, name) is { } owned && owned.Process == victim.Process.Id) before.Add(name, owned);
            }

            while (clock.Elapsed < pause || (isLong && taken.Count < before.Count))
            {
                foreach (var (name, owned) in before.Where(pair => !taken.ContainsKey(pair.Key)))
                {
                    if (await OwnedAsync(store, name) is not { } now || now.Token == owned.Token) continue;
                    taken.Add(name, now);
                    takeOvers.Add(clock.Elapsed);
                }

                if (clock.Elapsed > pause && await IsLockedAsync(store))
                {
                    hadLock = true;
                    break;
                }

                if (clock.Elapsed > TooLong)
                {
                    tally.AddUnexplained($"{when}: nobody has taken over {string.Join(", ", before.Keys.Except(taken.Keys))} in {TooLong}");
                    break;
                }

                await Task.Delay(10);
            }
        }
        finally
        {
            Signals.Resume(victim.Process);
        }

        if (!taken.TryGetValue(nameof(Lines), out var by)) return hadLock;
        await Task.Delay(400);
        var after = await OwnedAsync(store, nameof(Lines));
        if (after is null || after.Token != by.Token) return hadLock; // it has changed hands once more
        var written = await WrittenByAsync(store, victim.Process.Id, by.Position, after.Position);
        if (written > 0) tally.AddUnexplained($"{when}: the process that was suspended has written {written} rows after it was replaced");
        return hadLock;
    }

    /// <summary>Who runs a projection, and how far it is, as the store says.</summary>
    private static async Task<Owned?> OwnedAsync(EventStore store, string name)
    {
        var runs = await store.Storage.ReadModels.LoadAsync("$runs", [$"{name}@1"]);
        if (runs[0] is null) return null;
        using var run = JsonDocument.Parse(runs[0]);
        if (!run.RootElement.TryGetProperty("owner", out var owner)) return null;
        var hosts = await store.Storage.ReadModels.LoadAsync("$hosts", [owner.GetString()!]);
        if (hosts[0] is null) return null;
        using var host = JsonDocument.Parse(hosts[0]);
        return new Owned(host.RootElement.GetProperty("processId").GetInt32(), run.RootElement.GetProperty("token").GetInt64(), run.RootElement.GetProperty("position").GetInt64());
    }

    /// <summary>Whether nobody can write, since the suspended process was just doing so.</summary>
    private static async Task<bool> IsLockedAsync(EventStore store)
    {
        await using var probe = new SqliteEventStorage(((SqliteEventStorage)store.Storage).Path, new SqliteEventStorageOptions { BusyTimeout = TimeSpan.FromMilliseconds(500) });
        try
        {
            await probe.ReadModels.CommitAsync(new ReadModelCommit { Creates = [new ReadModelDefinition("probe", [])], Changes = [new DocumentChange("probe", "probe", "{}"u8.ToArray())] });
            return false;
        }
        catch (StoreBusyException)
        {
            return true;
        }
    }

    private static async Task<long> WrittenByAsync(EventStore store, int process, long after, long upTo) => await ((SqliteEventStorage)store.Storage).QueryAsync((connection, _) =>
    {
        using var command = connection.CreateCommand();
        command.CommandText = FormattableString.Invariant($"SELECT count(*) FROM {Lines.Table} WHERE process = {process} AND position > {after} AND position <= {upTo}");
        return ValueTask.FromResult((long)command.ExecuteScalar()!);
    });

    private sealed record Owned(int Process, long Token, long Position);
}
