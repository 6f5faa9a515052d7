using System.Globalization;
using System.Text;

namespace EventSourcing.Ledger;

/// <summary>What a verification of the log has found.</summary>
/// <param name="Size">The number of events at the time.</param>
/// <param name="Root">The root of the tree over them, as recomputed.</param>
/// <param name="Findings">What is wrong, by position; empty if all is well.</param>
public sealed record LedgerReport(long Size, MerkleHash Root, IReadOnlyList<LedgerFinding> Findings)
{
    /// <summary>Whether nothing is wrong.</summary>
    public bool IsSound => Findings.Count == 0;

    /// <summary>
    /// The size of the newest checkpoint that the log agrees with: the events up to there are unchanged since it was made, even
    /// if the tree was recomputed. 0 if there was none to compare with, or none agrees.
    /// </summary>
    public long AgreedUpTo { get; init; }

    /// <summary>
    /// How many findings there are beyond those listed. At most 10,000 are listed, so that memory stays bounded even if
    /// everything is wrong.
    /// </summary>
    public long FurtherFindings { get; init; }

    /// <summary>
    /// The snapshots and read models that were to be verified, and those that the store lists but whose code was not given.
    /// <see cref="IsSound"/> does not cover those that are not <see cref="DerivedState.IsVerified"/>.
    /// </summary>
    public IReadOnlyList<DerivedState> Derived { get; init; } = [];

    /// <summary>The first position of the log that is wrong or may be; 0 if there is none.</summary>
    public long FirstBadPosition => Findings.Where(
        finding => finding.Position > 0 && finding.Kind is not (LedgerFindingKind.SnapshotMismatch or LedgerFindingKind.ReadModelMismatch))
        .Select(finding => finding.Position).DefaultIfEmpty().Min();

    /// <summary>How many checkpoints the log was compared with, including those that do not agree.</summary>
    public int ComparedCheckpoints { get; init; }

    /// <summary>The outcome, its basis, and the first findings, for a log or a console.</summary>
    /// <returns>A line, one for each of up to ten findings, and one for each of <see cref="Derived"/>.</returns>
    public override string ToString()
    {
        var text = new StringBuilder().Append(CultureInfo.InvariantCulture, $"{Outcome}: {Size} events, root {Root}, {Ground}");
        if (!IsSound) text.Append(CultureInfo.InvariantCulture, $", findings {Findings.Count + FurtherFindings}");
        foreach (var finding in Findings.Take(10)) text.Append(CultureInfo.InvariantCulture, $"\n{finding.Kind}: {finding.Description}");
        foreach (var derived in Derived) text.Append('\n').Append(derived);
        return text.ToString();
    }

    /// <summary>
    /// A log that was compared with no checkpoint is not called sound: its tree may have been recomputed after a change.
    /// </summary>
    private string Outcome => !IsSound ? "not sound" : AgreedUpTo > 0 ? "sound" : "consistent in itself";

    private string Ground => (ComparedCheckpoints, AgreedUpTo) switch
    {
        (0, _) => "compared with no checkpoint",
        (_, 0) when IsSound => "compared with checkpoints of 0 events alone",
        (_, 0) => string.Create(
            CultureInfo.InvariantCulture, $"agrees with none of the {ComparedCheckpoints} checkpoints that it was compared with"),
        _ => string.Create(CultureInfo.InvariantCulture, $"agrees with a checkpoint of {AgreedUpTo}"),
    };
}
