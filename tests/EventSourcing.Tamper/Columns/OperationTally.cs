using System.Globalization;

namespace EventSourcing.Tamper;

/// <summary>Counts what operations on changed stores came to. Thread-safe.</summary>
internal sealed class OperationTally
{
    private readonly Lock _lock = new();
    private readonly Dictionary<string, long[]> _counts = [];
    private readonly SortedDictionary<string, long> _errors = new(StringComparer.Ordinal);

    public bool IsGood
    {
        get
        {
            lock (_lock) return _counts.Values.All(counts => counts[(int)FaultOutcome.Untyped] + counts[(int)FaultOutcome.Hung] == 0);
        }
    }

    /// <summary>Counts one.</summary>
    /// <param name="name">The operation.</param>
    /// <param name="isHung">Whether it did not end.</param>
    /// <param name="failure">What it threw; null where it answered.</param>
    public FaultOutcome Count(string name, bool isHung, Exception? failure)
    {
        var outcome = isHung ? FaultOutcome.Hung
            : failure switch { null => FaultOutcome.Harmless, EventSourcingException => FaultOutcome.Refused, _ => FaultOutcome.Untyped };
        lock (_lock)
        {
            if (!_counts.TryGetValue(name, out var counts)) _counts.Add(name, counts = new long[Enum.GetValues<FaultOutcome>().Length]);
            counts[(int)outcome]++;
            if (failure is not null) _errors[failure.GetType().Name] = _errors.GetValueOrDefault(failure.GetType().Name) + 1;
        }

        return outcome;
    }

    public void Print(TextWriter output)
    {
        lock (_lock)
        {
            output.WriteLine("| operation | answered | refused | untyped | hung |");
            output.WriteLine("|---|---:|---:|---:|---:|");
            FaultOutcome[] shown = [FaultOutcome.Harmless, FaultOutcome.Refused, FaultOutcome.Untyped, FaultOutcome.Hung];
            foreach (var (name, counts) in _counts)
            {
                var cells = shown.Select(outcome => counts[(int)outcome].ToString("N0", CultureInfo.InvariantCulture));
                output.WriteLine($"| {name} | {string.Join(" | ", cells)} |");
            }

            output.WriteLine();
            var errors = _errors.Select(error => string.Create(CultureInfo.InvariantCulture, $"{error.Key} {error.Value:N0}"));
            output.WriteLine($"Errors: {string.Join(", ", errors)}.");
            output.WriteLine();
        }
    }
}
