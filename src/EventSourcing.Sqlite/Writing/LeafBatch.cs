using System.Runtime.ExceptionServices;

namespace EventSourcing;

/// <summary>
/// Leaves of one transaction that are to be hashed: by a thread of the pool while the writer inserts rows, or by the writer
/// itself where no thread has come to it by the time it needs the hashes.
/// </summary>
internal sealed class LeafBatch : IThreadPoolWorkItem
{
    public const int Capacity = 32;

    private const int Filling = 0;
    private const int Ready = 1;
    private const int Taken = 2;
    private const int Done = 3;

    private readonly NewLeaf[] _leaves = new NewLeaf[Capacity];
    private readonly byte[] _salts = new byte[Capacity * LedgerLeaf.SaltLength];
    private readonly MerkleHash[] _hashes = new MerkleHash[Capacity];
    private ExceptionDispatchInfo? _failure;
    private int _state;

    public int Count { get; private set; }

    public bool IsFull => Count == Capacity;

    /// <summary>The hashes, once <see cref="Complete"/> was called.</summary>
    public ReadOnlySpan<MerkleHash> Hashes => _hashes.AsSpan(0, Count);

    public ReadOnlySpan<byte> SaltOf(int index) => _salts.AsSpan(index * LedgerLeaf.SaltLength, LedgerLeaf.SaltLength);

    public void Add(in NewLeaf leaf, ReadOnlySpan<byte> salt)
    {
        salt.CopyTo(_salts.AsSpan(Count * LedgerLeaf.SaltLength));
        _leaves[Count++] = leaf;
    }

    /// <summary>Has a thread of the pool hash them. No more can be added.</summary>
    public void Queue()
    {
        Volatile.Write(ref _state, Ready);
        ThreadPool.UnsafeQueueUserWorkItem(this, preferLocal: false);
    }

    /// <summary>Sees to it that all are hashed.</summary>
    public void Complete()
    {
        if (_state == Filling) _state = Ready;
        Execute();
        if (Volatile.Read(ref _state) != Done)
        {
            // Another thread is at it, which takes it some microseconds.
            for (var spin = new SpinWait(); Volatile.Read(ref _state) != Done;) spin.SpinOnce();
        }

        _failure?.Throw();
    }

    /// <summary>Makes it ready for other leaves. Only after <see cref="Complete"/>: a thread of the pool may be at it until then.</summary>
    public void Clear()
    {
        _leaves.AsSpan(0, Count).Clear(); // or they would keep their callers' memory alive
        Count = 0;
        Volatile.Write(ref _state, Filling);
    }

    /// <summary>
    /// Hashes them, unless somebody else does. The pool may come late, when the batch has been used and is being filled anew:
    /// then there is nothing to do for it yet.
    /// </summary>
    public void Execute()
    {
        if (Interlocked.CompareExchange(ref _state, Taken, Ready) != Ready) return;
        try
        {
            for (var i = 0; i < Count; i++) _hashes[i] = _leaves[i].Hash(SaltOf(i));
        }
        catch (Exception failure)
        {
            _failure = ExceptionDispatchInfo.Capture(failure); // it is the writer's, not the pool's
        }

        Volatile.Write(ref _state, Done);
    }
}

/// <summary>An event of which a leaf is to be made, where it stands.</summary>
internal readonly record struct NewLeaf(long Position, string Stream, long Version, DateTimeOffset RecordedAt, NewEvent Event)
{
    public MerkleHash Hash(ReadOnlySpan<byte> salt) => new LedgerLeaf
    {
        Position = Position,
        Version = Version,
        RecordedAt = RecordedAt,
        Id = Event.Id,
        Stream = Stream,
        Type = Event.Type,
        Tags = Event.Tags,
        DataCommitment = LedgerLeaf.CommitToData(salt, Event.Data.Span),
        MetadataCommitment = LedgerLeaf.CommitToMetadata(Event.Metadata.Span),
    }.Hash();
}
