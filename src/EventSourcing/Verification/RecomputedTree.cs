namespace EventSourcing;

/// <summary>
/// Computes the tree from the events that are read, and compares it with what is stored of the tree: tiles, frontier and the
/// marks of leaves. A second tree grows beside it from the stored tiles. If the second tree has the root of a checkpoint, it is
/// the original tree. Then the events below the tiles that differ were changed.
/// </summary>
internal sealed class RecomputedTree(FindingList findings, MerkleFrontier beginning) : IDisposable
{
    /// <summary>If more positions than this are missing, the second tree is given up.</summary>
    private const long MaxMissing = 1L << 24;

    private readonly MerkleFrontier _tree = beginning;
    private readonly LedgerHasher _hasher = new();
    private readonly MerkleHash[] _leaves = new MerkleHash[MerkleTree.TileWidth];
    private readonly List<(long Position, string Stream)> _unlikeTheirMarks = [];
    private readonly List<MerkleTile> _completed = [];
    private readonly Dictionary<(int Level, long Index), MerkleHash> _storedTiles = [];
    private MerkleFrontier? _kept = beginning.Copy();
    private MerkleFrontier? _storedFrontier;
    private long _lastWrong;

    public long Size => _tree.Size;

    /// <summary>The size at which the stored frontier is to be compared; −1 if there is none.</summary>
    public long FrontierSize => _storedFrontier?.Size ?? -1;

    public void Dispose() => _hasher.Dispose();

    /// <summary>
    /// Whether the stored tree continues beyond the last event and agrees with the events, up to their last whole tile. If so,
    /// events are missing from the end, and the events that are left are those that the stored tree was made from. A stored
    /// tree of the same size as the events does not show this: other events may have been appended to an older copy.
    /// </summary>
    public bool IsContinuedByStored
    {
        get
        {
            if (_storedFrontier is not { } stored || stored.Size <= Size) return false;
            var shared = 0L;
            for (var i = 0; i < _tree.Hashes.Length; i++)
            {
                var height = System.Numerics.BitOperations.Log2((ulong)(Size - shared));
                if (height != System.Numerics.BitOperations.Log2((ulong)(stored.Size - shared))) break;
                if (stored.Hashes[i] != _tree.Hashes[i]) return false;
                shared += 1L << height;
            }

            return shared >= Size - (Size % MerkleTree.TileWidth);
        }
    }

    public MerkleHash Root() => _tree.Root();

    public void Expect(IReadOnlyList<MerkleTile> tiles)
    {
        _storedTiles.Clear();
        foreach (var tile in tiles) _storedTiles[(tile.Level, tile.Index)] = tile.Hash;
    }

    public void Expect(MerkleFrontier frontier) => _storedFrontier = frontier;

    public void Append(in StoredEvent e, ReadOnlySpan<byte> mark)
    {
        var leaf = e.HashLeaf(_hasher);
        _leaves[Size % MerkleTree.TileWidth] = leaf;
        if (!leaf.Bytes.StartsWith(mark)) _unlikeTheirMarks.Add((e.Position, e.Stream));
        _tree.Append(leaf, _completed, _hasher);
        if (_completed.Count > 0) CompareTiles();
    }

    /// <summary>
    /// Appends placeholders, up to a size, for events that are missing or cannot be read. After that, no root of this tree can
    /// equal that of a checkpoint.
    /// </summary>
    public void AppendUnknown(long upTo)
    {
        _lastWrong = upTo;
        if (upTo - Size > MaxMissing) _kept = null;
        while (Size < upTo)
        {
            var height = Math.Min(
                System.Numerics.BitOperations.TrailingZeroCount(Size), System.Numerics.BitOperations.Log2((ulong)(upTo - Size)));
            if (_kept is not null) height = height >= MerkleTree.TileHeight ? MerkleTree.TileHeight : 0;
            if (height == 0) _leaves[Size % MerkleTree.TileWidth] = default;
            _tree.Append(default, height, _completed);
            CompareTiles();
        }
    }

