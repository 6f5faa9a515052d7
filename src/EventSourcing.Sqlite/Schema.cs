using System.Globalization;

namespace EventSourcing;

/// <summary>
/// The tables of a store, and the marks by which a file is recognised as one. The layout is made for appending and sequential
/// reading: names are interned, payloads are BLOBs, instants are integers, and each access path has one index.
/// </summary>
internal static class Schema
{
    /// <summary>The mark of our files in SQLite's header: "ESNL" (event sourcing .NET log) as a number.</summary>
    public const int ApplicationId = 0x45534E4C;

    /// <summary>
    /// The version of the layout below. Raise it with every change, and add the step from the previous version as
    /// <see cref="Upgrade"/> does.
    /// </summary>
    public const int Version = 2;

    // Positions and versions are assigned by the writer inside the write lock: dense, in commit order, never reused, since no
    // row is ever deleted. The two CHECKs stop the mistakes that another tool would most easily make; a CHECK on every column
    // cost a fifth of a bulk append. The documents of each read model have a table of their own, which is made together with
    // the read model: see DocumentTable.
    private const string Tables = """
        CREATE TABLE streams (
            id INTEGER PRIMARY KEY,
            name TEXT NOT NULL UNIQUE);
        CREATE TABLE event_types (
            id INTEGER PRIMARY KEY,
            name TEXT NOT NULL UNIQUE);
        CREATE TABLE events (
            position INTEGER PRIMARY KEY,
            stream INTEGER NOT NULL,
            version INTEGER NOT NULL,
            type INTEGER NOT NULL,
            id BLOB NOT NULL CHECK (length(id) = 16),
            recorded INTEGER NOT NULL,
            seal BLOB NOT NULL CHECK (length(seal) IN (16, 32)),
            data BLOB NOT NULL CHECK (typeof(data) = 'blob'),
            metadata BLOB,
            tags TEXT);
        CREATE UNIQUE INDEX events_by_stream ON events (stream, version);
        CREATE UNIQUE INDEX events_by_id ON events (id);
        CREATE INDEX events_by_type ON events (type);
        CREATE TABLE event_tags (
            tag TEXT NOT NULL,
            position INTEGER NOT NULL,
            type INTEGER NOT NULL,
            PRIMARY KEY (tag, position)) WITHOUT ROWID;
        CREATE TABLE ledger (
            id INTEGER PRIMARY KEY CHECK (id = 0),
            frontier BLOB NOT NULL,
            marks BLOB NOT NULL);
        CREATE TABLE ledger_tiles (
            level INTEGER NOT NULL,
            number INTEGER NOT NULL,
            hash BLOB NOT NULL CHECK (length(hash) = 32),
            PRIMARY KEY (level, number)) WITHOUT ROWID;
        CREATE TABLE ledger_marks (
            tile INTEGER PRIMARY KEY,
            marks BLOB NOT NULL CHECK (length(marks) = 512));
        CREATE TABLE read_models (
            id INTEGER PRIMARY KEY,
            name TEXT NOT NULL UNIQUE,
            fields TEXT NOT NULL);
        CREATE TABLE read_model_aliases (
            alias TEXT PRIMARY KEY,
            model INTEGER NOT NULL,
            view_name TEXT NOT NULL) WITHOUT ROWID;
        """;

    // A trigger protects against accidents only: it stops them and says why. A user who may drop a trigger may do anything.
    private static readonly string[] AppendOnlyTables = ["streams", "event_types", "events", "event_tags", "ledger_tiles", "ledger_marks"];

    private static readonly string[] RefusedChanges = ["UPDATE", "DELETE"];

    /// <summary>When an event was recorded, as text. Ticks are 100 ns since the year 1; 62135596800 s lie between that and 1970.</summary>
    public const string RecordedAt = "strftime('%Y-%m-%dT%H:%M:%S', e.recorded / 10000000 - 62135596800, 'unixepoch') || "
        + "printf('.%07dZ', e.recorded % 10000000)";

    /// <summary>An event's id as text.</summary>
    public const string IdAsText = "lower(substr(hex(e.id), 1, 8) || '-' || substr(hex(e.id), 9, 4) || '-' || "
        + "substr(hex(e.id), 13, 4) || '-' || substr(hex(e.id), 17, 4) || '-' || substr(hex(e.id), 21))";

    private const string View = $"""
        CREATE VIEW event_log AS
        SELECT e.position,
            s.name AS stream,
            e.version,
            t.name AS type,
            {RecordedAt} AS recorded_at,
            CASE length(e.seal) WHEN 16 THEN CAST(e.data AS TEXT) END AS data,
            CAST(e.metadata AS TEXT) AS metadata,
            e.tags,
            {IdAsText} AS id
        FROM events e
        JOIN streams s ON s.id = e.stream
        JOIN event_types t ON t.id = e.type;
        """;

