using System.Globalization;

namespace EventSourcing.Crash;

/// <summary>What one fault has shown: a row of the table. Thread-safe.</summary>
/// <param name="fault">The row's name.</param>
/// <param name="isControl">
/// Whether this is a writer that is known to lose: the row is good only if the harness has seen it lose.
/// </param>
internal sealed class Tally(string fault, bool isControl = false)
{
    private const int MaxNotes = 12;
    private readonly Lock _lock = new();
    private readonly List<string> _notes = [];
    private long _runs;
    private long _acknowledged;
    private long _lost;
    private long _duplicated;
    private long _unexplained;

    public string Fault => fault;

    public bool IsControl => isControl;

    public long Runs => Volatile.Read(ref _runs);

    public long Acknowledged => Volatile.Read(ref _acknowledged);

    public long Lost => Volatile.Read(ref _lost);

    public long Duplicated => Volatile.Read(ref _duplicated);

    public long Unexplained => Volatile.Read(ref _unexplained);

    public IReadOnlyList<string> Notes
    {
        get
        {
            lock (_lock) return [.. _notes];
        }
    }

    /// <summary>Whether the row says what it must.</summary>
    public bool IsGood => Runs > 0 && Acknowledged > 0 && (isControl ? Lost + Unexplained > 0 : Lost + Duplicated + Unexplained == 0);

    public void AddRuns(long count = 1) => Interlocked.Add(ref _runs, count);

    public void AddAcknowledged(long events) => Interlocked.Add(ref _acknowledged, events);

    public void AddLost(long events, string what)
    {
        Interlocked.Add(ref _lost, events);
        Note("lost: " + what);
    }

    public void AddDuplicated(string what)
    {
        Interlocked.Increment(ref _duplicated);
        Note("duplicated: " + what);
    }

    public void AddUnexplained(string what)
    {
        Interlocked.Increment(ref _unexplained);
        Note("unexplained: " + what);
    }

    /// <summary>Remembers something worth reading; the first few of them.</summary>
    public void Note(string text)
    {
        lock (_lock)
        {
            if (_notes.Count < MaxNotes) _notes.Add(text);
        }
    }

    /// <summary>The counts as one line, for another process to add.</summary>
    public string ToLine() => string.Create(CultureInfo.InvariantCulture, $"T {Runs} {Acknowledged} {Lost} {Duplicated} {Unexplained} .");

    public void AddLine(string line)
    {
        var numbers = line.Split(' ')[1..6].Select(n => long.Parse(n, CultureInfo.InvariantCulture)).ToArray();
        Interlocked.Add(ref _runs, numbers[0]);
        Interlocked.Add(ref _acknowledged, numbers[1]);
        Interlocked.Add(ref _lost, numbers[2]);
        Interlocked.Add(ref _duplicated, numbers[3]);
        Interlocked.Add(ref _unexplained, numbers[4]);
    }

    public static void Print(TextWriter output, IReadOnlyCollection<Tally> tallies)
    {
        output.WriteLine();
        output.WriteLine("| fault | runs | acknowledged events | lost | duplicated | unexplained | |");
        output.WriteLine("|---|---:|---:|---:|---:|---:|---|");
        foreach (var t in tallies)
        {
            var verdict = t.IsGood ? "as it must be" : "**NOT AS IT MUST BE**";
            output.WriteLine(string.Create(CultureInfo.InvariantCulture, $"| {t.Fault} | {t.Runs:N0} | {t.Acknowledged:N0} | {t.Lost:N0} | {t.Duplicated:N0} | {t.Unexplained:N0} | {verdict}{(t.IsControl ? ": a control that must lose" : "")} |"));
        }

        foreach (var t in tallies.Where(t => t.Notes.Count > 0))
        {
            output.WriteLine();
            output.WriteLine($"{t.Fault}:");
            foreach (var note in t.Notes) output.WriteLine("  " + note);
        }
    }
}
