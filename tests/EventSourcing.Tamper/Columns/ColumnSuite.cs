using System.Globalization;

namespace EventSourcing.Tamper;

/// <summary>Puts hostile values into every column that a store has, and asks the library for all that an app asks it for.</summary>
internal sealed class ColumnSuite
{
    /// <summary>Of the values that differ from the right one by a byte, those for which everything is asked are each n-th.</summary>
    private const int OperateEvery = 4;

    private static readonly TimeSpan TimeLimit = TimeSpan.FromSeconds(30);
    private readonly WorkFolder _folder;
    private readonly ColumnStore _store;
    private readonly Dictionary<string, string> _answers = [];
    private int _files;

    private ColumnSuite(WorkFolder folder, ColumnStore store, IReadOnlyList<ColumnCase> cases)
    {
        _folder = folder;
        _store = store;
        Cases = cases;
    }

    public IReadOnlyList<ColumnCase> Cases { get; }

    /// <summary>What the operations came to, beside the cases.</summary>
    public OperationTally Operations { get; } = new();

    public FaultTally Tally { get; } = new();

    public bool IsGood => Tally.IsGood && Operations.IsGood;

    private static LedgerVerification Verification { get; } =
        new() { Snapshots = [SnapshotsOf.Aggregate<Account>()], ReadModels = [new Sums(), new Totals()] };

    /// <summary>Makes the store and the cases, and sees that all is well with the store as it is.</summary>
    public static async Task<ColumnSuite> CreateAsync(WorkFolder folder)
    {
        var store = await ColumnStore.CreateAsync(folder);
        var path = folder.File("columns-cases.db");
        await File.WriteAllBytesAsync(path, store.File);
        List<ColumnCase> cases;
        using (var shell = new Shell(path)) cases = [.. ColumnCases.Of(shell, store)];
        var suite = new ColumnSuite(folder, store, cases);
        await suite.LearnAsync(path);
        return suite;
    }

    /// <summary>Tries cases.</summary>
    /// <param name="numbers">Their numbers.</param>
    /// <param name="atOnce">How many at a time: most of the time they wait for projections that have nothing more to do.</param>
    /// <param name="progress">Told how far it is.</param>
    public Task RunAsync(IReadOnlyCollection<int> numbers, int atOnce, Action<string>? progress = null)
    {
        var done = 0;
        return Parallel.ForEachAsync(numbers, new ParallelOptions { MaxDegreeOfParallelism = atOnce }, async (number, _) =>
        {
            await TryAsync(number);
            if (Interlocked.Increment(ref done) % 1000 == 0)
            {
                var remark = IsGood ? "" : ", NOT ALL AS IT MUST BE";
                progress?.Invoke(string.Create(CultureInfo.InvariantCulture, $"{done:N0} of {numbers.Count:N0} cases{remark}"));
            }
        });
    }

    /// <summary>What the sound store answers; the control of all the rest.</summary>
    private async Task LearnAsync(string path)
    {
        foreach (var operation in ColumnOperations.All.Where(operation => operation.IsRead))
        {
            await using var store = ColumnStore.Open(path);
            _answers.Add(operation.Name, await operation.Run(store));
        }

        foreach (var checkpoints in (IReadOnlyList<Checkpoint>[])[_store.Checkpoints, []])
        {
            var verdict = await VerifyAsync(path, checkpoints);
            if (verdict.IsSound && IsAllVerified(verdict)) continue;
            throw new InvalidOperationException($"The store as it is: {verdict} {verdict.Report}");
        }

        await using var all = ColumnStore.Open(path, inline: true);
        foreach (var operation in ColumnOperations.All)
        {
            try
            {
                await operation.Run(all);
            }
            catch (ReadModelLateException)
            {
                // The bound of what catches up is short, and the machine may have other work.
            }
        }
    }

    private async Task TryAsync(int number)
    {
        var of = Cases[number];
        var path = _folder.File(string.Create(CultureInfo.InvariantCulture, $"columns-{Interlocked.Increment(ref _files)}.db"));
        try
        {
            await File.WriteAllBytesAsync(path, _store.File);
            bool isPossible;
            using (var shell = new Shell(path)) isPossible = of.Apply(shell);
            if (!isPossible) return; // nobody can have made it so

            var (outcome, note) = await TryAsync(of, path, isWhole: !of.IsByte || number % OperateEvery == 0);
            Tally.Count(of.Group, outcome, note: note is null ? null : $"case {number}: {of}: {note}");
        }
        finally
        {
            WorkFolder.Delete(path);
        }
    }

