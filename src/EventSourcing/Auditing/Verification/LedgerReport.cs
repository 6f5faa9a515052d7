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

    /// <summary>The first position that is wrong or may be; 0 where there is none.</summary>
    public long FirstBadPosition => Findings.Where(finding => finding.Position > 0).Select(finding => finding.Position).DefaultIfEmpty().Min();

    /// <summary>The outcome and the first findings, for a log or a console.</summary>
    /// <returns>A line, and one for each of up to ten findings.</returns>
    public override string ToString()
    {
        var text = new StringBuilder().Append(CultureInfo.InvariantCulture, $"{(IsSound ? "sound" : "not sound")}: {Size} events, root {Root}, agrees with a checkpoint of {AgreedUpTo}");
        if (!IsSound) text.Append(CultureInfo.InvariantCulture, $", findings {Findings.Count + FurtherFindings}");
        foreach (var finding in Findings.Take(10)) text.Append(CultureInfo.InvariantCulture, $"\n{finding.Kind}: {finding.Description}");
        return text.ToString();
    }
}
