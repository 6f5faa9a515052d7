using System.Globalization;

namespace EventSourcing.Tamper;

/// <summary>What became of faulty files.</summary>
internal enum FaultOutcome
{
    /// <summary>The report has findings.</summary>
    Reported,

    /// <summary>An error of the library's own.</summary>
    Refused,

    /// <summary>The report is sound, and the file says all that it said before.</summary>
    Harmless,

    /// <summary>The report is sound, and the file says something else.</summary>
    Missed,

    /// <summary>An error that is not the library's own.</summary>
    Untyped,

    /// <summary>It took too long.</summary>
    Hung,

    /// <summary>The process ended.</summary>
    Crashed,

    /// <summary>Verification has changed the file.</summary>
    Written,
}

/// <summary>Counts by group and outcome. Thread-safe.</summary>
internal sealed class FaultTally
{
    /// <summary>The most notes of one outcome of one group.</summary>
    private const int MaxNotes = 4;
    private readonly Lock _lock = new();
    private readonly SortedDictionary<string, long[]> _counts = new(StringComparer.Ordinal);
    private readonly List<string> _notes = [];

    public bool IsGood
    {
        get
        {
            lock (_lock) return _counts.Count > 0 && _counts.Values.All(counts => counts.Skip((int)FaultOutcome.Missed).Sum() == 0);
        }
    }

    public IReadOnlyList<string> Notes
    {
        get
        {
            lock (_lock) return [.. _notes];
        }
    }

    public long Total
    {
        get
        {
            lock (_lock) return _counts.Values.Sum(counts => counts.Sum());
        }
    }

    public long Of(FaultOutcome outcome)
    {
        lock (_lock) return _counts.Values.Sum(counts => counts[(int)outcome]);
    }

    public void Count(string group, FaultOutcome outcome, long times = 1, string? note = null)
    {
        lock (_lock)
        {
            if (!_counts.TryGetValue(group, out var counts)) _counts.Add(group, counts = new long[Enum.GetValues<FaultOutcome>().Length]);
            counts[(int)outcome] += times;
            if (note is not null) Note($"{outcome}: {group}: {note}");
        }
    }

    public void Note(string note)
    {
        lock (_lock)
        {
            var kind = note[..(note.IndexOf(':', note.IndexOf(':', StringComparison.Ordinal) + 1) + 1)];
            if (_notes.Count(n => n.StartsWith(kind, StringComparison.Ordinal)) < MaxNotes) _notes.Add(note);
        }
    }

    /// <summary>The counts and notes as lines for another process to add; forgets them.</summary>
    public IReadOnlyList<string> TakeLines()
    {
        lock (_lock)
        {
            List<string> lines =
            [
                .. from row in _counts from outcome in Enum.GetValues<FaultOutcome>() where row.Value[(int)outcome] > 0
                   select string.Create(CultureInfo.InvariantCulture, $"C {(int)outcome} {row.Value[(int)outcome]} {row.Key}"),
                .. _notes.Select(note => "N " + note.ReplaceLineEndings(" ")),
            ];
            _counts.Clear();
            _notes.Clear();
            return lines;
        }
    }

    public void AddLine(string line)
    {
        if (line.StartsWith("N ", StringComparison.Ordinal))
        {
            Note(line[2..]);
            return;
        }

        var parts = line.Split(' ', 4);
        Count(parts[3], (FaultOutcome)int.Parse(parts[1], CultureInfo.InvariantCulture), long.Parse(parts[2], CultureInfo.InvariantCulture));
    }

    public void Print(TextWriter output, string what)
    {
        lock (_lock)
        {
            output.WriteLine();
            output.WriteLine($"| {what} | cases | reported | refused | nothing changed | missed | untyped | hung | crashed | file changed |");
            output.WriteLine("|---|---:|---:|---:|---:|---:|---:|---:|---:|---:|");
            foreach (var (group, counts) in _counts) output.WriteLine(Line(group, counts));
            output.WriteLine(Line("**all**", [.. Enumerable.Range(0, Enum.GetValues<FaultOutcome>().Length).Select(i => _counts.Values.Sum(counts => counts[i]))]));
            output.WriteLine();
            foreach (var note in _notes.Order(StringComparer.Ordinal)) output.WriteLine("  " + note);
        }
    }

    private static string Line(string group, long[] counts) =>
        string.Create(CultureInfo.InvariantCulture, $"| {group} | {counts.Sum():N0} | {string.Join(" | ", counts.Select(n => n.ToString("N0", CultureInfo.InvariantCulture)))} |");
}
