namespace EventSourcing.Crash;

/// <summary>
/// Loss of power, simulated: a writer runs under the fault library, which journals its calls; at sampled moments of the
/// journal the disk is put together as the loss may leave it, and opened with the library.
/// </summary>
internal static class PowerFault
{
    private const int ImagesPerJournal = 500;

    /// <summary>
    /// How many images of a journal are checked at once. A read-only storage waits for half a second for another process to repair what it
    /// may not repair itself, so most of a check is waiting.
    /// </summary>
    private const int ImagesAtOnce = 24;

    public static Task<Tally> RunAsync(int images, int seed) =>
        RunAsync(new Tally("loss of power"), images, seed, random => ["script", random.Next(100_000), random.Next(40, 160), random.Next(4) switch { 0 => 8, 1 => 30, 2 => 100, _ => 4096 }]);

    /// <summary>
    /// The writer is killed just before a sync; another one opens the store, finds what the first had written, and
    /// repeats all appends. What the second is told must hold, whoever wrote it.
    /// </summary>
    public static Task<Tally> AfterKillAsync(int images, int seed) =>
        RunAsync(new Tally("loss of power after kill -9 and repetition"), images, seed, random => ["script", random.Next(100_000), random.Next(10, 40), random.Next(2) == 0 ? 8 : 4096], isKilledFirst: true);

    /// <summary>A writer of our own that asks SQLite for less.</summary>
    public static Task<Tally> ControlAsync(int images, int seed, string synchronous) =>
        RunAsync(new Tally($"loss of power, control: synchronous={synchronous}", isControl: true), images, seed, random => ["script-raw", random.Next(100_000), random.Next(40, 160), synchronous]);

    private static async Task<Tally> RunAsync(Tally tally, int images, int seed, Func<Random, object[]> job, bool isKilledFirst = false)
    {
        using var folder = Folder.InMemory();
        var library = FaultLibrary.Build(folder.Path);
        var journals = Math.Max(1, (images + ImagesPerJournal - 1) / ImagesPerJournal);
        if (isKilledFirst) journals = Math.Max(journals, Math.Min(images / 20, 4 * journals));
        await Parallel.ForEachAsync(Enumerable.Range(0, journals), new ParallelOptions { MaxDegreeOfParallelism = Math.Max(1, Environment.ProcessorCount) }, async (i, _) =>
        {
            var random = new Random(seed + i);
            var place = Directory.CreateDirectory(folder.FileNamed(FormattableString.Invariant($"{i}"))).FullName;
            var store = Path.Combine(place, "s.db");
            var journal = Path.Combine(place, "journal");
            var arguments = job(random).ToList();
            arguments.Insert(1, store);
            var environment = new Dictionary<string, string>
            {
                ["LD_PRELOAD"] = library,
                ["FAULTS_LIBRARY"] = library,
                ["FAULTS_PREFIX"] = store,
                ["FAULTS_JOURNAL"] = journal,
                ["FAULTS_CONTROL"] = Path.Combine(place, "control"),
            };
            var recordsBefore = 0;
            using (var control = new FaultControl(environment["FAULTS_CONTROL"]))
            {
                if (isKilledFirst)
                {
                    control.Arm(Call.Sync, random.Next(1, 60), 0, CallAction.Kill);
                    await using var first = WorkerProcess.Start(environment);
                    await first.BeginAsync(arguments);
                    await first.EndedAsync();
                    control.Disarm();
                    recordsBefore = JournalRecord.ReadAll(journal).Count;
                }

                await using var worker = WorkerProcess.Start(environment);
                await worker.BeginAsync(arguments);
                if (await worker.EndedAsync() is var exit && exit != 0)
                {
                    tally.AddUnexplained($"the writer {string.Join(' ', arguments)} ended with {exit}: {await worker.ErrorsAsync()}");
                    return;
                }
            }

            Folder.DeleteStore(store);
            var count = (images / journals) + (i < images % journals ? 1 : 0);
            await CutAsync(tally, JournalRecord.ReadAll(journal), recordsBefore, count, random, store, isRaw: arguments[0] is "script-raw", $"journal {seed + i} ({string.Join(' ', arguments)})");
            Directory.Delete(place, recursive: true);
        });
        return tally;
    }

    private static async Task CutAsync(Tally tally, List<JournalRecord> journal, int from, int images, Random random, string store, bool isRaw, string what)
    {
        var disk = new SimulatedDisk();
        var acknowledged = new Dictionary<Guid, Acknowledgement>();
        var cuts = Enumerable.Range(0, images).Select(_ => random.Next(from, journal.Count + 1)).Order().ToArray();
        using var places = new SemaphoreSlim(ImagesAtOnce);
        var checks = new List<Task>();
        var next = 0;
        for (var at = 0; at <= journal.Count; at++)
        {
            for (; next < cuts.Length && cuts[next] == at; next++)
            {
                await places.WaitAsync();
                var target = FormattableString.Invariant($"{store}-{next}.image");
                disk.WriteImage(random, target, store);
                checks.Add(CheckAsync(target, [.. acknowledged.Values], new Random(random.Next()), $"{what}, power lost after call {at}"));
            }

            if (at == journal.Count) break;
            if (journal[at].Kind == 'A' && Acknowledgement.TryParse(journal[at].Text, out var a)) acknowledged[a.Batch] = a;
            else disk.Play(journal[at]);
        }

        await Task.WhenAll(checks);

        async Task CheckAsync(string target, Acknowledgement[] told, Random own, string when)
        {
            await Task.Yield();
            try
            {
                tally.AddRuns();
                if (isRaw)
                {
                    tally.AddAcknowledged(told.Sum(a => (long)a.Count));
                    RawWriter.Check(tally, target, told, when);
                }
                else
                {
                    await KillFault.CheckAsync(tally, new Audit(tally), target, told, own, when);
                    await KillFault.CheckIntegrityAsync(tally, target);
                }

                Folder.DeleteStore(target);
            }
            finally
            {
                places.Release();
            }
        }
    }
}
