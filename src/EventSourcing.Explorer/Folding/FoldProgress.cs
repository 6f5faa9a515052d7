namespace EventSourcing.Explorer;

/// <summary>How far a fold is that is not at its end.</summary>
/// <param name="State"><c>running</c>, <c>waiting</c> for others to end, or <c>stopped</c> by somebody.</param>
/// <param name="Position">The position up to which nothing is missing.</param>
/// <param name="UpTo">The position that it is to reach.</param>
internal sealed record FoldProgress(string State, long Position, long UpTo)
{
    internal bool IsStopped => State == "stopped";
}
