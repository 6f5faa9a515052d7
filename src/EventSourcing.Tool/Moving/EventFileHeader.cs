namespace EventSourcing.Tool;

/// <summary>What the first line of an exported log says.</summary>
/// <param name="Head">How many events the log had.</param>
/// <param name="Root">The root of the Merkle tree over them.</param>
internal sealed record EventFileHeader(long Head, MerkleHash Root);
