namespace EventSourcing;

/// <summary>Some of a transaction's new events, one after the other, of which leaves are to be made, with their salts.</summary>
internal sealed class LeafBatch
{
    public const int Capacity = 32;

    private readonly NewLeaf[] _leaves = new NewLeaf[Capacity];
    private readonly byte[] _salts = new byte[Capacity * LedgerLeaf.SaltLength];

    public int Count { get; private set; }

    public bool IsFull => Count == Capacity;

    public ReadOnlySpan<byte> SaltOf(int index) => _salts.AsSpan(index * LedgerLeaf.SaltLength, LedgerLeaf.SaltLength);

    public void Add(in NewLeaf leaf, ReadOnlySpan<byte> salt)
    {
        salt.CopyTo(_salts.AsSpan(Count * LedgerLeaf.SaltLength));
        _leaves[Count++] = leaf;
    }

    public MerkleHash HashOf(int index, LedgerHasher hasher) => _leaves[index].Hash(SaltOf(index), hasher);

    /// <summary>Makes it ready for other leaves.</summary>
    public void Clear()
    {
        _leaves.AsSpan(0, Count).Clear(); // or they would keep their callers' memory alive
        Count = 0;
    }
}

/// <summary>An event of which a leaf is to be made, where it stands.</summary>
internal readonly record struct NewLeaf(long Position, string Stream, long Version, DateTimeOffset RecordedAt, NewEvent Event)
{
    public MerkleHash Hash(ReadOnlySpan<byte> salt, LedgerHasher hasher) => hasher.HashLeaf(new LedgerLeaf
    {
        Position = Position,
        Version = Version,
        RecordedAt = RecordedAt,
        Id = Event.Id,
        Stream = Stream,
        Type = Event.Type,
        Tags = Event.Tags,
        DataCommitment = hasher.CommitToData(salt, Event.Data.Span),
        MetadataCommitment = LedgerLeaf.CommitToMetadata(Event.Metadata.Span),
    });
}
