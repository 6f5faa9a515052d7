namespace EventSourcing.Crash;

/// <summary>Processes that are suspended (SIGSTOP) while they hold something that others need.</summary>
internal static class SuspendFault
{
    private static readonly TimeSpan Patience = TimeSpan.FromMilliseconds(250);
    private static readonly TimeSpan TooLong = TimeSpan.FromSeconds(60);

    /// <summary>A process holds the write lock and is suspended: others time out as told, can be cancelled, and go on after.</summary>
    public static async Task<Tally> LockHolderAsync(int rounds)
    {
        var tally = new Tally("suspended holder of the write lock");
        using var folder = Folder.OnDisk();
        var store = folder.FileNamed("s.db");
        var audit = new Audit(tally);
        var workload = new Workload(1, "suspend");
        var random = new Random(rounds);
        for (var round = 0; round < rounds; round++)
        {
            var when = $"round {round}";
            await KillFault.CheckAsync(tally, audit, store, [], random, when);
            await using var holder = WorkerProcess.Start();
            await holder.BeginAsync("hold", store, "BEGIN IMMEDIATE");
            await holder.Spoke;
            Signals.Suspend(holder.Process);
            await using var storage = new SqliteEventStorage(store, new SqliteEventStorageOptions { BusyTimeout = Patience });
            await using var patient = new SqliteEventStorage(store);
            if (await FailureOf(() => storage.AppendAsync(workload.Next().Request).AsTask()) is not StoreBusyException busy) tally.AddUnexplained($"{when}: an append beside a suspended lock holder does not say StoreBusyException");
            else if (busy.Waited < Patience) tally.AddUnexplained($"{when}: gave up after {busy.Waited}, told to wait {Patience}");

            using var cancellation = new CancellationTokenSource();
            var waiting = patient.AppendAsync(workload.Next().Request, cancellation.Token).AsTask();
            await Task.Delay(random.Next(1, 30));
            await cancellation.CancelAsync();
            if (await FailureOf(() => waiting) is not OperationCanceledException) tally.AddUnexplained($"{when}: an append that waits for the lock cannot be cancelled");
            if (await FailureOf(() => storage.GetHeadAsync().AsTask()) is { } refused) tally.AddUnexplained($"{when}: a read beside a suspended lock holder fails: {CallWork.Say(refused)}");

            // What was refused or cancelled never was, so the same caller's versions go on from before it.
            workload = new Workload((round * 31) + 7, FormattableString.Invariant($"suspend-{round}"));
            var batch = workload.Next();
            var append = patient.AppendAsync(batch.Request).AsTask();
            Signals.Resume(holder.Process);
            await holder.TellAsync("release");
            try
            {
                var stored = Acknowledgement.Of(batch, await append.WaitAsync(TooLong));
                await audit.CheckAsync(patient, [stored], when + ", resumed");
            }
            catch (Exception e) when (e is TimeoutException or EventSourcingException)
            {
                tally.AddUnexplained($"{when}: the lock is free again and the append fails: {CallWork.Say(e)}");
            }

            tally.AddRuns();
        }

        return tally;
    }

    /// <summary>
    /// A process is suspended while it holds the lock and has half written the shared header: readers must wait for it
    /// as for any other lock. The moment is too short to hit, so the half-written header is made.
    /// </summary>
    public static async Task<Tally> HalfWrittenHeaderAsync(int rounds)
    {
        var tally = new Tally("writer suspended with its shared header half written");
        var random = new Random(rounds);
        using var folder = Folder.OnDisk();
        var store = folder.FileNamed("s.db");
        var audit = new Audit(tally);
        for (var round = 0; round < rounds; round++)
        {
            var when = $"round {round}";
            await KillFault.CheckAsync(tally, audit, store, [], random, when);
            await using var holder = WorkerProcess.Start();
            await using var scribbler = WorkerProcess.Start();
            await holder.BeginAsync("hold", store, "BEGIN IMMEDIATE");
            await holder.Spoke;
            Signals.Suspend(holder.Process);
            await scribbler.BeginAsync("scribble", store + "-shm");
            await scribbler.EndedAsync();
            await using var storage = new SqliteEventStorage(store, new SqliteEventStorageOptions { BusyTimeout = Patience });
            if (await FailureOf(() => storage.GetHeadAsync().AsTask()) is not StoreBusyException) tally.AddUnexplained($"{when}: a read does not say StoreBusyException");
            if (await FailureOf(() => storage.AppendAsync(new Workload(round, "header").Next().Request).AsTask()) is not StoreBusyException) tally.AddUnexplained($"{when}: an append does not say StoreBusyException");
            Signals.Resume(holder.Process);
            await holder.KillAsync();
            await KillFault.CheckAsync(tally, audit, store, [], random, when + ", after");
            tally.AddRuns();
        }

        return tally;
    }

