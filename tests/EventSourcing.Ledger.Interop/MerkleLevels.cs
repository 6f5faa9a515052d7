using System.Runtime.InteropServices;

namespace EventSourcing.Ledger.Interop;

/// <summary>A whole tree in memory, 32 bytes and a little per leaf. Not thread-safe: its owner must order appends and reads.</summary>
internal sealed class MerkleLevels : IMerkleHashes
{
    private readonly List<List<MerkleHash>> _levels = [[]];
    private readonly List<MerkleTile> _completed = [];

    public MerkleFrontier Frontier { get; } = new();

    public void Append(in MerkleHash leaf)
    {
        _levels[0].Add(leaf);
        Frontier.Append(leaf, _completed);
        foreach (var tile in _completed)
        {
            if (tile.Level == _levels.Count) _levels.Add([]);
            _levels[tile.Level].Add(tile.Hash);
        }

        _completed.Clear();
    }

    public ValueTask ReadAsync(int level, long first, Memory<MerkleHash> hashes, CancellationToken cancellationToken = default)
    {
        CollectionsMarshal.AsSpan(_levels[level]).Slice((int)first, hashes.Length).CopyTo(hashes.Span);
        return ValueTask.CompletedTask;
    }
}
