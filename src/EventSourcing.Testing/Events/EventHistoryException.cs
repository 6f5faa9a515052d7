namespace EventSourcing.Testing;

/// <summary>Today's code does not go with the samples of what was stored. The message lists all that is wrong.</summary>
public sealed class EventHistoryException : Exception
{
    internal EventHistoryException(string directory, IReadOnlyList<string> problems)
        : base($"{problems.Count} {(problems.Count == 1 ? "problem" : "problems")} with the event samples in '{directory}':{string.Concat(problems.Select(problem => $"{Environment.NewLine}- {problem}"))}") =>
        Problems = problems;

    /// <summary>What is wrong, one by one.</summary>
    public IReadOnlyList<string> Problems { get; }
}
