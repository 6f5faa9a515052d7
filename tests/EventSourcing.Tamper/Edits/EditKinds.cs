using System.Text;
using System.Text.Json;

namespace EventSourcing.Tamper;

/// <summary>All kinds of edit that are tried.</summary>
internal static class EditKinds
{
    public static IReadOnlyList<EditKind> All { get; } =
    [
        new("update data", Data),
        new("update metadata", Metadata),
        new("update tags", Tags),
        new("update recorded", Recorded),
        new("update type", e => SetNumber(e, "type", 1, "event_types")),
        new("update stream", e => SetNumber(e, "stream", 1, "streams")),
        new("update version", e => SetNumber(e, "version", 1, null)),
        new("update id", Id),
        new("update seal", Seal),
        new("update position", Position),
        new("delete an event", Delete),
        new("delete, renumber the rest", DeleteAndRenumber),
        new("insert, renumber the rest", Insert),
        new("append a bad event", AppendBad),
        new("append a good event", AppendGood, Expectation.Extension),
        new("swap two events", SwapEvents),
        new("swap payloads", SwapPayloads),
        new("swap the names of two streams", e => SwapNames(e, "streams")),
        new("swap the names of two types", e => SwapNames(e, "event_types")),
        new("rename a stream", e => Rename(e, "streams")),
        new("rename a type", e => Rename(e, "event_types")),
        new("delete a name", DeleteName),
        new("truncate the tail", Truncate),
        new("restore an older copy", _ => "", CanBeCovered: false) { Replace = RestoreAsync },
        new("restore an older copy, append", _ => "", CanBeCovered: false) { Replace = RestoreAndAppendAsync },
        new("fake an erasure", FakeErasure),
        new("undo an erasure", UndoErasure),
        new("edit an erasure's record", EditErasureRecord),
        new("edit the index of tags", EventTags),
        new("edit the frontier", Frontier, CanBeCovered: false, IsOfEvents: false),
        new("edit a tile", Tile, CanBeCovered: false, IsOfEvents: false),
        new("drop or change a trigger", Trigger, CanBeCovered: false, IsOfEvents: false),
        new("drop or change an index", Index, CanBeCovered: false, IsOfEvents: false),
        new("change a table or view", Table, CanBeCovered: false, IsOfEvents: false),
        new("change the file's marks", Marks, CanBeCovered: false, IsOfEvents: false),
        new("add a trigger", AddToSchema, CanBeCovered: false, IsOfEvents: false),
        new("hollow an index", HollowIndex, CanBeCovered: false, IsOfEvents: false),
        new("add a stray name", StrayName, IsOfEvents: false),
        new("several at once", Several),
    ];

    private static string Data(Editor e)
    {
        var row = e.AnyUnerased();
        Cell value = e.Random.Next(5) switch
        {
            0 => Cell.Of(Encoding.UTF8.GetBytes($$"""{"amount":{{e.Random.Next(100_000)}}}""")),
            1 => Cell.Of([]),
            2 => Cell.TextOf(row.Data.Bytes),
            3 => Cell.Of([.. row.Data.Bytes, (byte)' ']),
            _ => e.Flip(row.Data),
        };
        e.Set(row.Position, "data", value);
        return $"data of {row.Position} := {value}";
    }

    private static string Metadata(Editor e)
    {
        var row = e.Any();
        Cell value = e.Random.Next(5) switch
        {
            0 => Cell.Null,
            1 => Cell.Of("""{"user":"root"}"""u8),
            2 => Cell.TextOf(row.Metadata.Bytes),
            3 => Cell.Of([]),
            _ => e.Flip(row.Metadata),
        };
        e.Set(row.Position, "metadata", value);
        return $"metadata of {row.Position} {row.Metadata} := {value}";
    }

