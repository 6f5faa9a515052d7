namespace EventSourcing.Crash;

/// <summary>The n-th write, sync, cut, opening, reading or removal of a store's files fails, for n = 1, 2, 3 …</summary>
internal static class CallFault
{
    private const int InputOutputError = 5;
    private const int NoSpace = 28;

    public static async Task<Tally> RunAsync(int upTo)
    {
        var tally = new Tally($"I/O call fails: n-th of each kind, n = 1..{upTo}");
        using var folder = Folder.InMemory();
        var library = FaultLibrary.Build(folder.Path);
        (Call Call, int Error, CallAction Action)[] kinds =
        [
            (Call.Write, InputOutputError, CallAction.Fail),
            (Call.Write, NoSpace, CallAction.Fail),
            (Call.Write, InputOutputError, CallAction.ShortWrite),
            (Call.Sync, InputOutputError, CallAction.Fail),
            (Call.Truncate, InputOutputError, CallAction.Fail),
            (Call.Open, InputOutputError, CallAction.Fail),
            (Call.Read, InputOutputError, CallAction.Fail),
            (Call.Unlink, InputOutputError, CallAction.Fail),
        ];
        await Parallel.ForEachAsync(kinds.Index(), new ParallelOptions { MaxDegreeOfParallelism = Math.Max(1, Environment.ProcessorCount) }, async (kind, _) =>
        {
            var (call, error, action) = kind.Item;
            var place = Directory.CreateDirectory(folder.FileNamed(FormattableString.Invariant($"{kind.Index}"))).FullName;
            var control = Path.Combine(place, "control");
            using (new FaultControl(control))
            {
            }

            await RunWorkerAsync(tally, library, place, control, $"{call} {error} {action}", ["calls", place, control, call, error, action, 1, upTo]);
        });
        return tally;
    }

    /// <summary>Runs a job under the fault library. The job itself counts what happens.</summary>
    internal static async Task RunWorkerAsync(Tally tally, string? library, string place, string? control, string what, object[] job)
    {
        var environment = new Dictionary<string, string>();
        if (library is not null)
        {
            environment["LD_PRELOAD"] = library;
            environment["FAULTS_PREFIX"] = Path.Combine(place, "s");
            environment["FAULTS_CONTROL"] = control!;
        }

        await using var worker = WorkerProcess.Start(environment);
        await worker.BeginAsync(job);
        var exit = await worker.EndedAsync();
        foreach (var line in worker.Lines)
        {
            if (line.StartsWith("T ", StringComparison.Ordinal)) tally.AddLine(line);
            else if (line.StartsWith("N ", StringComparison.Ordinal)) tally.Note($"[{what}] {line[2..]}");
        }

        if (exit != 0) tally.AddUnexplained($"the writer of {what} ended with {exit}: {await worker.ErrorsAsync()}");
    }
}
