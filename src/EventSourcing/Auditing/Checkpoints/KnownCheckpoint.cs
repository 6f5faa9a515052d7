namespace EventSourcing.Ledger;

/// <summary>A checkpoint that was found to agree with the store, and the tree at the checkpoint's size.</summary>
/// <param name="Note">The note.</param>
/// <param name="Checkpoint">The note's content.</param>
/// <param name="Tree">The tree's frontier at that size. Do not change it.</param>
internal sealed record KnownCheckpoint(SignedNote Note, Checkpoint Checkpoint, MerkleFrontier Tree);
