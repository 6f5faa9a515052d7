using System.Globalization;
using System.Text.RegularExpressions;

namespace EventSourcing;

/// <summary>
/// Checks everything around the events in a file: its marks, its schema, the row and the tiles of the tree, the tables beside
/// the events, and what SQLite's own check finds. Each part is checked on its own, so that damage to one part does not hide what
/// is wrong with another.
/// </summary>
internal sealed partial class StructureAudit(Database database, StoreFile file)
{
    /// <summary>The most findings that are reported for one part.</summary>
    private const int MaxFindings = 1_000;

    private static readonly string[] OurTables = [.. Schema.Statements.Where(sql => sql.StartsWith("CREATE TABLE", StringComparison.Ordinal)
        || sql.StartsWith("CREATE VIEW", StringComparison.Ordinal)).Select(Schema.NameIn)];
    private readonly List<LedgerFinding> _findings = [];

    public static LedgerFinding Damage(SqliteFailure failure) =>
        new(LedgerFindingKind.StructureDamaged, 0, 0, null, $"A part of the file cannot be read: {failure.Sentence}");

    /// <exception cref="SqliteFailure">The database is busy, the medium failed, or the check was interrupted.</exception>
    public IReadOnlyList<LedgerFinding> Run(bool isWhole)
    {
        Check(CheckOpening);
        database.Execute("BEGIN");
        Check(CheckMarks);
        Check(CheckSchema);
        Check(CheckPositions);
        var head = 0L;
        Check(() => head = LogReader.ReadHead(database));
        Check(() => CheckFrontier(head));
        if (isWhole)
        {
            Check(() => CheckTiles(head));
            Check(() => CheckLeafMarks(head));
            Check(() => CheckNames("streams", AuditedNames.OfStreams()));
            Check(() => CheckNames("event_types", AuditedNames.OfTypes()));
            Check(() => CheckUnusedNames("streams", "stream"));
            Check(() => CheckUnusedNames("event_types", "type"));
            Check(CheckTags);
            Check(CheckTypeCounts);
            Check(CheckIntegrity);
            Check(CheckBeginnings);
        }

        database.Execute("COMMIT");
        return _findings;
    }

    private void Check(Action part)
    {
        try
        {
            part();
        }
        catch (SqliteFailure failure) when (failure.IsDamage)
        {
            _findings.Add(Damage(failure));
        }
    }

    private void Add(LedgerFindingKind kind, string description) => Add(kind, 0, 0, description);

    private void Add(LedgerFindingKind kind, long position, long upTo, string description) =>
        _findings.Add(new LedgerFinding(kind, position, upTo, null, description));

    /// <summary>
    /// The audit's connection is lenient, so that it sees as much as possible. If SQLite refuses the schema or the size of
    /// the file, no other connection can open the store.
    /// </summary>
    private void CheckOpening()
    {
        using var usual = file.OpenPlainly();
        usual.CloseWithoutCheckpoint();
        usual.Read("SELECT count(*) FROM sqlite_master");
    }

    private void CheckMarks()
    {
        var applicationId = database.Read("PRAGMA application_id");
        if (applicationId != Schema.ApplicationId)
            Add(
                LedgerFindingKind.SchemaChanged,
                string.Create(CultureInfo.InvariantCulture, $"The file's application_id is {applicationId}, not {Schema.ApplicationId}."));
        var version = database.Read("PRAGMA user_version");
        if (version != Schema.Version)
            Add(
                LedgerFindingKind.SchemaChanged,
                string.Create(CultureInfo.InvariantCulture, $"The file's user_version is {version}, not {Schema.Version}."));
    }

    private void CheckSchema()
    {
        foreach (var entry in Schema.Entries)
        {
            using var select = database.PrepareOnceFor("SELECT tbl_name, sql FROM sqlite_master WHERE name = ?1 AND type = ?2", entry.Name)
                .Bind(2, entry.Type);
            if (!select.Step()) Add(LedgerFindingKind.SchemaChanged, $"The schema has no '{entry.Name}'; somebody has removed it.");
            else if (!Is(select, 0, entry.Table) || !Is(select, 1, entry.Sql))
                Add(
                    LedgerFindingKind.SchemaChanged,
                    $"The definition of '{entry.Name}' in the schema is not the one it was made with; somebody has changed it.");
        }

        foreach (var (name, table) in Schema.AddedTriggers(database, Schema.Statements))
            Add(
                LedgerFindingKind.SchemaChanged,
                $"The table '{table}' has a trigger '{name}' that is not the store's; somebody has added it.");
    }