    /// <summary>
    /// Whether the stored tree has this root at the present size. The stored tree is made of the stored tiles. What comes after
    /// the last tile is taken from the stored frontier, or from the events as they are.
    /// </summary>
    public bool WasOnce(in MerkleHash root)
    {
        if (_kept is null) return false;
        var tail = (int)(Size % MerkleTree.TileWidth);
        if (Root(_kept, 0, tail) == root) return true;

        // The frontier must agree with the tiles. Otherwise it would confirm events that nothing else is compared with.
        return _storedFrontier is { } frontier && frontier.Size <= Size && frontier.Size > Size - tail
            && frontier.Hashes[.._kept.Hashes.Length].SequenceEqual(_kept.Hashes)
            && Root(frontier, (int)(frontier.Size % MerkleTree.TileWidth), tail) == root;
    }

    /// <summary>Compares the stored frontier with the tree. Call it when both have the same size.</summary>
    public void CompareFrontier()
    {
        if (_storedFrontier is not { } stored) return; // it cannot be read; the audit of the structure has reported that
        var from = 0L;
        for (var i = 0; i < stored.Hashes.Length; i++)
        {
            var height = System.Numerics.BitOperations.Log2((ulong)(Size - from));
            var upTo = from + (1L << height);
            var isSame = stored.Hashes[i] == _tree.Hashes[i];
            if (height < MerkleTree.TileHeight) JudgeMarks(from, upTo, isSame);
            if (!isSame && _lastWrong <= from)
                Mismatch(
                    from + 1,
                    upTo,
                    $"A subtree of the stored frontier, over the events from position {from + 1} to {upTo}, is not that of the events.");
            from = upTo;
        }
    }

    /// <summary>Checks the events after the last stored hash against their marks.</summary>
    public void Complete() => JudgeMarks(Size - MerkleTree.TileWidth, Size, isSame: false);

    private MerkleHash Root(MerkleFrontier beginning, int from, int to)
    {
        var tree = beginning.Copy();
        for (var i = from; i < to; i++) tree.Append(_leaves[i]);
        return tree.Root();
    }

    private void CompareTiles()
    {
        foreach (var tile in _completed)
        {
            var width = 1L << (MerkleTree.TileHeight * tile.Level);
            var from = tile.Index * width;
            var hasStored = _storedTiles.TryGetValue((tile.Level, tile.Index), out var stored);
            var isSame = hasStored && stored == tile.Hash;
            if (tile.Level == 1)
            {
                JudgeMarks(from, from + width, isSame);
                _kept?.Append(stored, MerkleTree.TileHeight);
            }

            // If something below this hash is wrong, it was reported already, and is the cause.
            if (isSame || (hasStored && _lastWrong > from)) continue;
            Mismatch(
                from + 1,
                from + width,
                $"The stored hash {tile.Index} of level {tile.Level}, over the events from position {from + 1} to {from + width}, "
                + $"{(hasStored ? "is not that of the events" : "is missing or cannot be read")}.");
        }

        _completed.Clear();
    }

    /// <summary>
    /// Judges the events that do not agree with their marks. If the hash over them is wrong, these events were changed. If it
    /// is right, the marks themselves were changed.
    /// </summary>
    private void JudgeMarks(long after, long upTo, bool isSame)
    {
        if (_unlikeTheirMarks.Count == 0) return;
        foreach (var (position, stream) in _unlikeTheirMarks)
        {
            if (position <= after || position > upTo) continue;
            if (isSame)
                findings.Add(
                    LedgerFindingKind.TreeMismatch,
                    position,
                    stream,
                    $"The mark stored of the event at position {position} is not that of the event, though the hash over it is.");
            else
                findings.Add(
                    LedgerFindingKind.EventChanged,
                    position,
                    stream,
                    $"The event at position {position}, of stream '{stream}', is not as it was appended: "
                    + "its leaf has another hash than was stored then.");
            _lastWrong = Math.Max(_lastWrong, position);
        }

        _unlikeTheirMarks.RemoveAll(unlike => unlike.Position > after && unlike.Position <= upTo);
    }

    private void Mismatch(long from, long upTo, string description)
    {
        findings.Add(LedgerFindingKind.TreeMismatch, from, upTo, null, description);
        _lastWrong = Math.Max(_lastWrong, upTo);
    }
}
