namespace EventSourcing.Ledger;

/// <summary>
/// The root of a complete subtree that is stored, so that proofs need not start from the leaves: level 1 covers 256 leaves,
/// level 2 over 256 of level 1, and so on.
/// </summary>
/// <param name="Level">How many times 256: the subtree has 256^<paramref name="Level"/> leaves. From 1.</param>
/// <param name="Index">Its index within its level, from 0, from left to right.</param>
/// <param name="Hash">Its root.</param>
public readonly record struct MerkleTile(int Level, long Index, MerkleHash Hash);