    /// <summary>All statements that make a new store, in an order in which they can be run.</summary>
    public static IEnumerable<string> Statements =>
        Tables.Split(';', StringSplitOptions.TrimEntries | StringSplitOptions.RemoveEmptyEntries)
            .Concat(Triggers)
            .Append(View.TrimEnd(';'));

    /// <summary>
    /// How SQLite's own schema table lists a store's objects: as SQLite itself writes the entries, including objects that
    /// have no statement of their own.
    /// </summary>
    public static IReadOnlyList<SchemaEntry> Entries => KnownEntries.Value;

    private static Lazy<List<SchemaEntry>> KnownEntries { get; } = new(ReadEntries);

    // The tree's frontier moves with every append, so only its removal is refused.
    private static IEnumerable<string> Triggers =>
        (from table in AppendOnlyTables
        from change in RefusedChanges select TriggerThatRefuses(change, table)).Append(TriggerThatRefuses("DELETE", "ledger"));

    /// <summary>Examines a file before anything in it is changed.</summary>
    /// <returns>The version of its layout; 0 if it is empty and may become a store.</returns>
    /// <exception cref="IncompatibleStoreException">It belongs to another application, or to a newer version of this library.</exception>
    public static int Recognise(Database database, string path)
    {
        long applicationId, version, objects;
        try
        {
            applicationId = database.Read("PRAGMA application_id");
            version = database.Read("PRAGMA user_version");
            objects = database.Read("SELECT count(*) FROM sqlite_master");
        }
        catch (SqliteFailure failure) when (failure.Code == SQLitePCL.raw.SQLITE_NOTADB)
        {
            throw NotADatabase(path, failure);
        }

        if (applicationId == 0 && version == 0 && objects == 0)
        {
            // SQLite takes a file of one byte for an empty one: it makes new files so on some disks of a Mac.
            var file = new FileInfo(StorePath.TargetOf(path));
            return file is { Exists: true, Length: 1 } && !OperatingSystem.IsMacOS() ? throw NotADatabase(path, cause: null) : 0;
        }

        if (applicationId != ApplicationId)
            throw new IncompatibleStoreException(
                path,
                string.Create(
                    CultureInfo.InvariantCulture,
                    $"it is a SQLite database of another application (application_id {applicationId}, {objects} schema objects). "
                    + $"Choose another path."));
        return version switch
        {
            > Version => throw new IncompatibleStoreException(
                path,
                string.Create(
                    CultureInfo.InvariantCulture,
                    $"its schema has version {version}, and this version of EventSourcing.Sqlite knows versions up to {Version}. "
                    + $"Use a newer package.")),
            < 1 => throw new StoreCorruptedException(
                path,
                string.Create(
                    CultureInfo.InvariantCulture, $"it is marked as an event store of schema version {version}, which never was.")),
            _ => (int)version,
        };
    }

    private static IncompatibleStoreException NotADatabase(string path, Exception? cause) =>
        new(path, "it is a file, but not a SQLite database. Choose another path.", cause);

    /// <summary>
    /// Writes the mark that is there already, in the caller's transaction. It changes nothing, but makes the commit one that syncs the
    /// write-ahead log.
    /// </summary>
    public static void RewriteMark(Database database) =>
        database.Execute(string.Create(CultureInfo.InvariantCulture, $"PRAGMA application_id = {ApplicationId}"));

    /// <summary>
    /// Whether a file is marked as a store of this version: the same as <see cref="Recognise"/>, but cheaper for the usual
    /// case.
    /// </summary>
    public static bool IsOfThisVersion(Database database) =>
        database.Prepare("PRAGMA application_id").Scalar() == ApplicationId && database.Prepare("PRAGMA user_version").Scalar() == Version;

    /// <summary>Makes an empty file a store. Runs inside the caller's write transaction.</summary>
    public static void Create(Database database)
    {
        foreach (var statement in Statements) database.Execute(statement);
        SavedTree.Create(database);
        database.Execute(string.Create(
            CultureInfo.InvariantCulture, $"PRAGMA application_id = {ApplicationId}; PRAGMA user_version = {Version};"));
    }

    /// <summary>Checks that everything that the store relies on is there as it was made.</summary>
    /// <exception cref="StoreCorruptedException">
    /// A table, index, trigger or view is missing or was changed, or a trigger was added.
    /// </exception>
    public static void Verify(Database database, string path) => Verify(database, path, Statements);

    /// <summary>The same for the statements of another version.</summary>
    public static void Verify(Database database, string path, IEnumerable<string> statements)
    {
        if (FlawIn(database, statements) is { } flaw) throw new StoreCorruptedException(path, flaw + ".");
    }

