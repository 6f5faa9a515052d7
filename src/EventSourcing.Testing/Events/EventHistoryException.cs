namespace EventSourcing.Testing;

/// <summary>The current code does not fit the samples of what was stored. The message lists all problems.</summary>
public sealed class EventHistoryException : Exception
{
    internal EventHistoryException(string directory, IReadOnlyList<string> problems)
        : base(
            $"{problems.Count} {(problems.Count == 1 ? "problem" : "problems")} with the event samples in "
            + $"'{directory}':{string.Concat(problems.Select(problem => $"{Environment.NewLine}- {problem}"))}") =>
        Problems = problems;

    /// <summary>The problems, one by one.</summary>
    public IReadOnlyList<string> Problems { get; }
}
