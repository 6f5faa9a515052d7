namespace EventSourcing.Operations;

/// <summary>A copy of a store that was made and verified.</summary>
/// <param name="Path">The copy's full path.</param>
/// <param name="Head">The position of its last event.</param>
/// <param name="Root">
/// The root of the Merkle tree over its events: computed anew from what the copy holds of them, and the same as that of the
/// store at this position. Keep it elsewhere to recognise the backup by.
/// </param>
/// <param name="Bytes">The copy's size.</param>
/// <param name="Elapsed">How long it took, the verification included.</param>
public sealed record SqliteBackup(string Path, long Head, MerkleHash Root, long Bytes, TimeSpan Elapsed)
{
    /// <summary>The path to which the previous store was moved in a restore; <see langword="null"/> if there was none.</summary>
    public string? Replaced { get; init; }
}