    /// <summary>A process is suspended wherever it stands while it appends: others succeed or find the store busy, never anything else.</summary>
    public static async Task<Tally> WriterAsync(int rounds, int seed)
    {
        var tally = new Tally("writer suspended at a random moment");
        var random = new Random(seed);
        using var folder = Folder.OnDisk();
        var store = folder.FileNamed("s.db");
        var audit = new Audit(tally);
        var busy = 0;
        await using var writer = WorkerProcess.Start();
        await writer.BeginAsync("append", store, seed, 3, 16, 0);
        await writer.Spoke;
        for (var round = 0; round < rounds; round++)
        {
            var when = $"round {round}";
            await Task.Delay(TimeSpan.FromMilliseconds(random.NextDouble() * 10));
            Signals.Suspend(writer.Process);
            var storage = new SqliteEventStorage(store, new SqliteEventStorageOptions { BusyTimeout = TimeSpan.FromMilliseconds(30) });
            var batch = new Workload(seed + round, FormattableString.Invariant($"own-{round}")).Next();
            var acknowledged = writer.TakeAcknowledged().ToList();
            try
            {
                acknowledged.Add(Acknowledgement.Of(batch, await storage.AppendAsync(batch.Request)));
            }
            catch (StoreBusyException)
            {
                busy++;
            }
            catch (Exception e)
            {
                tally.AddUnexplained($"{when}: an append beside a suspended writer throws {CallWork.Say(e)}");
            }

            try
            {
                if (await FailureOf(() => storage.GetHeadAsync().AsTask()) is null) await audit.CheckAsync(storage, acknowledged, when);
                else acknowledged.ForEach(a => audit.Owe(a));
            }
            finally
            {
                await storage.DisposeAsync();
                Signals.Resume(writer.Process);
            }

            tally.AddRuns();
        }

        await writer.KillAsync();
        await KillFault.CheckAsync(tally, audit, store, [.. writer.TakeAcknowledged(), .. audit.Owed], random, "at the end");
        if (await writer.ErrorsAsync() is { Length: > 0 } errors) tally.AddUnexplained($"the suspended writer failed: {errors}");
        tally.Note($"{busy} of {rounds} met a held lock");
        return tally;
    }

    /// <summary>A process is suspended inside a read: the log beside the file grows, appends go on, and it shrinks after.</summary>
    public static async Task<Tally> ReaderAsync(int rounds)
    {
        const int EventBytes = 500_000;
        const int Appends = 180;
        var tally = new Tally("suspended reader");
        var random = new Random(rounds);
        using var folder = Folder.OnDisk();
        for (var round = 0; round < rounds; round++)
        {
            var store = folder.FileNamed($"{round}.db");
            var audit = new Audit(tally);
            await KillFault.CheckAsync(tally, audit, store, [], random, "before");
            await using var reader = WorkerProcess.Start();
            await reader.BeginAsync("hold", store, "BEGIN; SELECT count(*) FROM events");
            await reader.Spoke;
            Signals.Suspend(reader.Process);
            await using var storage = new SqliteEventStorage(store, new SqliteEventStorageOptions { CheckpointPages = 2000 });
            for (var i = 0; i < Appends; i++) await AppendAsync($"append {i} beside a suspended reader");
            var grown = new FileInfo(store + "-wal").Length;
            Signals.Resume(reader.Process);
            await reader.TellAsync("release");
            await reader.EndedAsync().WaitAsync(TooLong);
            for (var i = 0; i < 40; i++) await AppendAsync($"append {i} after the reader");
            var shrunk = new FileInfo(store + "-wal").Length;
            tally.Note(FormattableString.Invariant($"the write-ahead log grew to {grown / 1048576.0:0.0} MiB beside the reader, and has {shrunk / 1048576.0:0.0} MiB after it"));
            if (grown < Appends * (long)EventBytes || shrunk > 65 * 1048576L) tally.AddUnexplained($"the write-ahead log had {grown} bytes beside the reader and has {shrunk} after it");
            tally.AddRuns();

            async Task AppendAsync(string when)
            {
                var id = Guid.NewGuid();
                id = Batch.WithoutTail(id);
                var e = new NewEvent(Batch.EventId(id, 0), "large", Batch.Payload(id, 0, 1, EventBytes));
                try
                {
                    var result = await storage.AppendAsync(new AppendRequest([new StreamWrite("large", ExpectedVersion.Any, [e])]));
                    await audit.CheckAsync(storage, [new Acknowledgement(id, 1, result.FirstPosition, result.Position)], when);
                }
                catch (EventSourcingException failure)
                {
                    tally.AddUnexplained($"{when}: {CallWork.Say(failure)}");
                }
            }
        }

        return tally;
    }

    private static async Task<Exception?> FailureOf(Func<Task> act)
    {
        try
        {
            await act().WaitAsync(TooLong);
            return null;
        }
        catch (Exception e)
        {
            return e;
        }
    }
}
