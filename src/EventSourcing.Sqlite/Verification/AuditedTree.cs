namespace EventSourcing;

/// <summary>
/// What a file has of the tree, read for a verification: nothing is trusted, and what cannot be read is left out.
/// </summary>
internal sealed class AuditedTree(Database database)
{
    /// <summary>The most tiles of a page; an intact log has far fewer.</summary>
    private const int MaxTiles = 100_000;

    /// <summary>The stored frontier; null if it cannot be read.</summary>
    public MerkleFrontier? ReadFrontier()
    {
        var select = database.Prepare("SELECT frontier FROM ledger WHERE id = 0");
        try
        {
            return select.Step() && select.Class(0) == StorageClass.Blob ? MerkleFrontier.Parse(select.Bytes(0)) : null;
        }
        catch (LedgerFormatException)
        {
            return null;
        }
        finally
        {
            select.Reset();
        }
    }

    /// <summary>The stored tiles that positions after one and up to another complete, without those that cannot be read.</summary>
    public List<MerkleTile> ReadTiles(long after, long upTo)
    {
        var tiles = new List<MerkleTile>();
        var select = database.Prepare(
            "SELECT number, hash FROM ledger_tiles WHERE level = ?1 AND number >= ?2 AND number < ?3 ORDER BY number");
        for (var level = 1; level < sizeof(long) && tiles.Count < MaxTiles; level++)
        {
            var shift = 8 * level;
            if (after >> shift == upTo >> shift) break;
            select.Bind(1, level).Bind(2, after >> shift).Bind(3, upTo >> shift);
            try
            {
                while (tiles.Count < MaxTiles && select.Step())
                {
                    if (select.Class(1) == StorageClass.Blob && select.Bytes(1).Length == MerkleHash.Length)
                        tiles.Add(new MerkleTile(level, select.Long(0), new MerkleHash(select.Bytes(1))));
                }
            }
            finally
            {
                select.Reset();
            }
        }

        return tiles;
    }

    /// <summary>The marks of the leaves after a position, up to another or to the first that is missing.</summary>
    public ReadOnlyMemory<byte> ReadMarks(long after, long upTo, long head, MerkleFrontier? frontier)
    {
        if (upTo - after > EventPage.MaxBytes) return default;
        var first = after / MerkleTree.TileWidth;
        var marks = new byte[(upTo / MerkleTree.TileWidth + 1 - first) * TreeGrowth.MarksLength];
        var known = ReadMarksOfTiles(marks, first, Math.Min(upTo / MerkleTree.TileWidth, (head / MerkleTree.TileWidth) - 1))
            * TreeGrowth.MarksLength;
        if (known == marks.Length - TreeGrowth.MarksLength && frontier?.Size / MerkleTree.TileWidth == upTo / MerkleTree.TileWidth)
        {
            var select = database.Prepare("SELECT marks FROM ledger WHERE id = 0");
            if (select.Step() && select.Class(0) == StorageClass.Blob
                && select.Bytes(0).Length == frontier!.Size % MerkleTree.TileWidth * LedgerAudit.LeafMarkLength)
            {
                select.Bytes(0).CopyTo(marks.AsSpan(known));
                known += select.Bytes(0).Length;
            }

            select.Reset();
        }

        var skipped = (int)(after % MerkleTree.TileWidth) * LedgerAudit.LeafMarkLength;
        return skipped < known ? marks.AsMemory(skipped..known) : default;
    }

    /// <returns>How many tiles' marks there are, one after the other.</returns>
    private int ReadMarksOfTiles(Span<byte> marks, long first, long last)
    {
        var select = database.Prepare("SELECT tile, marks FROM ledger_marks WHERE tile >= ?1 AND tile <= ?2 ORDER BY tile")
            .Bind(1, first).Bind(2, last);
        var read = 0;
        try
        {
            while (select.Step() && select.Long(0) == first + read && select.Class(1) == StorageClass.Blob
                && select.Bytes(1).Length == TreeGrowth.MarksLength)
            {
                select.Bytes(1).CopyTo(marks[(read++ * TreeGrowth.MarksLength)..]);
            }

            return read;
        }
        finally
        {
            select.Reset();
        }
    }
}