    private static bool Is(Statement row, int column, string? text) =>
        text is null ? row.Class(column) == StorageClass.Null : row.Class(column) == StorageClass.Text && row.Text(column) == text;

    private void CheckPositions() => Each(
        "SELECT position FROM events WHERE position < 1 ORDER BY position",
        row => Add(
            LedgerFindingKind.EventUnreadable,
            string.Create(CultureInfo.InvariantCulture, $"The events have a row at position {row.Long(0)}; positions begin at 1.")));

    private void CheckFrontier(long head)
    {
        using var select = database.PrepareOnce("SELECT id, frontier, marks FROM ledger ORDER BY id <> 0");
        if (!select.Step() || select.Class(0) != StorageClass.Integer || select.Long(0) != 0)
        {
            Add(LedgerFindingKind.TreeMismatch, "The row of the tree's frontier is missing.");
            return;
        }

        if (select.Class(1) != StorageClass.Blob || select.Class(2) != StorageClass.Blob)
            Add(LedgerFindingKind.TreeMismatch, "The tree's frontier or its marks are not a BLOB.");
        else CheckFrontier(select, head);
        if (select.Step()) Add(LedgerFindingKind.TreeMismatch, "The tree has more than one frontier.");
    }

    private void CheckFrontier(Statement row, long head)
    {
        try
        {
            var size = MerkleFrontier.Parse(row.Bytes(1)).Size;
            if (SavedTree.IsTooFarBehind(size, head))
                Add(
                    LedgerFindingKind.TreeMismatch,
                    size + 1,
                    head,
                    $"The stored tree has {size} leaves, and the log {head} events: it can only lack those after the last "
                    + $"{MerkleTree.TileWidth} that are complete.");
            if (row.Bytes(2).Length != size % MerkleTree.TileWidth * LedgerAudit.LeafMarkLength)
                Add(LedgerFindingKind.TreeMismatch, $"The stored tree has {size} leaves, but the marks of another number of leaves.");
        }
        catch (LedgerFormatException damage)
        {
            Add(LedgerFindingKind.TreeMismatch, $"The tree's frontier cannot be read: {damage.Flaw} ({damage.Where}).");
        }
    }

    private void CheckTiles(long head) => Each(
        "SELECT level, number FROM ledger_tiles",
        row =>
        {
            var isKey = row.Class(0) == StorageClass.Integer && row.Class(1) == StorageClass.Integer
                && row.Long(0) is >= 1 and < sizeof(long) && row.Long(1) >= 0;
            if (isKey && row.Long(1) < head >> (int)(8 * row.Long(0))) return true;
            Add(
                LedgerFindingKind.TreeMismatch,
                $"There is a stored hash {row.Text(1)} of level {row.Text(0)}, which a log of {head} events does not have.");
            return false;
        });

    private void CheckLeafMarks(long head)
    {
        var (next, wrong) = (0L, 0);
        Each(
            "SELECT tile, marks FROM ledger_marks ORDER BY tile",
            row =>
            {
                var tile = row.Long(0);
                if (tile < 0 || tile >= head / MerkleTree.TileWidth)
                {
                    Add(LedgerFindingKind.TreeMismatch, string.Create(
                        CultureInfo.InvariantCulture,
                        $"There are marks of the leaves of tile {tile}, which a log of {head} events does not have."));
                    return false;
                }

                for (; next < tile && wrong < MaxFindings; next++) AddWrongMarks(next);
                next = tile + 1;
                if (row.Class(1) == StorageClass.Blob && row.Bytes(1).Length == MerkleTree.TileWidth * LedgerAudit.LeafMarkLength)
                    return true;
                AddWrongMarks(tile);
                return false;
            });
        for (; next < head / MerkleTree.TileWidth && wrong < MaxFindings; next++) AddWrongMarks(next);

        void AddWrongMarks(long tile)
        {
            wrong++;
            Add(
                LedgerFindingKind.TreeMismatch,
                (tile * MerkleTree.TileWidth) + 1,
                (tile + 1) * MerkleTree.TileWidth,
                $"The marks of the leaves of tile {tile} are missing or damaged.");
        }
    }

    private void CheckNames(string table, AuditedNames names) => Each(
        $"SELECT id, name FROM {table}",
        row =>
        {
            if (names.Read(row, 1) is not null) return true;
            Add(LedgerFindingKind.IndexMismatch, $"Row {row.Long(0)} of the table '{table}' has a name that the library would not write.");
            return false;
        });

