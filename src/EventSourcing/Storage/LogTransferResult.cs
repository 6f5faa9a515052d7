namespace EventSourcing.Operations;

/// <summary>What a transfer of a log has stored and proven: the roots of both trees are equal at <see cref="Position"/>.</summary>
/// <param name="After">The position of the last event that the target had before.</param>
/// <param name="Position">The position of the last event that it has now.</param>
/// <param name="Root">The root of the tree at that position, the same in both logs.</param>
public readonly record struct LogTransferResult(long After, long Position, MerkleHash Root);
