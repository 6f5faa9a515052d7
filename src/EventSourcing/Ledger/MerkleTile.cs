namespace EventSourcing;

/// <summary>
/// The root of a complete subtree that is worth keeping, so that proofs need not start from the leaves: level 1 stands over
/// 256 leaves, level 2 over 256 of level 1, and so on.
/// </summary>
/// <param name="Level">How many times 256: the subtree has 256^<paramref name="Level"/> leaves. From 1.</param>
/// <param name="Index">Its number among those of its level, from 0 and from the left.</param>
/// <param name="Hash">Its root.</param>
public readonly record struct MerkleTile(int Level, long Index, MerkleHash Hash);
