using System.Security.Cryptography;

namespace EventSourcing;

/// <summary>
/// Brings a file of schema version 1, which had no ledger, to version 2. It runs in one transaction, so that a crash leaves
/// either version 1 or version 2, and in bounded memory, however long the log is. It takes about as long as appending the
/// events in batches did. The file grows by a copy of the events; later events use that room.
/// </summary>
internal static class Upgrade
{
    private const int EventsBetweenSaves = 65_536;

    private const string EventsOfVersion1 = """
        CREATE TABLE events (
            position INTEGER PRIMARY KEY,
            stream INTEGER NOT NULL,
            version INTEGER NOT NULL,
            type INTEGER NOT NULL,
            id BLOB NOT NULL CHECK (length(id) = 16),
            recorded INTEGER NOT NULL,
            data BLOB NOT NULL CHECK (typeof(data) = 'blob'),
            metadata BLOB,
            tags TEXT)
        """;

    private const string TriggerOfVersion1 = "CREATE TRIGGER events_refuse_update BEFORE UPDATE ON events "
        + "BEGIN SELECT raise(ABORT, 'the event log is append-only: UPDATE on events is refused'); END";

    private const string ViewOfVersion1 = $"""
        CREATE VIEW event_log AS
        SELECT e.position,
            s.name AS stream,
            e.version,
            t.name AS type,
            {Schema.RecordedAt} AS recorded_at,
            CAST(e.data AS TEXT) AS data,
            CAST(e.metadata AS TEXT) AS metadata,
            e.tags,
            {Schema.IdAsText} AS id
        FROM events e
        JOIN streams s ON s.id = e.stream
        JOIN event_types t ON t.id = e.type
        """;

    private static readonly string[] IndicesAndTriggersOfEvents =
    [
        "events_by_stream", "events_by_id", "events_by_type", "events_refuse_update", "events_refuse_delete",
    ];

    private static IEnumerable<string> Version1 =>
        Schema.Statements.Where(sql => !IsOfLedger(sql)).Select(sql => Schema.NameIn(sql) switch
        {
            "events" => EventsOfVersion1,
            "events_refuse_update" => TriggerOfVersion1,
            "event_log" => ViewOfVersion1,
            _ => sql,
        });

    /// <summary>What differs from what version 1 made, as a sentence without its full stop; null if nothing does.</summary>
    public static string? FlawIn(Database database) => Schema.FlawIn(database, Version1);

    /// <summary>Upgrades the file, unless another process has done so meanwhile.</summary>
    /// <exception cref="SqliteFailure">
    /// The database failed; if busy, another process is writing to it or upgrading it. The file is as it was.
    /// </exception>
    /// <exception cref="StoreCorruptedException">The file is not as version 1 made it. It is left as it was.</exception>
    public static void Run(Database database, string path)
    {
        // Tables, views and triggers of the app that name the events refer to the new table of that name afterwards. Neither
        // of these two settings can be changed within a transaction. The old copy of the events is overwritten; otherwise a
        // payload that is erased later would survive there.
        database.Execute("PRAGMA foreign_keys = OFF; PRAGMA legacy_alter_table = ON; PRAGMA secure_delete = ON");
        database.Execute("BEGIN IMMEDIATE");
        if (Schema.Recognise(database, path) == 1)
        {
            Schema.Verify(database, path, Version1);
            FromVersion1(database, path);
        }

        database.Execute("COMMIT");
        database.Execute("PRAGMA legacy_alter_table = OFF; PRAGMA foreign_keys = ON");
        Opening.OverwriteWhatIsFreed(database);
    }

    private static void FromVersion1(Database database, string path)
    {
        // The column belongs before the data: behind large data it would be on overflow pages. Therefore the table is made anew.
        var old = Identifier.Quote(Identifier.Free(database, "events_of_version_1"));
        foreach (var name in IndicesAndTriggersOfEvents)
            database.Execute($"DROP {(name.Contains("_by_", StringComparison.Ordinal) ? "INDEX" : "TRIGGER")} {name}");
        database.Execute("DROP VIEW event_log");
        database.Execute($"ALTER TABLE events RENAME TO {old}");
        foreach (var sql in Schema.Statements.Where(sql =>
            Schema.NameIn(sql) is "events" or "event_log" || IndicesAndTriggersOfEvents.Contains(Schema.NameIn(sql)) || IsOfLedger(sql)))
            database.Execute(sql);
        SavedTree.Create(database);
        Copy(database, path, old);
        database.Execute($"DROP TABLE {old}");
        database.Execute("PRAGMA user_version = 2");
    }

    private static void Copy(Database database, string path, string old)
    {
        using var ledger = new TreeWriter();
        ledger.Load(database, head: 0);
        using var select = database.PrepareOnce($"""
            SELECT e.position, e.stream, e.version, e.type, e.id, e.recorded, e.data, e.metadata, e.tags, s.name, t.name
            FROM {old} e CROSS JOIN streams s ON s.id = e.stream CROSS JOIN event_types t ON t.id = e.type ORDER BY e.position
            """);
        using var insert = database.PrepareOnce(
            "INSERT INTO events (position, stream, version, type, id, recorded, seal, data, metadata, tags) "
            + "VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8, ?9, ?10)");
        Span<byte> salt = stackalloc byte[LedgerLeaf.SaltLength];
        var position = 0L;
        while (select.Step())
        {
            if (select.Long(0) != ++position) throw Missing(path, position);
            RandomNumberGenerator.Fill(salt);
            AppendLeaf(ledger, select, salt, path);
            insert.Bind(1, position).Bind(2, select.Long(1)).Bind(3, select.Long(2)).Bind(4, select.Long(3)).Bind(5, select.Bytes(4))
                .Bind(6, select.Long(5)).Bind(7, salt).Bind(8, select.Bytes(6));
            if (select.IsNull(7)) insert.BindNull(9);
            else insert.Bind(9, select.Bytes(7));
            if (select.IsNull(8)) insert.BindNull(10);
            else insert.BindText(10, select.Bytes(8));
            insert.Run();
            if (position % EventsBetweenSaves == 0) ledger.Save(database);
        }

        if (database.Read($"SELECT count(*) FROM {old}") != position) throw Missing(path, position + 1);
        ledger.SaveAll(database);
    }

    private static void AppendLeaf(TreeWriter ledger, Statement select, ReadOnlySpan<byte> salt, string path)
    {
        try
        {
            ledger.Add(new LedgerLeaf
            {
                Position = select.Long(0),
                Version = select.Long(2),
                RecordedAt = new DateTimeOffset(select.Long(5), TimeSpan.Zero),
                Id = new Guid(select.Bytes(4), bigEndian: true),
                Stream = select.ExactText(9),
                Type = select.ExactText(10),
                Tags = select.IsNull(8) ? [] : TagList.Read(select.Bytes(8)),
                DataCommitment = LedgerLeaf.CommitToData(salt, select.Bytes(6)),
                MetadataCommitment = LedgerLeaf.CommitToMetadata(select.Bytes(7)),
            }.Hash());
        }
        catch (Exception damage) when (DamagedDataException.IsDueTo(damage))
        {
            throw new StoreCorruptedException(
                path, $"the event at position {select.Long(0)} is not as it was stored: {damage.Message}", damage);
        }
    }

    private static StoreCorruptedException Missing(string path, long position) =>
        new(path, $"the event at position {position} is missing, or its stream or type is.");

    private static bool IsOfLedger(string sql) => Schema.NameIn(sql).StartsWith("ledger", StringComparison.Ordinal);
}