    private async Task<(FaultOutcome Outcome, string? Note)> TryAsync(ColumnCase of, string path, bool isWhole)
    {
        var file = await File.ReadAllBytesAsync(path);
        var (isChanged, firstBad) = Judge(of, path);
        if (!await IsAsync(path, file)) throw new InvalidOperationException("The oracle has written.");

        // The verdict with checkpoints is the one that counts; without them, a log that was changed is found by the tree.
        var verdicts = new List<Verdict>();
        foreach (var checkpoints in (IReadOnlyList<Checkpoint>[])[_store.Checkpoints, []])
        {
            if (await LimitedAsync(() => VerifyAsync(path, checkpoints)) is not { } verdict) return (FaultOutcome.Hung, "verification");
            if (verdict.IsBroken) return (FaultOutcome.Untyped, $"verification: {verdict}");
            if (!await IsAsync(path, file)) return (FaultOutcome.Written, verdict.ToString());
            verdicts.Add(verdict);
        }

        var isSound = verdicts.Any(verdict => verdict.IsSound);
        if (isSound && isChanged) return (FaultOutcome.Missed, "verified as sound, but the log's tables say something else");
        if (firstBad > 0)
        {
            // A record of erasures that cannot be read is bad itself, and what it records is then recorded nowhere.
            var isOfErasures = of.Table?.Name == "events" && _store.Contents.Events.Any(e => e.IsErasureRecord && e.Position == of.Key[0].Number);
            foreach (var verdict in verdicts)
            {
                if (verdict.Report is null || (verdict.Covers(firstBad) && !verdict.BlamesBefore(firstBad, isOfErasures))) continue;
                return (FaultOutcome.Missed, $"misplaced, the first bad position is {firstBad}: {verdict}");
            }
        }

        var isFound = verdicts.TrueForAll(verdict => verdict.IsFound);
        if (isFound && !isWhole) return (FaultOutcome.Reported, null);
        var different = await OperateAsync(of, path, isSound && verdicts.TrueForAll(IsAllVerified));
        if (different is not null) return different.Value;
        if (firstBad > 0 && IsStillThere(of, path) && await LimitedAsync(() => VerifyAsync(path, _store.Checkpoints)) is { IsSound: true })
            return (FaultOutcome.Missed, "verified as sound after the store was used");
        return verdicts.Exists(verdict => verdict.IsFound) || !verdicts.TrueForAll(IsAllVerified) ? (FaultOutcome.Reported, null)
            : verdicts.Exists(verdict => verdict.IsRefused) ? (FaultOutcome.Refused, null)
            : (FaultOutcome.Harmless, null);
    }

    /// <summary>Asks for everything, on one store.</summary>
    private async Task<(FaultOutcome Outcome, string? Note)?> OperateAsync(ColumnCase of, string path, bool isSound)
    {
        var store = ColumnStore.Open(path, inline: true);
        (FaultOutcome, string?)? first = null;
        foreach (var operation in ColumnOperations.All)
        {
            var failure = (Exception?)null;
            var answer = await LimitedAsync(async () =>
            {
                try
                {
                    return await operation.Run(store);
                }
                catch (Exception e)
                {
                    failure = e;
                    return "";
                }
            });
            var outcome = Operations.Count(operation.Name, answer is null, failure);
            if (outcome == FaultOutcome.Hung) return (FaultOutcome.Hung, operation.Name);
            if (outcome == FaultOutcome.Untyped) first ??= (FaultOutcome.Untyped, $"{operation.Name}: {Short(failure!)}");
            if (isSound && operation.IsRead && failure is null && answer != _answers[operation.Name])
                first ??= (FaultOutcome.Missed, $"verified as sound, but '{operation.Name}' comes to: {answer}");
        }

        if (await LimitedAsync(async () =>
            {
                await store.DisposeAsync();
                return "";
            }) is null) return (FaultOutcome.Hung, $"disposal of {of}");
        return first;
    }

    /// <summary>What an independent reader says: whether the log is another one, and from where on.</summary>
    private (bool IsChanged, long FirstBad) Judge(ColumnCase of, string path)
    {
        using var shell = new Shell(path);
        if (of.Table is null) return (true, 0);
        var isChanged = StoreTable.In(shell).Any(table => !table.IsDerived && !AreEqual(table.Rows(shell), _store.Rows[table.Name]));
        if (!isChanged) return (false, 0);
        return (true, Contents.Read(shell).FirstBadPosition(_store.Contents));
    }

    private static bool IsStillThere(ColumnCase of, string path)
    {
        using var shell = new Shell(path);
        return of.IsStillThere(shell);
    }

    /// <summary>What an error is, and where it comes from.</summary>
    private static string Short(Exception failure)
    {
        var frames = (failure.StackTrace ?? "").Split('\n')
            .Where(frame => frame.Contains("EventSourcing.", StringComparison.Ordinal))
            .Where(frame => !frame.Contains(".Tamper.", StringComparison.Ordinal));
        return $"{failure.GetType().Name}: {failure.Message} {string.Join(" <", frames.Take(3).Select(frame => frame.Trim()))}";
    }

    private static async Task<bool> IsAsync(string path, byte[] file) => (await File.ReadAllBytesAsync(path)).AsSpan().SequenceEqual(file);

    private static bool AreEqual(IReadOnlyList<Cell[]> a, IReadOnlyList<Cell[]> b) =>
        a.Count == b.Count && a.Zip(b).All(pair => pair.First.AsSpan().SequenceEqual(pair.Second));

    private static bool IsAllVerified(Verdict verdict) => verdict.Report is { } report
        && report.Derived.Count(state => state.IsVerified && state.Name is (nameof(Sums) or nameof(Totals) or "account")) == 3;

    private static async Task<Verdict> VerifyAsync(string path, IReadOnlyList<Checkpoint> checkpoints)
    {
        try
        {
            await using var store = ColumnStore.Open(path);
            return new Verdict(await store.Ledger.VerifyAsync(Verification with { Checkpoints = checkpoints }), null);
        }
        catch (Exception failure)
        {
            return new Verdict(null, failure);
        }
    }

    /// <summary>On the pool, so that what hangs there does not hang this; null where it does.</summary>
    private static async Task<T?> LimitedAsync<T>(Func<Task<T>> run)
        where T : class
    {
        try
        {
            return await Task.Run(run).WaitAsync(TimeLimit);
        }
        catch (TimeoutException)
        {
            return null;
        }
    }
}