    /// <summary>What differs from what the statements have made, or was added to their tables; null if nothing does.</summary>
    public static string? FlawIn(Database database, IEnumerable<string> statements)
    {
        foreach (var sql in statements)
        {
            var name = NameIn(sql);
            using var stored = database.PrepareOnceFor("SELECT sql FROM sqlite_master WHERE name = ?1 AND type = ?2", name);
            stored.Bind(2, TypeIn(sql));
            if (!stored.Step()) return $"its schema has no '{name}'; somebody has removed it";
            if (stored.Text(0) != sql)
                return $"the definition of '{name}' in its schema is not the one it was made with; somebody has changed it";
        }

        // SQLite prefers a temporary table to another one of the same name, and a trigger can undo an append in its own
        // transaction: in both cases the append would be reported as successful.
        var tables = statements.Where(sql => TypeIn(sql) is "table" or "view").Select(NameIn).ToHashSet(StringComparer.OrdinalIgnoreCase);
        using var temporary = database.PrepareOnce("SELECT name FROM sqlite_temp_master WHERE type IN ('table', 'view')");
        while (temporary.Step())
        {
            if (tables.Contains(temporary.Text(0))) return $"a temporary table or view '{temporary.Text(0)}' hides that of the store";
        }

        return AddedTriggers(database, statements).FirstOrDefault() is { Name: not null } added
            ? $"its table '{added.Table}' has a trigger '{added.Name}' that is not the store's; somebody has added it"
            : null;
    }

    /// <summary>
    /// Triggers on the tables that the given statements make, except the triggers that these statements make and the mark of a store that
    /// has moved.
    /// </summary>
    public static IEnumerable<(string Name, string Table)> AddedTriggers(Database database, IEnumerable<string> statements)
    {
        var names = statements.ToLookup(TypeIn, NameIn);
        var tables = names["table"].Concat(names["view"]).ToHashSet(StringComparer.OrdinalIgnoreCase);
        using var triggers = database.PrepareOnce(
            "SELECT name, tbl_name, 0, sql FROM sqlite_master WHERE type = 'trigger' UNION ALL SELECT name, tbl_name, 1, sql "
            + "FROM sqlite_temp_master WHERE type = 'trigger'");
        while (triggers.Step())
        {
            var (name, table, isTemporary) = (triggers.Text(0), triggers.Text(1), triggers.Long(2) == 1);
            if (!tables.Contains(table)) continue;
            if (!isTemporary && (names["trigger"].Contains(name) || MoveMark.Is(name, table, triggers.Text(3)))) continue;
            yield return (name, table);
        }
    }

    /// <summary>What a statement makes: the name after CREATE TABLE and the like.</summary>
    public static string NameIn(string sql) => WordsIn(sql)[1];

    /// <summary>What kind of object that is, in the words of SQLite's own schema table.</summary>
    private static string TypeIn(string sql) => WordsIn(sql)[0].ToLowerInvariant();

    private static string[] WordsIn(string sql)
    {
        var words = sql.Split([' ', '\n'], 5, StringSplitOptions.RemoveEmptyEntries);
        return words[1] is "UNIQUE" ? words[2..] : words[1..];
    }

    private static List<SchemaEntry> ReadEntries()
    {
        using var database = Connector.Open(":memory:", create: true);
        foreach (var statement in Statements) database.Execute(statement);
        using var select = database.PrepareOnce("SELECT type, name, tbl_name, sql FROM sqlite_master");
        var entries = new List<SchemaEntry>();
        while (select.Step())
            entries.Add(new SchemaEntry(select.Text(0), select.Text(1), select.Text(2), select.IsNull(3) ? null : select.Text(3)));
        return entries;
    }

    private static string TriggerThatRefuses(string change, string table) =>
        $"CREATE TRIGGER {table}_refuse_{change.ToLowerInvariant()} BEFORE {change} ON {table}{ExceptionTo(change, table)} "
        + $"BEGIN SELECT raise(ABORT, 'the event log is append-only: {change} on {table} is refused'); END";

    /// <summary>The one allowed change of an event: its payload is erased, and its salt replaced by the commitment made with it.</summary>
    private static string ExceptionTo(string change, string table) => (change, table) is ("UPDATE", "events")
        ? """
           WHEN NOT (length(OLD.seal) = 16 AND length(NEW.seal) = 32 AND length(NEW.data) = 0
            AND NEW.position = OLD.position AND NEW.stream = OLD.stream AND NEW.version = OLD.version AND NEW.type = OLD.type
            AND NEW.id = OLD.id AND NEW.recorded = OLD.recorded AND NEW.metadata IS OLD.metadata AND NEW.tags IS OLD.tags)
          """
        : "";
}

/// <summary>A row of SQLite's schema table.</summary>
/// <param name="Type">What it is: table, index, trigger or view.</param>
/// <param name="Name">Its name.</param>
/// <param name="Table">The table that it is, or that it belongs to.</param>
/// <param name="Sql">The statement that made it; <see langword="null"/> for the index behind a constraint.</param>
internal readonly record struct SchemaEntry(string Type, string Name, string Table, string? Sql);