    private static string Tags(Editor e)
    {
        var row = e.Any();
        var tags = row.TagList();
        string[] changed = e.Random.Next(3) switch
        {
            0 => [.. tags, $"tag:{50 + e.Random.Next(9)}"],
            1 => [.. tags.Skip(1)],
            _ => [.. tags.Reverse()],
        };
        var value = e.Random.Next(6) switch
        {
            0 => Cell.Of("[]"),
            1 => Cell.Of(JsonSerializer.Serialize(tags, Indented)),
            2 => Cell.Of(Encoding.UTF8.GetBytes(JsonSerializer.Serialize(tags))),
            3 => Cell.Of("no list"),
            _ => changed.Length == 0 ? Cell.Null : Cell.Of(JsonSerializer.Serialize(changed)),
        };
        e.Set(row.Position, "tags", value);
        if (e.Random.Next(2) == 0) e.IndexTags(row, (row with { Tags = value }).TagList());
        return $"tags of {row.Position} {row.Tags} := {value}";
    }

    private static JsonSerializerOptions Indented { get; } = new() { WriteIndented = true };

    private static string Recorded(Editor e)
    {
        var row = e.Any();
        var value = e.Random.Next(5) switch
        {
            0 => Cell.Of(row.Recorded.Number + 1),
            1 => Cell.Of(row.Recorded.Number - 1),
            2 => Cell.Of(row.Recorded.Number - TimeSpan.TicksPerDay),
            3 => Cell.Of(e.Random.Next(2) == 0 ? -1 : long.MaxValue),
            _ => Cell.Of("yesterday"),
        };
        e.Set(row.Position, "recorded", value);
        return $"recorded of {row.Position} := {value}";
    }

    private static string SetNumber(Editor e, string column, int from, string? table)
    {
        var row = e.Any();
        var value = e.Random.Next(8) switch
        {
            0 => Cell.Of("text"),
            1 => Cell.Of(-1L - e.Random.Next(3)),
            2 => Cell.Of(1_000_000 + e.Random.Next(9)),
            _ => table is null ? Cell.Of(Math.Max(1, row.Version.Number + e.Random.Next(-3, 4))) : Cell.Of(from + e.Random.NextInt64(e.Shell.Number($"SELECT max(id) FROM {table}"))),
        };
        e.Set(row.Position, column, value);
        if (column == "type" && e.Random.Next(2) == 0) e.Shell.Run("UPDATE event_tags SET type = ?2 WHERE position = ?1", Cell.Of(row.Position), value);
        return $"{column} of {row.Position} := {value}";
    }

    private static string Id(Editor e)
    {
        var row = e.Any();
        var value = e.Random.Next(4) switch
        {
            0 => e.Blob(16),
            1 => e.Blob(15),
            2 => Cell.TextOf(Encoding.ASCII.GetBytes("0123456789abcdef")),
            _ => e.Flip(row.Id),
        };
        e.Set(row.Position, "id", value);
        return $"id of {row.Position} := {value}";
    }

    private static string Seal(Editor e)
    {
        var row = e.Any();
        var value = e.Random.Next(5) switch
        {
            0 => e.Blob(16),
            1 => e.Blob(32),
            2 => e.Blob(e.Random.Next(40)),
            3 => Cell.TextOf(row.Seal.Bytes),
            _ => e.Flip(row.Seal),
        };
        e.Set(row.Position, "seal", value);
        return $"seal of {row.Position} := {value}";
    }

    private static string Position(Editor e)
    {
        var row = e.Any();
        var to = e.Random.Next(3) switch { 0 => -row.Position, 1 => 0, _ => e.Head + 1 + e.Random.Next(3) };
        e.Set(row.Position, "position", Cell.Of(to));
        if (e.Random.Next(2) == 0) e.Shell.Run("UPDATE event_tags SET position = ?2 WHERE position = ?1", Cell.Of(row.Position), Cell.Of(to));
        return $"position of {row.Position} := {to}";
    }

    private static string Delete(Editor e)
    {
        var row = e.Any();
        e.Delete(row);
        return $"deleted {row.Position}";
    }

    private static string DeleteAndRenumber(Editor e)
    {
        var row = e.Any();
        e.Delete(row);
        e.RenumberVersions(row.StreamId, row.Version.Number + 1, -1);
        e.Renumber(row.Position + 1, -1);
        return $"deleted {row.Position}, renumbered";
    }

