namespace EventSourcing.Tamper;

/// <summary>What the library has said of a file.</summary>
/// <param name="Report">The report of its verification; null where it did not come to one.</param>
/// <param name="Failure">What it threw instead.</param>
internal sealed record Verdict(LedgerReport? Report, Exception? Failure)
{
    public bool IsSound => Report is { IsSound: true };

    public bool IsFound => Report is { IsSound: false };

    /// <summary>Refused with an error of the library's own.</summary>
    public bool IsRefused => Failure is EventSourcingException;

    /// <summary>Neither a report nor an error of the library's own.</summary>
    public bool IsBroken => Failure is not null and not EventSourcingException;

    /// <summary>Opens the store as an app would, and verifies all of it.</summary>
    public static async Task<Verdict> OfAsync(string path, IReadOnlyList<Checkpoint> checkpoints, CancellationToken cancellationToken = default)
    {
        try
        {
            await using var store = new EventStore(new SqliteEventStorage(path, new SqliteEventStorageOptions { BusyTimeout = TimeSpan.FromSeconds(2) }), new EventTypes());
            return new Verdict(await store.Ledger.VerifyAsync(new LedgerVerification { Checkpoints = checkpoints }, cancellationToken), null);
        }
        catch (Exception failure)
        {
            return new Verdict(null, failure);
        }
    }

    /// <summary>Whether a finding's range contains a position.</summary>
    public bool Covers(long position) => Report!.Findings.Any(finding => finding.Position > 0 && finding.Position <= position && position <= finding.UpTo);

    /// <summary>Whether a finding blames nothing but positions before the first bad one.</summary>
    /// <param name="position">The first bad one.</param>
    /// <param name="exceptUnrecorded">Whether erased events may be said to have no record.</param>
    public bool BlamesBefore(long position, bool exceptUnrecorded = false) => Report!.Findings.Any(
        finding => finding.Position > 0 && finding.UpTo < position && !(exceptUnrecorded && finding.Kind == LedgerFindingKind.ErasureNotRecorded));

    public override string ToString() => Report is null
        ? $"{Failure!.GetType().Name}: {Failure.Message}{(IsBroken ? Failure.StackTrace?.Split('\n')[0] : "")}"
        : IsSound ? "sound" : string.Join("; ", Report.Findings.Take(6).Select(f => $"{f.Kind} {f.Position}..{f.UpTo} {f.Description}")) + (Report.Findings.Count > 6 ? $"; and {Report.Findings.Count - 6} more" : "");
}
