namespace EventSourcing.Tamper;

/// <summary>Puts faulty files in place, one after the other, and has the library verify each.</summary>
internal sealed class FaultRunner(FaultCases cases, WorkFolder folder, FaultTally tally)
{
    public static readonly TimeSpan TimeLimit = TimeSpan.FromSeconds(60);
    private readonly string _path = folder.File($"fault-{Guid.NewGuid():N}.db");

    /// <summary>Tries these cases.</summary>
    /// <param name="numbers">Their numbers.</param>
    /// <param name="began">Told the number of each case before it begins.</param>
    public async Task RunAsync(IEnumerable<long> numbers, Action<long>? began = null)
    {
        foreach (var number in numbers)
        {
            began?.Invoke(number);
            var fault = cases[number];
            var (outcome, note) = await TryAsync(fault);
            tally.Count(fault.Group, outcome, note: note is null ? null : $"case {number}: {fault.What}: {note}");
        }

        WorkFolder.Delete(_path);
    }

    private async Task<(FaultOutcome Outcome, string? Note)> TryAsync(FaultCase fault)
    {
        Place(fault);
        Verdict verdict;
        try
        {
            // On the pool, so that a case that hangs does not hang this.
            verdict = await Task.Run(() => Verdict.OfAsync(_path, cases.Checkpoints)).WaitAsync(TimeLimit);
        }
        catch (TimeoutException)
        {
            return (FaultOutcome.Hung, $"no verdict after {TimeLimit}");
        }

        if (verdict.IsBroken) return (FaultOutcome.Untyped, verdict.ToString());

        // Where there is a log, closing moves it into the file.
        if (fault.Log is null && !(await File.ReadAllBytesAsync(_path)).AsSpan().SequenceEqual(fault.Database)) return (FaultOutcome.Written, verdict.ToString());
        if (verdict.IsFound) return (FaultOutcome.Reported, null);
        if (verdict.IsRefused) return (FaultOutcome.Refused, null);
        Place(fault);
        var digest = Contents.DigestOf(_path, cases.IsWithTree);
        return digest == cases.SoundDigest ? (FaultOutcome.Harmless, null) : (FaultOutcome.Missed, $"verified as sound, but read by SQLite alone: {digest}");
    }

    private void Place(FaultCase fault)
    {
        WorkFolder.Delete(_path);
        File.WriteAllBytes(_path, fault.Database);
        if (fault.Log is { } log) File.WriteAllBytes(_path + "-wal", log);
    }
}