    private static string Insert(Editor e)
    {
        var row = e.Any();
        e.Renumber(row.Position, 1);
        e.RenumberVersions(row.StreamId, row.Version.Number, 1);
        e.Insert(row.Position, row.StreamId, row.Version.Number, row.TypeId, row.Recorded.Number, """{"amount":1}""");
        return $"inserted before {row.Position}";
    }

    private static string AppendBad(Editor e)
    {
        var row = e.Any();
        var last = e.Shell.Number("SELECT max(version) FROM events WHERE stream = ?1", Cell.Of(row.StreamId));
        var recorded = e.Before.Events[^1].Recorded.Number;
        var (position, version, type, at, what) = e.Random.Next(4) switch
        {
            0 => (e.Head + 1, last + 2, row.TypeId, recorded, "version skipped"),
            1 => (e.Head + 2, last + 1, row.TypeId, recorded, "position skipped"),
            2 => (e.Head + 1, last + 1, 999_999, recorded, "no such type"),
            _ => (e.Head + 1, last + 1, row.TypeId, recorded - TimeSpan.TicksPerDay, "recorded yesterday"),
        };
        e.Insert(position, row.StreamId, version, type, at, "{}");
        return $"appended {position}: {what}";
    }

    private static string AppendGood(Editor e)
    {
        var count = e.Random.Next(1, 4);
        for (var i = 1; i <= count; i++)
        {
            var row = e.Any(r => !r.IsErasureRecord);
            var version = e.Shell.Number("SELECT max(version) FROM events WHERE stream = ?1", Cell.Of(row.StreamId)) + 1;
            e.Insert(e.Head + i, row.StreamId, version, row.TypeId, e.Before.Events[^1].Recorded.Number, """{"amount":1}""");
        }

        return $"appended {count}";
    }

    private static string SwapEvents(Editor e)
    {
        var (a, b) = Two(e, _ => true);
        if (a.StreamId == b.StreamId && e.Random.Next(2) == 0)
        {
            e.Set(a.Position, "version", Cell.Of(-1));
            e.Set(b.Position, "version", a.Version);
            e.Set(a.Position, "version", b.Version);
        }

        foreach (var table in (string[])["events", "event_tags"])
        {
            e.Shell.Run($"UPDATE {table} SET position = -1 WHERE position = ?1", Cell.Of(a.Position));
            e.Shell.Run($"UPDATE {table} SET position = ?2 WHERE position = ?1", Cell.Of(b.Position), Cell.Of(a.Position));
            e.Shell.Run($"UPDATE {table} SET position = ?1 WHERE position = -1", Cell.Of(b.Position));
        }

        return $"swapped {a.Position} and {b.Position}";
    }

    private static string SwapPayloads(Editor e)
    {
        var (a, b) = Two(e, row => !row.IsErased);
        e.Set(a.Position, "data", b.Data);
        e.Set(b.Position, "data", a.Data);
        var withSeals = e.Random.Next(2) == 0;
        if (withSeals)
        {
            e.Set(a.Position, "seal", b.Seal);
            e.Set(b.Position, "seal", a.Seal);
        }

        return $"swapped payloads{(withSeals ? " and salts" : "")} of {a.Position} and {b.Position}";
    }

    private static (EventRow, EventRow) Two(Editor e, Func<EventRow, bool> which)
    {
        var a = e.Any(which);
        return (a, e.Any(row => which(row) && row.Position != a.Position && (e.Random.Next(2) == 0 || row.StreamId == a.StreamId)));
    }

    private static string SwapNames(Editor e, string table)
    {
        var names = e.Shell.Rows($"SELECT id, name FROM {table}");
        var a = e.Pick(names);
        var b = e.Pick(names.Where(row => !row[0].Equals(a[0])).ToList());
        e.Shell.Run($"UPDATE {table} SET name = 'x' WHERE id = ?1", a[0]);
        e.Shell.Run($"UPDATE {table} SET name = ?2 WHERE id = ?1", b[0], a[1]);
        e.Shell.Run($"UPDATE {table} SET name = ?2 WHERE id = ?1", a[0], b[1]);
        return $"swapped {a[1]} and {b[1]}";
    }

