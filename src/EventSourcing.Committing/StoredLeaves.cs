using System.Globalization;

namespace EventSourcing;

/// <summary>Makes leaves of the Merkle tree from events as they are stored.</summary>
internal static class StoredLeaves
{
    /// <summary>Hashes the events of a page, whose positions must follow each other without a gap.</summary>
    /// <param name="page">The page, with seals.</param>
    /// <param name="after">The position before its first event.</param>
    /// <param name="hashes">Receives the hashes. It must have room for all events of the page.</param>
    /// <param name="hasher">Computes them.</param>
    /// <param name="damage">Makes the storage's error from a sentence and its cause.</param>
    /// <returns>The number of events, at least 1.</returns>
    public static int Hash(
        EventPage page, long after, Span<MerkleHash> hashes, LedgerHasher hasher, Func<string, Exception?, Exception> damage)
    {
        if (page.Count == 0) throw Missing(after + 1);
        var count = 0;
        foreach (ref readonly var e in page.Events)
        {
            if (e.Position != after + count + 1) throw Missing(after + count + 1);
            try
            {
                hashes[count++] = e.HashLeaf(hasher);
            }
            catch (ArgumentException flaw)
            {
                throw damage(
                    string.Create(
                        CultureInfo.InvariantCulture,
                        $"the event at position {e.Position} cannot be made into a leaf of the Merkle tree. {flaw.Message}"),
                    flaw);
            }
        }

        return count;

        Exception Missing(long position) =>
            damage(string.Create(CultureInfo.InvariantCulture, $"the event at position {position} is missing."), null);
    }
}
