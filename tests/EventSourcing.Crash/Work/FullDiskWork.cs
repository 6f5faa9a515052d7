using Microsoft.Data.Sqlite;
using SQLitePCL;

namespace EventSourcing.Crash;

/// <summary>Fills the disk under a store, frees it, and goes on with the same storage, over and over.</summary>
internal static class FullDiskWork
{
    private const int CyclesPerStore = 6;

    /// <summary>What SQLite says where there is no room for the index of the log that it keeps in shared memory.</summary>
    private const int SqliteIoErrorSharedMemorySize = 4874;

    /// <summary>On a disk that the fault library makes look full.</summary>
    public static async Task RunOnBudgetAsync(Output output, string folder, string controlPath, int cycles)
    {
        using var control = new FaultControl(controlPath);
        var random = new Random(cycles);
        await RunAsync(
            output,
            Path.Combine(folder, "s.db"),
            cycles,
            fill: () => control.Budget = random.Next(0, 200_000),
            free: () => control.Budget = -1);
    }

    /// <summary>On a small file system of its own, with ballast to throw off.</summary>
    public static async Task RunOnMountAsync(Output output, string folder, int cycles)
    {
        var random = new Random(cycles);
        var ballast = Path.Combine(folder, "ballast");
        await RunAsync(
            output,
            Path.Combine(folder, "s.db"),
            cycles,
            fill: () =>
            {
                var free = new DriveInfo(folder).AvailableFreeSpace;
                using var file = File.Create(ballast, bufferSize: 1);
                var block = new byte[4096];
                for (var left = free - random.Next(0, 200_000); left > 0; left -= block.Length) file.Write(block);
            },
            free: () => File.Delete(ballast));
    }

    private static async Task RunAsync(Output output, string store, int cycles, Action fill, Action free)
    {
        var tally = new Tally("full");
        var random = new Random(cycles);
        for (var done = 0; done < cycles;)
        {
            free();
            Folder.DeleteStore(store);
            var audit = new Audit(tally);
            var storage = new SqliteEventStorage(store, new SqliteEventStorageOptions { CheckpointPages = random.Next(2) == 0 ? 30 : 4096 });
            Workload[] callers = [.. Enumerable.Range(0, 3).Select(i => new Workload((done * 31) + i, FormattableString.Invariant($"own-{done}-{i}"), bigPercent: 5))];
            var latecomer = new Workload((done * 31) + 30, FormattableString.Invariant($"late-{done}"), bigPercent: 5);
            for (var here = 0; here < CyclesPerStore && done < cycles; here++, done++)
            {
                var when = $"cycle {done}";
                fill();

                // Some caller meets the full disk; what it met is resolved below, on the same storage.
                var failed = new List<(Batch Batch, StorageFailedException Failure)>();
                var acknowledged = new List<Acknowledgement>();
                var isNew = audit.Head == 0;
                while (failed.Count == 0)
                {
                    foreach (var attempt in await Task.WhenAll(callers.Take(random.Next(2) == 0 ? 3 : 1).Select(caller => TryAppendAsync(storage, caller.Next()))))
                        Note(attempt, isFirst: true);
                }

                // Still full: an error again, reads go on, nothing acknowledged is gone. A store that nobody has had open
                // before needs room for its index of the log, even to be read.
                if (!isNew) await audit.CheckAsync(storage, acknowledged, when + ", while full");
                Note(await TryAppendAsync(storage, latecomer.Next()), isFirst: false);
                free();
                await audit.CheckAsync(storage, acknowledged, when + ", freed");
                foreach (var (batch, failure) in failed)
                {
                    var (_, result, again) = await TryAppendAsync(storage, batch);
                    if (result is null) tally.AddUnexplained($"{when}: space was freed, and the append still fails: {CallWork.Say(again!)}");
                    else if (result.WasAlreadyStored && !failure.OutcomeIsUnknown) tally.AddUnexplained($"{when}: an append said that nothing was written, and its repetition found it stored");
                    else await audit.CheckAsync(storage, [Acknowledgement.Of(batch, result)], when + ", repeated");
                }

                tally.AddRuns();

                void Note((Batch Batch, AppendResult? Result, Exception? Failure) attempt, bool isFirst)
                {
                    if (attempt.Result is { } result)
                    {
                        acknowledged.Add(Acknowledgement.Of(attempt.Batch, result));
                    }
                    else if (attempt.Failure is StorageFailedException { InnerException: SqliteException cause } failure && (cause.SqliteErrorCode == raw.SQLITE_FULL || (isNew && cause.SqliteExtendedErrorCode == SqliteIoErrorSharedMemorySize)))
                    {
                        failed.Add((attempt.Batch, failure));
                    }
                    else
                    {
                        tally.AddUnexplained($"{when}: a full disk{(isFirst ? "" : ", met again")}, shows as {CallWork.Say(attempt.Failure!)}");
                        failed.Add((attempt.Batch, attempt.Failure as StorageFailedException ?? new StorageFailedException(store, outcomeIsUnknown: true, attempt.Failure!)));
                    }
                }
            }

            await storage.DisposeAsync();
            await KillFault.CheckAsync(tally, new Audit(new Tally("again")), store, [.. audit.Acknowledged], random, $"after {done} cycles");
            await KillFault.CheckIntegrityAsync(tally, store);
        }

        CallWork.Report(output, tally);
    }

    private static async Task<(Batch Batch, AppendResult? Result, Exception? Failure)> TryAppendAsync(SqliteEventStorage storage, Batch batch)
    {
        try
        {
            return (batch, await storage.AppendAsync(batch.Request), null);
        }
        catch (Exception e)
        {
            return (batch, null, e);
        }
    }
}
