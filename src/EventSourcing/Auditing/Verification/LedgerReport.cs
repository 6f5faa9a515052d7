using System.Globalization;
using System.Text;

namespace EventSourcing;

/// <summary>What a verification of the log has found.</summary>
/// <param name="Size">The number of events at the time.</param>
/// <param name="Root">The root of the tree over them, as recomputed.</param>
/// <param name="Findings">What is wrong, by position; empty where all is well.</param>
public sealed record LedgerReport(long Size, MerkleHash Root, IReadOnlyList<LedgerFinding> Findings)
{
    /// <summary>Whether nothing is wrong.</summary>
    public bool IsSound => Findings.Count == 0;

    /// <summary>
    /// The size of the newest checkpoint that the log agrees with: nobody has changed the events up to there since it was made,
    /// whatever they have done to the tree. 0 where there was none to compare with, or none agrees.
    /// </summary>
    public long AgreedUpTo { get; init; }

    /// <summary>How many findings there were beyond those listed: no more than 10,000 are, so that memory stays bounded on a log of which nothing is right.</summary>
    public long FurtherFindings { get; init; }

    /// <summary>
    /// The snapshots and read models that were to be verified, and those that the store lists and nobody has given the code
    /// for. <see cref="IsSound"/> says nothing of those that are not <see cref="DerivedState.IsVerified"/>.
    /// </summary>
    public IReadOnlyList<DerivedState> Derived { get; init; } = [];

    /// <summary>The first position of the log that is wrong or may be; 0 where there is none.</summary>
    public long FirstBadPosition => Findings.Where(finding => finding.Position > 0 && finding.Kind is not (LedgerFindingKind.SnapshotMismatch or LedgerFindingKind.ReadModelMismatch)).Select(finding => finding.Position).DefaultIfEmpty().Min();

    /// <summary>How many checkpoints the log was compared with, those included that do not agree.</summary>
    public int ComparedCheckpoints { get; init; }

    /// <summary>The outcome, what it rests on, and the first findings, for a log or a console.</summary>
    /// <returns>A line, one for each of up to ten findings, and one for each of <see cref="Derived"/>.</returns>
    public override string ToString()
    {
        var text = new StringBuilder().Append(CultureInfo.InvariantCulture, $"{Outcome}: {Size} events, root {Root}, {Ground}");
        if (!IsSound) text.Append(CultureInfo.InvariantCulture, $", findings {Findings.Count + FurtherFindings}");
        foreach (var finding in Findings.Take(10)) text.Append(CultureInfo.InvariantCulture, $"\n{finding.Kind}: {finding.Description}");
        foreach (var derived in Derived) text.Append('\n').Append(derived);
        return text.ToString();
    }

    /// <summary>A log that was compared with nothing proves nothing against somebody who has made the tree anew, so it is not called sound.</summary>
    private string Outcome => !IsSound ? "not sound" : AgreedUpTo > 0 ? "sound" : "consistent in itself";

    private string Ground => (ComparedCheckpoints, AgreedUpTo) switch
    {
        (0, _) => "compared with no checkpoint",
        (_, 0) when IsSound => "compared with checkpoints of 0 events alone",
        (_, 0) => string.Create(CultureInfo.InvariantCulture, $"agrees with none of the {ComparedCheckpoints} checkpoints that it was compared with"),
        _ => string.Create(CultureInfo.InvariantCulture, $"agrees with a checkpoint of {AgreedUpTo}"),
    };
}