    private static string Rename(Editor e, string table)
    {
        var row = e.Pick(e.Shell.Rows($"SELECT id, name FROM {table}"));
        var name = e.Random.Next(4) switch
        {
            0 => Cell.Of(row[1].Text + " "),
            1 => Cell.Of(row[1].Text.ToUpperInvariant()),
            2 => Cell.Of(row[1].Bytes), // the same, as a BLOB
            _ => Cell.Of("other"),
        };
        e.Shell.Run($"UPDATE {table} SET name = ?2 WHERE id = ?1", row[0], name);
        return $"renamed {row[1]} to {name}";
    }

    private static string DeleteName(Editor e)
    {
        var table = e.Random.Next(2) == 0 ? "streams" : "event_types";
        var row = e.Pick(e.Shell.Rows($"SELECT id, name FROM {table}"));
        e.Shell.Run($"DELETE FROM {table} WHERE id = ?1", row[0]);
        return $"deleted {row[1]} from {table}";
    }

    private static string Truncate(Editor e)
    {
        var from = e.Head - (e.Random.Next(3) switch { 0 => 0, 1 => e.Random.Next(20), _ => e.Random.Next((int)e.Head) });
        foreach (var table in (string[])["events", "event_tags"]) e.Shell.Run($"DELETE FROM {table} WHERE position >= ?1", Cell.Of(from));
        if (e.Random.Next(2) == 0) e.Shell.Run("DELETE FROM streams WHERE id NOT IN (SELECT stream FROM events)");
        return $"deleted {from}..{e.Head}";
    }

    private static async Task<string> RestoreAsync(SampleStore sample, Random random, string path)
    {
        var copy = random.Next(sample.OlderFiles.Count);
        await File.WriteAllBytesAsync(path, sample.OlderFiles[copy]);
        return $"restored the copy of {sample.Checkpoints[copy].Size} events";
    }

    private static async Task<string> RestoreAndAppendAsync(SampleStore sample, Random random, string path)
    {
        var what = await RestoreAsync(sample, random, path);
        await using var store = SampleStore.Open(path);
        var count = random.Next(1, random.Next(2) == 0 ? 5 : 120);
        var head = 0L;
        for (var i = 0; i < count; i++) head = await SampleStore.AppendAsync(store.Storage, random);
        return $"{what}, appended up to {head}";
    }

    private static string FakeErasure(Editor e)
    {
        var row = e.AnyUnerased();
        e.Set(row.Position, "data", Cell.Of([]));
        var isRight = e.Random.Next(3) > 0;
        e.Set(row.Position, "seal", isRight ? Cell.Of(LedgerLeaf.CommitToData(row.Seal.Bytes, row.Data.Bytes).Bytes) : e.Blob(32));
        return $"erased {row.Position}{(isRight ? "" : " with another commitment")}";
    }

    private static string UndoErasure(Editor e)
    {
        var (position, (data, seal)) = e.Pick(e.Sample.Erased.ToList());
        var isTrue = e.Random.Next(2) == 0;
        e.Set(position, "data", isTrue ? data : Cell.Of("{}"u8));
        e.Set(position, "seal", isTrue || e.Random.Next(2) == 0 ? seal : e.Blob(16));
        return $"{(isTrue ? "true" : "other")} data for the erased {position}";
    }

    private static string EditErasureRecord(Editor e)
    {
        var row = e.Any(r => r.IsErasureRecord);
        var positions = JsonDocument.Parse(row.Data.ToBytes()).RootElement.GetProperty("positions").EnumerateArray().Select(p => p.GetInt64()).ToList();
        if (e.Random.Next(2) == 0) positions.RemoveAt(e.Random.Next(positions.Count));
        else positions.Add(e.AnyUnerased().Position);
        e.Set(row.Position, "data", Cell.Of(JsonSerializer.SerializeToUtf8Bytes(new { positions, reason = "asked for", by = "office" })));
        return $"record {row.Position} names {string.Join(",", positions)}";
    }

