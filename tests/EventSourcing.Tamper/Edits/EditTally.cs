using System.Globalization;

namespace EventSourcing.Tamper;

/// <summary>What the edits of one kind came to: a row of the table. Thread-safe.</summary>
internal sealed class EditTally(string name)
{
    private const int MaxNotes = 5;
    private readonly Lock _lock = new();
    private readonly List<string> _notes = [];

    public string Name => name;

    public int Runs { get; private set; }

    /// <summary>Edits that came to nothing, e.g. by swapping what was equal.</summary>
    public int Unchanged { get; private set; }

    public int Found { get; private set; }

    /// <summary>Of those found: refused when it was opened, with an error of the library's own.</summary>
    public int Refused { get; private set; }

    /// <summary>Where the tree was not made anew: the report's first bad position is the oracle's.</summary>
    public int Exact { get; private set; }

    /// <summary>Where the tree was not made anew: a finding names it, but a range that cannot be narrowed begins before.</summary>
    public int Named { get; private set; }

    /// <summary>Where the tree was not made anew: no finding names it, but some range has it.</summary>
    public int OnlyRange { get; private set; }

    /// <summary>Where the tree was made anew: some finding's range has the oracle's first bad position.</summary>
    public int Range { get; private set; }

    /// <summary>Found, but no finding names the position.</summary>
    public int Misplaced { get; private set; }

    public int Missed { get; private set; }

    /// <summary>Neither a report nor an error of the library's own, or findings where nothing was changed.</summary>
    public int Wrong { get; private set; }

    /// <summary>Covered edits that nothing tells without checkpoints.</summary>
    public int SilentWithout { get; private set; }

    /// <summary>How many were verified without checkpoints too.</summary>
    public int TriedWithout { get; private set; }

    public bool IsGood => Missed + Wrong + Misplaced == 0;

    public IReadOnlyList<string> Notes => _notes;

    public void Count(EditRun run)
    {
        lock (_lock)
        {
            Runs++;
            var verdict = run.Verdict;
            if (run.WithoutCheckpoints is { } without)
            {
                TriedWithout++;
                if (without.IsSound) SilentWithout++;
            }

            if (verdict.IsBroken)
            {
                Wrong++;
                Note("wrong", run);
            }
            else if (!run.IsChanged || run.IsExtension)
            {
                Unchanged++;
                if (verdict.IsSound || (run.IsExtension && verdict.IsFound && !verdict.BlamesBefore(run.FirstBad))) return;
                Wrong++;
                Note("wrong", run);
            }
            else if (verdict.IsSound)
            {
                Missed++;
                Note("missed", run);
            }
            else
            {
                Found++;
                if (verdict.IsRefused) Refused++;
                else if (run.FirstBad > 0) Place(run);
            }
        }
    }

    private void Place(EditRun run)
    {
        var verdict = run.Verdict;
        if (verdict.BlamesBefore(run.FirstBad) || !verdict.Covers(run.FirstBad))
        {
            Misplaced++;
            Note("misplaced", run);
        }
        else if (run.Covering != Covering.None)
        {
            Range++;
        }
        else if (verdict.Report!.FirstBadPosition == run.FirstBad)
        {
            Exact++;
        }
        else
        {
            if (verdict.Report.Findings.Any(finding => finding.Position == run.FirstBad && finding.UpTo == run.FirstBad)) Named++;
            else OnlyRange++;
            Note("not exact", run);
        }
    }

    private void Note(string what, EditRun run)
    {
        if (_notes.Count(note => note.StartsWith(what, StringComparison.Ordinal)) < MaxNotes) _notes.Add($"{what}: run {run.Number}: {run.What}{(run.Covering switch { Covering.None => "", Covering.All => ", tree made anew", var part => $", {part} made anew" })}; first bad position {run.FirstBad}; verdict: {run.Verdict}");
    }

    public static void Print(TextWriter output, IReadOnlyCollection<EditTally> tallies)
    {
        output.WriteLine();
        output.WriteLine("| edit | runs | no change | found | of these refused | first is exact | named within a range | range only | range, tree made anew | misplaced | missed | wrong |");
        output.WriteLine("|---|---:|---:|---:|---:|---:|---:|---:|---:|---:|---:|---:|");
        foreach (var t in tallies) output.WriteLine(Line(t.Name, tallies.Where(other => other == t)));
        output.WriteLine(Line("**all**", tallies));
        output.WriteLine();
        output.WriteLine(string.Create(CultureInfo.InvariantCulture, $"Control: of {tallies.Sum(t => t.TriedWithout):N0} changes covered by making the tree anew, {tallies.Sum(t => t.SilentWithout):N0} are not found without the checkpoints."));
        foreach (var t in tallies.Where(t => t.Notes.Count > 0))
        {
            output.WriteLine();
            output.WriteLine($"{t.Name}:");
            foreach (var note in t.Notes) output.WriteLine("  " + note);
        }
    }

    private static string Line(string name, IEnumerable<EditTally> of)
    {
        var rows = of.ToList();
        int Sum(Func<EditTally, int> what) => rows.Sum(what);
        return string.Create(CultureInfo.InvariantCulture, $"| {name} | {Sum(t => t.Runs):N0} | {Sum(t => t.Unchanged):N0} | {Sum(t => t.Found):N0} | {Sum(t => t.Refused):N0} | {Sum(t => t.Exact):N0} | {Sum(t => t.Named):N0} | {Sum(t => t.OnlyRange):N0} | {Sum(t => t.Range):N0} | {Sum(t => t.Misplaced):N0} | {Sum(t => t.Missed):N0} | {Sum(t => t.Wrong):N0} |");
    }
}

/// <summary>One edit and what came of it.</summary>
/// <param name="Number">The run's number, by which it can be repeated.</param>
/// <param name="What">What was edited.</param>
/// <param name="IsChanged">Whether the file says anything else than before.</param>
/// <param name="IsExtension">Whether all it says more is what an append might have added.</param>
/// <param name="Covering">How much of the tree was made anew.</param>
/// <param name="FirstBad">The oracle's first bad position; 0 where there is none.</param>
/// <param name="Verdict">What the library says.</param>
/// <param name="WithoutCheckpoints">What it says without the kept checkpoints, where that was asked.</param>
internal sealed record EditRun(int Number, string What, bool IsChanged, bool IsExtension, Covering Covering, long FirstBad, Verdict Verdict, Verdict? WithoutCheckpoints);
