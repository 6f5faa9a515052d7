using System.Globalization;

namespace EventSourcing.Operations;

/// <summary>
/// A log cannot be transferred, because what the target holds is not the beginning of it. Nothing was written.
/// </summary>
public sealed class LogMismatchException : EventSourcingException
{
    internal LogMismatchException(long size, long sourceHead, MerkleHash targetRoot, MerkleHash? sourceRoot)
        : base(string.Create(
            CultureInfo.InvariantCulture,
            $"The log cannot be transferred: the target holds {size} events, and they are not the beginning of the source's log, "
            + $"{Reason(size, sourceHead)}. Nothing was written. Transfer to an empty store, or to one that was filled from this log and "
            + $"not appended to since."))
    {
        Size = size;
        SourceHead = sourceHead;
        TargetRoot = targetRoot;
        SourceRoot = sourceRoot;
    }

    /// <summary>The number of events of the target.</summary>
    public long Size { get; }

    /// <summary>The position of the source's last event.</summary>
    public long SourceHead { get; }

    /// <summary>The root of the target's tree.</summary>
    public MerkleHash TargetRoot { get; }

    /// <summary>The root of the source's tree at that size; <see langword="null"/> if it has fewer events.</summary>
    public MerkleHash? SourceRoot { get; }

    private static string Reason(long size, long sourceHead) => sourceHead < size
        ? string.Create(CultureInfo.InvariantCulture, $"which has only {sourceHead}")
        : "since the roots of the trees differ at that size";
}
