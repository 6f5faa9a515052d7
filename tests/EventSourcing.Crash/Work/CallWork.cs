using Microsoft.Data.Sqlite;

namespace EventSourcing.Crash;

/// <summary>Works on a store while single calls to the kernel fail, holding every outcome against what it claims.</summary>
internal sealed class CallWork(Tally tally, Call call, string what)
{
    private const int MaxAttempts = 3;
    private const int MaxOpenings = 250;
    private readonly List<Acknowledgement> _acknowledged = [];
    private readonly Lock _lock = new();

    /// <summary>Whether a call comes about once for each opening, so that many of them are needed.</summary>
    private bool IsRare => call is Call.Truncate or Call.Unlink;

    /// <summary>Runs one store for each n.</summary>
    public static async Task RunAsync(Output output, string folder, string controlPath, Call call, int error, CallAction action, int from, int to)
    {
        var tally = new Tally("calls");
        using var control = new FaultControl(controlPath);
        for (var n = from; n <= to; n++)
        {
            var store = Path.Combine(folder, FormattableString.Invariant($"s-{n}.db"));
            control.Arm(call, n, error, action);
            await new CallWork(tally, call, $"{call} number {n}").RunAsync(store, n, control);
            Folder.DeleteStore(store);
        }

        Report(output, tally);
    }

    internal static void Report(Output output, Tally tally)
    {
        foreach (var note in tally.Notes) output.Write("N " + note.ReplaceLineEndings(" "));
        output.Write(tally.ToLine());
    }

    private async Task RunAsync(string store, int seed, FaultControl control)
    {
        Workload[] callers = [.. Enumerable.Range(0, 3).Select(i => new Workload((seed * 31) + i, FormattableString.Invariant($"own-{i}"), bigPercent: 5))];
        var random = new Random(seed);
        var committed = 0L;
        for (int after = 0, opened = 0; after < 3; opened++)
        {
            var hadFired = control.Fired > 0;
            var storage = new SqliteEventStorage(store, new SqliteEventStorageOptions { CheckpointPages = random.Next(2) == 0 ? 20 : 4096 });
            for (var left = IsRare ? 1 : random.Next(3, 9); left > 0; left--)
            {
                await Task.WhenAll(callers.Take(random.Next(3) == 0 ? 3 : 1).Select(caller => AppendAsync(storage, caller.Next())));
                await ReadAsync(storage);
                committed = await CommitDocumentAsync(storage, committed);
            }

            try
            {
                await storage.DisposeAsync();
            }
            catch (Exception e)
            {
                tally.AddUnexplained($"{what}: closing throws {Say(e)}");
            }

            // The n-th of a rare call may never come.
            if (hadFired || opened > MaxOpenings) after++;
        }

        var hasFired = control.Fired > 0;
        control.Disarm();
        if (!hasFired) tally.Note($"{what} never came");
        else tally.AddRuns();
        await KillFault.CheckAsync(tally, new Audit(tally), store, _acknowledged, random, what);
        await KillFault.CheckIntegrityAsync(tally, store);
    }

    /// <summary>
    /// Whether an error is one that a failing medium may give. What cannot be read SQLite itself calls corrupt: it makes
    /// no difference between an EIO from a read and a damaged page.
    /// </summary>
    private bool IsTyped(Exception e) =>
        e is StorageFailedException { InnerException: SqliteException } || (call == Call.Read && e is StoreCorruptedException { InnerException: SqliteException });

    private async Task AppendAsync(SqliteEventStorage storage, Batch batch)
    {
        await Task.Yield();
        var saidNothingWasWritten = false;
        for (var attempt = 1; ; attempt++)
        {
            try
            {
                var result = await storage.AppendAsync(batch.Request);
                if (result.WasAlreadyStored && saidNothingWasWritten) tally.AddUnexplained($"{what}: an append said that nothing was written, and its repetition found it stored");
                lock (_lock) _acknowledged.Add(Acknowledgement.Of(batch, result));
                return;
            }
            catch (Exception e)
            {
                if (!IsTyped(e)) tally.AddUnexplained($"{what}: an append throws {Say(e)}");
                saidNothingWasWritten = e is StorageFailedException { OutcomeIsUnknown: false };
                if (attempt < MaxAttempts) continue;
                tally.AddUnexplained($"{what}: an append failed {attempt} times for one failing call: {Say(e)}");
                return;
            }
        }
    }

    private async Task ReadAsync(SqliteEventStorage storage)
    {
        for (var attempt = 1; ; attempt++)
        {
            try
            {
                var head = await storage.GetHeadAsync();
                using var page = await storage.ReadLogAsync(new LogRead { After = Math.Max(0, head - 3) });
                if (page.Head < _acknowledged.Select(a => a.Last).DefaultIfEmpty().Max()) tally.AddLost(1, $"{what}: a read of {page.Head} after an acknowledgement of more");
                return;
            }
            catch (Exception e)
            {
                if (!IsTyped(e)) tally.AddUnexplained($"{what}: a read throws {Say(e)}");
                if (attempt < MaxAttempts) continue;
                tally.AddUnexplained($"{what}: a read failed {attempt} times for one failing call: {Say(e)}");
                return;
            }
        }
    }

    private async Task<long> CommitDocumentAsync(SqliteEventStorage storage, long committed)
    {
        for (var attempt = 1; ; attempt++)
        {
            try
            {
                var (count, checkpoint) = await CountModel.ReadAsync(storage);
                if (checkpoint < committed) tally.AddLost(1, $"{what}: checkpoint {committed} was acknowledged and {checkpoint} is stored");
                if (count != checkpoint) tally.AddUnexplained($"{what}: document and checkpoint disagree");
                await storage.ReadModels.CommitAsync(CountModel.Move(checkpoint, checkpoint + 1, checkpoint + 1));
                return checkpoint + 1;
            }
            catch (Exception e)
            {
                if (!IsTyped(e)) tally.AddUnexplained($"{what}: a read-model commit throws {Say(e)}");
                if (attempt < MaxAttempts) continue;
                tally.AddUnexplained($"{what}: a read-model commit failed {attempt} times for one failing call: {Say(e)}");
                return committed;
            }
        }
    }

    internal static string Say(Exception e) => $"{e.GetType().Name}: {e.Message} ({e.InnerException?.GetType().Name})";
}