    private static string EventTags(Editor e)
    {
        var row = e.Pick(e.Shell.Rows("SELECT tag, position, type FROM event_tags"));
        var where = "WHERE tag = ?1 AND position = ?2";
        string what;
        switch (e.Random.Next(6))
        {
            case 0:
                e.Shell.Run($"DELETE FROM event_tags {where}", row[0], row[1]);
                what = "deleted";
                break;
            case 1:
                e.Shell.Run($"UPDATE event_tags SET type = type + 1 {where}", row[0], row[1]);
                what = "other type";
                break;
            case 2:
                e.Shell.Run($"UPDATE event_tags SET position = position + 1 {where}", row[0], row[1]);
                what = "next position";
                break;
            case 3:
                e.Shell.Run($"UPDATE event_tags SET tag = tag || 'x' {where}", row[0], row[1]);
                what = "other tag";
                break;
            case 4:
                e.Shell.Run($"UPDATE event_tags SET tag = CAST(tag AS BLOB) {where}", row[0], row[1]);
                what = "tag as a BLOB";
                break;
            default:
                e.Shell.Run("INSERT INTO event_tags (tag, position, type) VALUES ('more', ?1, ?2)", row[1], row[2]);
                what = "one more tag";
                break;
        }

        return $"index of tags, {row[0]} at {row[1]}: {what}";
    }

    private static string Frontier(Editor e)
    {
        var row = e.Shell.Rows("SELECT frontier, marks FROM ledger")[0];
        var bytes = row[0].ToBytes();
        string what;
        switch (e.Random.Next(6))
        {
            case 0:
                e.Shell.Run("DELETE FROM ledger");
                return "frontier deleted";
            case 1:
                bytes[e.Random.Next(12, bytes.Length)] ^= (byte)(1 << e.Random.Next(8));
                what = "a bit of a hash";
                break;
            case 2:
                bytes[e.Random.Next(4, 12)] ^= (byte)(1 << e.Random.Next(8));
                what = "a bit of the size";
                break;
            case 3:
                bytes = [.. bytes[..^1]];
                what = "a byte less";
                break;
            case 4:
                bytes = new MerkleFrontier().ToBytes();
                what = "an empty tree";
                break;
            default:
                var older = new MerkleFrontier();
                older.Append(MerkleTree.HashLeaf([1]));
                bytes = older.ToBytes();
                what = "another tree";
                break;
        }

        e.Shell.Run("UPDATE ledger SET frontier = ?1", Cell.Of(bytes));
        return $"frontier: {what}";
    }

    private static string Tile(Editor e)
    {
        var row = e.Pick(e.Shell.Rows("SELECT level, number, hash FROM ledger_tiles"));
        var where = "WHERE level = ?1 AND number = ?2";
        switch (e.Random.Next(5))
        {
            case 0:
                e.Shell.Run($"DELETE FROM ledger_tiles {where}", row[0], row[1]);
                return $"tile {row[0]}/{row[1]} deleted";
            case 1:
                e.Shell.Run($"UPDATE ledger_tiles SET number = number + 1000 {where}", row[0], row[1]);
                return $"tile {row[0]}/{row[1]} moved";
            case 2:
                e.Shell.Run("INSERT INTO ledger_tiles (level, number, hash) VALUES (?1, ?2, ?3)", Cell.Of(e.Random.Next(2) == 0 ? 1 : 2), Cell.Of(e.Random.Next(2) == 0 ? 999 : e.Head / 256), e.Blob(32));
                return "a tile too many";
            case 3:
                var marked = e.Pick(e.Shell.Rows("SELECT tile, marks FROM ledger_marks"));
                if (e.Random.Next(4) == 0) e.Shell.Run("DELETE FROM ledger_marks WHERE tile = ?1", marked[0]);
                else e.Shell.Run("UPDATE ledger_marks SET marks = ?2 WHERE tile = ?1", marked[0], e.Flip(marked[1]));
                return $"marks of tile {marked[0]}";
            default:
                e.Shell.Run($"UPDATE ledger_tiles SET hash = ?3 {where}", row[0], row[1], e.Flip(row[2]));
                return $"hash of tile {row[0]}/{row[1]}";
        }
    }

