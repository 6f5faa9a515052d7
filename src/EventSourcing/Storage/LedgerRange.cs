namespace EventSourcing.Storage;

/// <summary>For storages: which hashes of a tree may be asked for.</summary>
public static class LedgerRange
{
    /// <summary>Throws if a tree of the given size does not have all of the given hashes.</summary>
    /// <param name="level">0 for leaves, else the tiles' level.</param>
    /// <param name="first">The index of the first hash, from 0.</param>
    /// <param name="count">How many.</param>
    /// <param name="size">The tree's size.</param>
    /// <exception cref="ArgumentOutOfRangeException">The level or the index is negative, or the tree is too small.</exception>
    public static void ThrowIfInvalid(int level, long first, int count, long size)
    {
        ArgumentOutOfRangeException.ThrowIfNegative(level);
        ArgumentOutOfRangeException.ThrowIfNegative(first);
        var complete = level > 7 ? 0 : size >> (level * 8);
        if (count > complete - first)
            throw new ArgumentOutOfRangeException(
                nameof(first),
                first,
                $"A tree of {size} leaves has {complete} complete hashes on level {level}; asked for were {count} from {first} on.");
    }
}
