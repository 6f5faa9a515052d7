namespace EventSourcing;

/// <summary>What a checkpoint says of the log that it is of, so that a read model never goes on beside another one.</summary>
/// <param name="Event">The id of the event at the checkpoint's position.</param>
/// <param name="Size">A size that the log has had.</param>
/// <param name="Root">The root of the Merkle tree of that size, in hexadecimal digits.</param>
internal sealed record LogMark(Guid Event, long Size, string Root)
{
    /// <summary>Before the first event; every log begins so.</summary>
    public static LogMark OfNothing { get; } = new(Guid.Empty, 0, MerkleTree.EmptyRoot.ToString());
}
