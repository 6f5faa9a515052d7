namespace EventSourcing.Ledger;

/// <summary>A checkpoint that was found to agree with the store, and the tree at that size.</summary>
/// <param name="Note">The note.</param>
/// <param name="Checkpoint">The note's content.</param>
/// <param name="Tree">The frontier of its size; not to be changed.</param>
internal sealed record KnownCheckpoint(SignedNote Note, Checkpoint Checkpoint, MerkleFrontier Tree);