    /// <summary>A name is written together with its first event, so every name has one.</summary>
    private void CheckUnusedNames(string table, string column) => Each(
        $"SELECT id, name FROM {table} n WHERE NOT EXISTS (SELECT 1 FROM events e WHERE e.{column} = n.id)",
        row => Add(LedgerFindingKind.IndexMismatch, $"Row {row.Long(0)} of the table '{table}', '{row.Text(1)}', belongs to no event."));

    /// <summary>The check of the events finds missing tags in the table; this one finds tags that no event has.</summary>
    private void CheckTags() => Each(
        """
        SELECT t.tag, t.position FROM event_tags t LEFT JOIN events e ON e.position = t.position
        WHERE typeof(t.tag) <> 'text' OR typeof(t.position) <> 'integer' OR typeof(t.type) <> 'integer' OR e.type IS NOT t.type
            OR NOT EXISTS (SELECT 1 FROM json_each(CASE WHEN json_valid(e.tags) THEN e.tags ELSE '[]' END) j WHERE j.value = t.tag)
        """,
        row =>
        {
            // SQLite would convert a value that is not a number into one. The finding would then name an unrelated event.
            var position = row.Class(1) == StorageClass.Integer ? Math.Max(row.Long(1), 0) : 0;
            var description =
                $"The table of tags has '{row.Text(0)}' for the event at position {row.Text(1)}, which has no such tag, or another type.";
            Add(LedgerFindingKind.IndexMismatch, position, position, description);
        });

    /// <summary>The counts may be missing. If the table is not as the library makes it, nothing reads it.</summary>
    private void CheckTypeCounts()
    {
        if (!TypeCounts.IsThere(database)) return;
        Each(TypeCounts.RowsThatAreWrong, row =>
        {
            var claim = $"{row.Text(2)} of the events up to position {row.Text(1)} are of type {row.Text(0)}";
            Add(LedgerFindingKind.IndexMismatch, $"The table '{TypeCounts.Table}' says that {claim}, which is not so.");
        });
    }

    private void CheckIntegrity() => Each(
        string.Create(CultureInfo.InvariantCulture, $"PRAGMA integrity_check({MaxFindings})"),
        row =>
        {
            var message = row.Text(0);
            if (message == "ok") return true;
            var entry = IndexEntry().Match(message);
            var isOfEvents = entry.Success && entry.Groups["index"].Value.StartsWith("events_by_", StringComparison.Ordinal);
            var position = isOfEvents
                && long.TryParse(entry.Groups["row"].Value, NumberStyles.None, CultureInfo.InvariantCulture, out var number)
                    ? number
                    : 0;
            Add(
                entry.Success ? LedgerFindingKind.IndexMismatch : LedgerFindingKind.StructureDamaged,
                position,
                position,
                $"SQLite's check says '{message}'.");
            return false;
        });

    /// <summary>
    /// Reads the first entry of each table and index. SQLite's check misses one kind of damage: if the only page of an empty table
    /// says that there are pages below it, the check is content, but every statement that reads the table fails.
    /// </summary>
    private void CheckBeginnings()
    {
        var reads = new List<string>();
        Each("SELECT type, name, tbl_name FROM sqlite_master WHERE type IN ('table', 'index')", row =>
        {
            if (OurTables.Contains(row.Text(2), StringComparer.Ordinal))
                reads.Add(
                    $"SELECT 1 FROM {Identifier.Quote(row.Text(2))} "
                    + $"{(row.Text(0) == "index" ? $"INDEXED BY {Identifier.Quote(row.Text(1))}" : "NOT INDEXED")} LIMIT 1");
            return true;
        });
        foreach (var sql in reads) Check(() => Each(sql, static _ => true));
    }

    private void Each(string sql, Action<Statement> add) => Each(sql, row =>
    {
        add(row);
        return false;
    });

    /// <summary>Checks each row, until there are too many findings to go on.</summary>
    /// <param name="sql">The rows.</param>
    /// <param name="isRight">Says whether a row is as it should be, and adds a finding if it is not.</param>
    private void Each(string sql, Func<Statement, bool> isRight)
    {
        using var rows = database.PrepareOnce(sql);
        for (var wrong = 0; wrong < MaxFindings && rows.Step();)
        {
            if (!isRight(rows)) wrong++;
        }
    }

    [GeneratedRegex(@"(?:row (?<row>\d+) .*|wrong # of entries in |non-unique entry in )index (?<index>\S+)")]
    private static partial Regex IndexEntry();
}
