namespace EventSourcing;

/// <summary>
/// New events in order, with their salts, from which leaves are to be made. Small events can be kept until there are enough
/// of them: between two commits everything that hashing needs has left the processor's caches, so a lone event costs three
/// times as much as each of many.
/// </summary>
internal sealed class LeafBatch
{
    public const int Capacity = 16;

    private const int OwnBytes = 8 * 1024;

    private readonly NewLeaf[] _leaves = new NewLeaf[Capacity];
    private readonly byte[] _salts = new byte[Capacity * LedgerLeaf.SaltLength];

    private byte[]? _own;
    private int _ownUsed;
    private int _kept;

    public int Count { get; private set; }

    public bool IsFull => Count == Capacity;

    public ReadOnlySpan<byte> SaltOf(int index) => _salts.AsSpan(index * LedgerLeaf.SaltLength, LedgerLeaf.SaltLength);

    public void Add(in NewLeaf leaf, ReadOnlySpan<byte> salt)
    {
        salt.CopyTo(_salts.AsSpan(Count * LedgerLeaf.SaltLength));
        _leaves[Count++] = leaf;
    }

    public MerkleHash HashOf(int index, LedgerHasher hasher) => _leaves[index].Hash(SaltOf(index), hasher);

    /// <summary>Copies what is still in the callers' memory; false if that is too much.</summary>
    public bool TryKeep()
    {
        for (; _kept < Count; _kept++)
        {
            ref var leaf = ref _leaves[_kept];
            if (leaf.Event.Data.Length + leaf.Event.Metadata.Length + leaf.Commitment.Length > OwnBytes - _ownUsed) return false;
            _own ??= new byte[OwnBytes];
            leaf = leaf with
            {
                Event = leaf.Event with { Data = Keep(leaf.Event.Data), Metadata = Keep(leaf.Event.Metadata) },
                Commitment = Keep(leaf.Commitment),
            };
        }

        return true;
    }

    /// <summary>Clears it for other leaves.</summary>
    public void Clear()
    {
        _leaves.AsSpan(0, Count).Clear(); // otherwise they would keep their callers' memory alive
        _own.AsSpan(0, _ownUsed).Clear(); // it may be erased one day
        (Count, _kept, _ownUsed) = (0, 0, 0);
    }

    private Memory<byte> Keep(ReadOnlyMemory<byte> bytes)
    {
        var kept = _own.AsMemory(_ownUsed, bytes.Length);
        bytes.CopyTo(kept);
        _ownUsed += bytes.Length;
        return kept;
    }
}

/// <summary>An event from which a leaf is to be made; its bytes stay where they are.</summary>
internal readonly record struct NewLeaf(long Position, string Stream, long Version, DateTimeOffset RecordedAt, NewEvent Event)
{
    /// <summary>The commitment to the data of an imported event that is erased; empty for all others, which have a salt.</summary>
    public ReadOnlyMemory<byte> Commitment { get; init; }

    public MerkleHash Hash(ReadOnlySpan<byte> salt, LedgerHasher hasher) => hasher.HashLeaf(new LedgerLeaf
    {
        Position = Position,
        Version = Version,
        RecordedAt = RecordedAt,
        Id = Event.Id,
        Stream = Stream,
        Type = Event.Type,
        Tags = Event.Tags,
        DataCommitment = Commitment.IsEmpty ? hasher.CommitToData(salt, Event.Data.Span) : new MerkleHash(Commitment.Span),
        MetadataCommitment = hasher.CommitToMetadata(Event.Metadata.Span),
    });
}
