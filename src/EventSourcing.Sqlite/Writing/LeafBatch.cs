namespace EventSourcing;

/// <summary>
/// Some new events, one after the other, of which leaves are to be made, with their salts. Small ones can stay until there are
/// enough of them: between two commits all that hashing needs has left the processor's caches, so that it costs thrice as
/// much for one event as for each of many.
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

    /// <summary>Copies what is still in the callers' memory; false where that is too much.</summary>
    public bool TryKeep()
    {
        for (; _kept < Count; _kept++)
        {
            ref var leaf = ref _leaves[_kept];
            if (leaf.Event.Data.Length + leaf.Event.Metadata.Length > OwnBytes - _ownUsed) return false;
            _own ??= new byte[OwnBytes];
            leaf = leaf with { Event = leaf.Event with { Data = Keep(leaf.Event.Data), Metadata = Keep(leaf.Event.Metadata) } };
        }

        return true;
    }

    /// <summary>Makes it ready for other leaves.</summary>
    public void Clear()
    {
        _leaves.AsSpan(0, Count).Clear(); // or they would keep their callers' memory alive
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
