using System.Globalization;

namespace EventSourcing;

/// <summary>Checks what a file has of the tree: the frontier's row, the tiles, and the marks of the leaves.</summary>
internal sealed class TreeAudit(Database database, AuditFindings findings)
{
    public void CheckFrontier(long head)
    {
        using var select = database.PrepareOnce("SELECT id, frontier, marks FROM ledger ORDER BY id <> 0");
        if (!select.Step() || select.Class(0) != StorageClass.Integer || select.Long(0) != 0)
        {
            findings.Add(LedgerFindingKind.TreeMismatch, "The row of the tree's frontier is missing.");
            return;
        }

        if (select.Class(1) != StorageClass.Blob || select.Class(2) != StorageClass.Blob)
            findings.Add(LedgerFindingKind.TreeMismatch, "The tree's frontier or its marks are not a BLOB.");
        else CheckFrontier(select, head);
        if (select.Step()) findings.Add(LedgerFindingKind.TreeMismatch, "The tree has more than one frontier.");
    }

    private void CheckFrontier(Statement row, long head)
    {
        try
        {
            var size = MerkleFrontier.Parse(row.Bytes(1)).Size;
            if (SavedTree.IsTooFarBehind(size, head))
                findings.Add(
                    LedgerFindingKind.TreeMismatch,
                    size + 1,
                    head,
                    $"The stored tree has {size} leaves, and the log {head} events: it can only lack those after the last "
                    + $"{MerkleTree.TileWidth} that are complete.");
            if (row.Bytes(2).Length != size % MerkleTree.TileWidth * LedgerAudit.LeafMarkLength)
                findings.Add(
                    LedgerFindingKind.TreeMismatch, $"The stored tree has {size} leaves, but the marks of another number of leaves.");
        }
        catch (LedgerFormatException damage)
        {
            findings.Add(LedgerFindingKind.TreeMismatch, $"The tree's frontier cannot be read: {damage.Flaw} ({damage.Where}).");
        }
    }

    public void CheckTiles(long head) => findings.Each(
        "SELECT level, number FROM ledger_tiles",
        row =>
        {
            var isKey = row.Class(0) == StorageClass.Integer && row.Class(1) == StorageClass.Integer
                && row.Long(0) is >= 1 and < sizeof(long) && row.Long(1) >= 0;
            if (isKey && row.Long(1) < head >> (int)(8 * row.Long(0))) return true;
            findings.Add(
                LedgerFindingKind.TreeMismatch,
                $"There is a stored hash {row.Text(1)} of level {row.Text(0)}, which a log of {head} events does not have.");
            return false;
        });

    public void CheckLeafMarks(long head)
    {
        var (next, wrong) = (0L, 0);
        findings.Each(
            "SELECT tile, marks FROM ledger_marks ORDER BY tile",
            row =>
            {
                var tile = row.Long(0);
                if (tile < 0 || tile >= head / MerkleTree.TileWidth)
                {
                    findings.Add(LedgerFindingKind.TreeMismatch, string.Create(
                        CultureInfo.InvariantCulture,
                        $"There are marks of the leaves of tile {tile}, which a log of {head} events does not have."));
                    return false;
                }

                for (; next < tile && wrong < AuditFindings.Max; next++) AddWrongMarks(next);
                next = tile + 1;
                if (row.Class(1) == StorageClass.Blob && row.Bytes(1).Length == MerkleTree.TileWidth * LedgerAudit.LeafMarkLength)
                    return true;
                AddWrongMarks(tile);
                return false;
            });
        for (; next < head / MerkleTree.TileWidth && wrong < AuditFindings.Max; next++) AddWrongMarks(next);

        void AddWrongMarks(long tile)
        {
            wrong++;
            findings.Add(
                LedgerFindingKind.TreeMismatch,
                (tile * MerkleTree.TileWidth) + 1,
                (tile + 1) * MerkleTree.TileWidth,
                $"The marks of the leaves of tile {tile} are missing or damaged.");
        }
    }
}
