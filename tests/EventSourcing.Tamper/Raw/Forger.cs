namespace EventSourcing.Tamper;

/// <summary>How well somebody covers their tracks.</summary>
internal enum Covering
{
    /// <summary>The tree is left as it was.</summary>
    None,

    /// <summary>Tiles are made anew, the frontier is not.</summary>
    Tiles,

    /// <summary>The frontier is made anew, tiles are not.</summary>
    Frontier,

    /// <summary>All of the tree is made anew.</summary>
    All,
}

/// <summary>
/// Covers tracks: makes the whole tree anew from the events as they stand, with the library's own code, so that the file
/// agrees with itself.
/// </summary>
internal static class Forger
{
    public static void RecomputeTree(Shell shell, Covering covering = Covering.All)
    {
        if (covering == Covering.None) return;

        var frontier = new MerkleFrontier();
        var tiles = new List<MerkleTile>();
        var marks = new List<byte>();
        foreach (var row in Contents.Read(shell).Events.Where(e => e.Position > 0))
        {
            var leaf = LeafOf(row);
            frontier.Append(leaf, tiles);
            marks.AddRange(leaf.Bytes[..LedgerAudit.LeafMarkLength]);
        }

        const int TileMarks = MerkleTree.TileWidth * LedgerAudit.LeafMarkLength;
        var whole = marks.Count / TileMarks * TileMarks;
        if (covering is not Covering.Tiles)
        {
            shell.Run("DELETE FROM ledger");
            shell.Run("INSERT INTO ledger (id, frontier, marks) VALUES (0, ?1, ?2)", Cell.Of(frontier.ToBytes()), Cell.Of(marks[whole..].ToArray()));
        }

        if (covering is Covering.Frontier) return;
        shell.Run("DELETE FROM ledger_tiles");
        shell.Run("DELETE FROM ledger_marks");
        foreach (var tile in tiles)
        {
            shell.Run("INSERT INTO ledger_tiles (level, number, hash) VALUES (?1, ?2, ?3)", Cell.Of(tile.Level), Cell.Of(tile.Index), Cell.Of(tile.Hash.Bytes));
            if (tile.Level == 1) shell.Run("INSERT INTO ledger_marks (tile, marks) VALUES (?1, ?2)", Cell.Of(tile.Index), Cell.Of(marks.GetRange((int)tile.Index * TileMarks, TileMarks).ToArray()));
        }
    }

    /// <summary>The hash of what the library would read; where it could read nothing, some hash.</summary>
    private static MerkleHash LeafOf(EventRow row)
    {
        try
        {
            return new LedgerLeaf
            {
                Position = row.Position,
                Version = row.Version.Number,
                RecordedAt = new DateTimeOffset(row.Recorded.Number, TimeSpan.Zero),
                Id = new Guid(row.Id.Bytes, bigEndian: true),
                Stream = row.Stream.Text,
                Type = row.Type.Text,
                Tags = row.TagList(),
                DataCommitment = row.IsErased ? new MerkleHash(row.Seal.Bytes) : LedgerLeaf.CommitToData(row.Seal.Bytes, row.Data.Bytes),
                MetadataCommitment = LedgerLeaf.CommitToMetadata(row.Metadata.Bytes),
            }.Hash();
        }
        catch (ArgumentException)
        {
            return MerkleTree.HashLeaf([]);
        }
    }
}
