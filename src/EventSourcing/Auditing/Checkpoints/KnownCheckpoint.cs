namespace EventSourcing;

/// <summary>A checkpoint that the store was found to agree with, and the tree as it was then.</summary>
/// <param name="Note">The note.</param>
/// <param name="Checkpoint">What it says.</param>
/// <param name="Tree">The frontier of its size; not to be changed.</param>
internal sealed record KnownCheckpoint(SignedNote Note, Checkpoint Checkpoint, MerkleFrontier Tree);