    // From here on the triggers have to be back first: they are what is changed, or would count as changed too.
    private static string Trigger(Editor e)
    {
        e.Lock();
        var row = e.Pick(e.Shell.Rows("SELECT name, sql FROM sqlite_master WHERE type = 'trigger'"));
        e.Shell.Run($"DROP TRIGGER {row[0].Text}");
        if (e.Random.Next(2) == 0) return $"dropped {row[0]}";
        e.Shell.Run(e.Random.Next(2) == 0
            ? row[1].Text.Replace("BEGIN SELECT raise", "BEGIN SELECT 1 WHERE 0; SELECT raise", StringComparison.Ordinal)
            : row[1].Text.Replace("append-only", "append-mostly", StringComparison.Ordinal));
        return $"changed {row[0]}";
    }

    private static string Index(Editor e)
    {
        e.Lock();
        var row = e.Pick(e.Shell.Rows("SELECT name, sql FROM sqlite_master WHERE type = 'index' AND sql IS NOT NULL"));
        e.Shell.Run($"DROP INDEX {row[0].Text}");
        if (e.Random.Next(2) == 0) return $"dropped {row[0]}";
        e.Shell.Run($"CREATE INDEX {row[0].Text} ON events (recorded)");
        return $"changed {row[0]}";
    }

    private static string Table(Editor e)
    {
        e.Lock();
        switch (e.Random.Next(4))
        {
            case 0:
                e.Shell.Run("ALTER TABLE events ADD COLUMN note TEXT");
                return "a column more";
            case 1:
                e.Shell.Run("DROP VIEW event_log");
                return "view dropped";
            case 2:
                e.Shell.Run("PRAGMA writable_schema = ON; UPDATE sqlite_master SET sql = replace(sql, ' CHECK (length(id) = 16)', '') WHERE name = 'events'; PRAGMA writable_schema = OFF");
                return "a CHECK less";
            default:
                e.Shell.Run("PRAGMA writable_schema = ON; UPDATE sqlite_master SET sql = replace(sql, ' NOT NULL', '') WHERE name = 'streams'; PRAGMA writable_schema = OFF");
                return "a NOT NULL less";
        }
    }

    private static string Marks(Editor e)
    {
        e.Lock();
        var pragma = e.Random.Next(2) == 0 ? "application_id" : "user_version";
        var value = e.Shell.Number($"PRAGMA {pragma}") ^ (1L << e.Random.Next(31));
        e.Shell.Run($"PRAGMA {pragma} = {value}");
        return $"{pragma} := {value}";
    }

    private static string StrayName(Editor e)
    {
        var table = e.Random.Next(2) == 0 ? "streams" : "event_types";
        e.Shell.Run($"INSERT INTO {table} (name) VALUES ('stray')");
        return $"a stray name in {table}";
    }

    private static string AddToSchema(Editor e)
    {
        e.Lock();
        var sql = e.Pick((string[])
        [
            "CREATE TRIGGER more AFTER INSERT ON events BEGIN DELETE FROM event_tags WHERE position = NEW.position; END",
            "CREATE TRIGGER more BEFORE INSERT ON events BEGIN SELECT raise(IGNORE); END",
        ]);
        e.Shell.Run(sql);
        return sql;
    }

    /// <summary>The index no longer has all rows, and its definition says that it has: reads by it pass events by.</summary>
    private static string HollowIndex(Editor e)
    {
        e.Lock();
        var row = e.Pick(e.Shell.Rows("SELECT name, sql FROM sqlite_master WHERE type = 'index' AND sql IS NOT NULL"));
        var position = e.Any().Position;
        e.Shell.Run($"DROP INDEX {row[0].Text}");
        e.Shell.Run($"{row[1].Text} WHERE position <> {position}");
        e.Shell.Run("PRAGMA writable_schema = ON");
        e.Shell.Run("UPDATE sqlite_master SET sql = ?2 WHERE name = ?1", row[0], row[1]);
        e.Shell.Run("PRAGMA writable_schema = OFF");
        return $"{row[0]} without {position}";
    }

    private static string Several(Editor e)
    {
        var kinds = All.Where(kind => kind is { Replace: null, CanBeCovered: true, IsOfEvents: true, Expectation: Expectation.Found } && kind.Apply != Several).ToList();
        return string.Join("; ", Enumerable.Range(0, e.Random.Next(2, 6)).Select(_ => e.Pick(kinds).Apply(e)));
    }
}
