using System.Globalization;
using System.Text.RegularExpressions;

namespace EventSourcing;

/// <summary>
/// Checks everything around the events in a file: its marks, its schema, the tree (<see cref="TreeAudit"/>), the tables beside
/// the events, and what SQLite's own check finds. Each part is checked on its own, so that damage to one part does not hide what
/// is wrong with another.
/// </summary>
internal sealed partial class StructureAudit(Database database, StoreFile file)
{
    private static readonly string[] OurTables = [.. Schema.Statements.Where(sql => sql.StartsWith("CREATE TABLE", StringComparison.Ordinal)
        || sql.StartsWith("CREATE VIEW", StringComparison.Ordinal)).Select(Schema.NameIn)];
    private readonly AuditFindings _findings = new(database);

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
        var tree = new TreeAudit(database, _findings);
        Check(() => tree.CheckFrontier(head));
        if (isWhole)
        {
            Check(() => tree.CheckTiles(head));
            Check(() => tree.CheckLeafMarks(head));
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
        return _findings.All;
    }

    private void Check(Action part)
    {
        try
        {
            part();
        }
        catch (SqliteFailure failure) when (failure.IsDamage)
        {
            _findings.AddDamage(failure);
        }
    }

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
            _findings.Add(
                LedgerFindingKind.SchemaChanged,
                string.Create(CultureInfo.InvariantCulture, $"The file's application_id is {applicationId}, not {Schema.ApplicationId}."));
        var version = database.Read("PRAGMA user_version");
        if (version != Schema.Version)
            _findings.Add(
                LedgerFindingKind.SchemaChanged,
                string.Create(CultureInfo.InvariantCulture, $"The file's user_version is {version}, not {Schema.Version}."));
    }

    private void CheckSchema()
    {
        foreach (var entry in Schema.Entries)
        {
            using var select = database.PrepareOnceFor("SELECT tbl_name, sql FROM sqlite_master WHERE name = ?1 AND type = ?2", entry.Name)
                .Bind(2, entry.Type);
            if (!select.Step())
                _findings.Add(LedgerFindingKind.SchemaChanged, $"The schema has no '{entry.Name}'; somebody has removed it.");
            else if (!Is(select, 0, entry.Table) || !Is(select, 1, entry.Sql))
                _findings.Add(
                    LedgerFindingKind.SchemaChanged,
                    $"The definition of '{entry.Name}' in the schema is not the one it was made with; somebody has changed it.");
        }

        foreach (var (name, table) in Schema.AddedTriggers(database, Schema.Statements))
            _findings.Add(
                LedgerFindingKind.SchemaChanged,
                $"The table '{table}' has a trigger '{name}' that is not the store's; somebody has added it.");
    }

    private static bool Is(Statement row, int column, string? text) =>
        text is null ? row.Class(column) == StorageClass.Null : row.Class(column) == StorageClass.Text && row.Text(column) == text;

    private void CheckPositions() => _findings.Each(
        "SELECT position FROM events WHERE position < 1 ORDER BY position",
        row => _findings.Add(RowFindings.BelowTheFirst(row.Long(0))));

    private void CheckNames(string table, AuditedNames names) => _findings.Each(
        $"SELECT id, name FROM {table}",
        row =>
        {
            if (names.Read(row, 1) is not null) return true;
            _findings.Add(RowFindings.InvalidName(table, row.Long(0)));
            return false;
        });

    /// <summary>A name is written together with its first event, so every name has one.</summary>
    private void CheckUnusedNames(string table, string column) => _findings.Each(
        $"SELECT id, name FROM {table} n WHERE NOT EXISTS (SELECT 1 FROM events e WHERE e.{column} = n.id)",
        row => _findings.Add(RowFindings.UnusedName(table, row.Long(0), row.Text(1))));

    /// <summary>The check of the events finds missing tags in the table; this one finds tags that no event has.</summary>
    private void CheckTags() => _findings.Each(
        """
        SELECT t.tag, t.position FROM event_tags t LEFT JOIN events e ON e.position = t.position
        WHERE typeof(t.tag) <> 'text' OR typeof(t.position) <> 'integer' OR typeof(t.type) <> 'integer' OR e.type IS NOT t.type
            OR NOT EXISTS (SELECT 1 FROM json_each(CASE WHEN json_valid(e.tags) THEN e.tags ELSE '[]' END) j WHERE j.value = t.tag)
        """,
        row =>
        {
            // SQLite would convert a value that is not a number into one. The finding would then name an unrelated event.
            // A real number that is equal to a position finds its event, so that one is named.
            var isPosition = row.Class(1) == StorageClass.Integer
                || (row.Class(1) == StorageClass.Real && Math.Truncate(row.Double(1)).Equals(row.Double(1)));
            var position = isPosition ? Math.Max(row.Long(1), 0) : 0;
            _findings.Add(RowFindings.TagOfNoEvent(row.Text(0), row.Text(1), position));
        });

    /// <summary>The counts may be missing. If the table is not as the library makes it, nothing reads it.</summary>
    private void CheckTypeCounts()
    {
        if (!TypeCounts.IsThere(database)) return;
        _findings.Each(
            TypeCounts.RowsThatAreWrong, row => _findings.Add(RowFindings.WrongCount(row.Text(0), row.Text(1), row.Text(2))));
    }

    private void CheckIntegrity() => _findings.Each(
        string.Create(CultureInfo.InvariantCulture, $"PRAGMA integrity_check({AuditFindings.Max})"),
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
            _findings.Add(
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
        _findings.Each("SELECT type, name, tbl_name FROM sqlite_master WHERE type IN ('table', 'index')", row =>
        {
            if (OurTables.Contains(row.Text(2), StringComparer.Ordinal))
                reads.Add(
                    $"SELECT 1 FROM {Identifier.Quote(row.Text(2))} "
                    + $"{(row.Text(0) == "index" ? $"INDEXED BY {Identifier.Quote(row.Text(1))}" : "NOT INDEXED")} LIMIT 1");
            return true;
        });
        foreach (var sql in reads) Check(() => _findings.Each(sql, static _ => true));
    }

    [GeneratedRegex(@"(?:row (?<row>\d+) .*|wrong # of entries in |non-unique entry in )index (?<index>\S+)")]
    private static partial Regex IndexEntry();
}
