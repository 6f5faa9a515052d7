using System.Security.Cryptography;
using SQLitePCL;

namespace EventSourcing.Tamper;

/// <summary>All that a store's file says, read without the library.</summary>
internal sealed class Contents
{
    private static readonly string[] Marks = ["application_id", "user_version", "encoding", "page_size", "auto_vacuum"];

    private static readonly string[] OfEvents =
    [
        "SELECT position, stream, version, type, id, recorded, seal, data, metadata, tags FROM events NOT INDEXED ORDER BY position",
        "SELECT tag, position, type FROM event_tags ORDER BY tag, position",
    ];

    private static readonly string[] OfTree =
    [
        "SELECT id, frontier, marks FROM ledger ORDER BY id",
        "SELECT level, number, hash FROM ledger_tiles ORDER BY level, number",
        "SELECT tile, marks FROM ledger_marks ORDER BY tile",
    ];

    // Tables by their own trees, and by each index what queries find by it.
    private static readonly string[] OfOthers =
    [
        "SELECT type, name, tbl_name, sql FROM sqlite_master ORDER BY type, name",
        "SELECT id, name FROM streams NOT INDEXED ORDER BY id",
        "SELECT id, name FROM event_types NOT INDEXED ORDER BY id",
        "SELECT id, name, fields FROM read_models NOT INDEXED ORDER BY id",
        "SELECT alias, model, view_name FROM read_model_aliases ORDER BY alias",
        "SELECT name, id FROM streams INDEXED BY sqlite_autoindex_streams_1 ORDER BY name",
        "SELECT name, id FROM event_types INDEXED BY sqlite_autoindex_event_types_1 ORDER BY name",
        "SELECT stream, version, position FROM events INDEXED BY events_by_stream ORDER BY stream, version",
        "SELECT id, position FROM events INDEXED BY events_by_id ORDER BY id",
        "SELECT type, position FROM events INDEXED BY events_by_type ORDER BY type, position",
        "SELECT name, id FROM read_models INDEXED BY sqlite_autoindex_read_models_1 ORDER BY name",
    ];

    // A row that a scan passes by may still not be found by its key.
    private const string Lookups = """
        WITH RECURSIVE n(i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM n WHERE i < (SELECT count(*) FROM events))
        SELECT i, e.stream, e.version, hex(e.id),
            (SELECT position FROM events WHERE stream = e.stream AND version = e.version),
            (SELECT position FROM events WHERE id = e.id),
            (SELECT s.id FROM streams s WHERE s.name = (SELECT name FROM streams WHERE id = e.stream)),
            (SELECT t.id FROM event_types t WHERE t.name = (SELECT name FROM event_types WHERE id = e.type)),
            (SELECT count(*) FROM event_tags g WHERE g.tag = json_extract(e.tags, '$[0]') AND g.position = i)
        FROM n LEFT JOIN events e ON e.position = i
        """;

    private Contents(List<EventRow> events, List<Cell[]> eventTags, List<Cell[]> tree, List<Cell[]> others)
    {
        Events = events;
        EventTags = eventTags;
        Tree = tree;
        Others = others;
    }

    /// <summary>By position.</summary>
    public IReadOnlyList<EventRow> Events { get; }

    /// <summary>Rows of tag, position and the type's name.</summary>
    public IReadOnlyList<Cell[]> EventTags { get; }

    /// <summary>Frontier and tiles.</summary>
    public IReadOnlyList<Cell[]> Tree { get; }

    /// <summary>Everything else: marks, schema, names, indexes.</summary>
    public IReadOnlyList<Cell[]> Others { get; }

    public long Head => Events.Count == 0 ? 0 : Events[^1].Position;

    /// <summary>Reads it all.</summary>
    /// <exception cref="ShellException">The file cannot be read so.</exception>
    public static Contents Read(Shell shell)
    {
        var streams = Names(shell, "SELECT id, name FROM streams NOT INDEXED");
        var types = Names(shell, "SELECT id, name FROM event_types NOT INDEXED");
        var events = shell.Read(
            "SELECT position, stream, type, version, id, recorded, seal, data, metadata, tags FROM events NOT INDEXED ORDER BY position",
            row =>
            {
                long stream = raw.sqlite3_column_int64(row, 1), type = raw.sqlite3_column_int64(row, 2);
                return new EventRow(
                    raw.sqlite3_column_int64(row, 0), stream, type,
                    streams.GetValueOrDefault(stream, Cell.Null), Cell.Read(row, 3), types.GetValueOrDefault(type, Cell.Null), Cell.Read(row, 4), Cell.Read(row, 5),
                    Cell.Read(row, 6), Cell.Read(row, 7), Cell.Read(row, 8), Cell.Read(row, 9));
            });
        var eventTags = shell.Rows("SELECT tag, position, type FROM event_tags ORDER BY tag, position");
        foreach (var row in eventTags) row[2] = types.GetValueOrDefault(row[2].Number, Cell.Null);
        List<Cell[]> others = [.. Marks.SelectMany(mark => shell.Rows($"PRAGMA {mark}"))];
        foreach (var sql in OfOthers) others.AddRange(shell.Rows(sql));
        List<Cell[]> tree = [.. OfTree.SelectMany(sql => shell.Rows(sql))];
        return new Contents(events, eventTags, tree, others);
    }

    /// <summary>Reads it all, also by the indexes and by lookups, and makes one hash of it.</summary>
    /// <param name="path">The file.</param>
    /// <param name="withTree">Whether the tree belongs to it: a frontier may say less than the log.</param>
    /// <returns>The hash; where something cannot be read, what SQLite says.</returns>
    public static string DigestOf(string path, bool withTree)
    {
        try
        {
            using var shell = new Shell(path);
            using var hash = IncrementalHash.CreateHash(HashAlgorithmName.SHA256);
            foreach (var mark in Marks) Append(hash, shell, $"PRAGMA {mark}");
            foreach (var sql in (string[])[.. OfEvents, .. withTree ? OfTree : [], .. OfOthers]) Append(hash, shell, sql);
            Append(hash, shell, Lookups);
            return Convert.ToHexString(hash.GetHashAndReset());
        }
        catch (ShellException failure)
        {
            return failure.Message;
        }
    }

    /// <summary>Whether it is all the same; the tree need not be where it was made anew, which also completes it.</summary>
    public bool SaysTheSameAs(Contents other, bool whateverTheTree) =>
        SameRows(Others, other.Others) && (whateverTheTree || SameRows(Tree, other.Tree)) && SameRows(EventTags, other.EventTags)
        && Events.Count == other.Events.Count && Events.Zip(other.Events).All(pair => pair.First.SaysTheSameAs(pair.Second) && pair.First.StreamId == pair.Second.StreamId && pair.First.TypeId == pair.Second.TypeId);

    /// <summary>
    /// The oracle: the first position at which this does not say what it said before of an event, or of its tags in their
    /// index, or at which erased payloads and what is recorded of them do not agree; 0 where all is well.
    /// </summary>
    /// <remarks>A payload that was erased or brought back is the same event: only the records tell whether that is right.</remarks>
    public long FirstBadPosition(Contents before)
    {
        var now = Events.ToDictionary(e => e.Position);
        var then = before.Events.ToDictionary(e => e.Position);
        var first = Erasures.FirstUnlikeRecord(Events);
        for (var position = 1L; position <= Math.Max(Head, before.Head) && position < first; position++)
        {
            if (now.TryGetValue(position, out var a) && then.TryGetValue(position, out var b) && (a.SaysTheSameAs(b) || Erasures.IsAllThatDiffers(a, b))) continue;
            first = position;
        }

        var tags = Keys(EventTags);
        tags.SymmetricExceptWith(Keys(before.EventTags));
        foreach (var (_, position, _) in tags.Where(tag => tag.Position.Whole > 0)) first = Math.Min(first, position.Whole);
        return first == long.MaxValue ? 0 : first;
    }

    private static HashSet<(Cell, Cell Position, Cell)> Keys(IReadOnlyList<Cell[]> rows) => [.. rows.Select(row => (row[0], row[1], row[2]))];

    private static Dictionary<long, Cell> Names(Shell shell, string sql) => shell.Rows(sql).ToDictionary(row => row[0].Number, row => row[1]);

    private static bool SameRows(IReadOnlyList<Cell[]> a, IReadOnlyList<Cell[]> b) => a.Count == b.Count && a.Zip(b).All(pair => pair.First.AsSpan().SequenceEqual(pair.Second));

    private static void Append(IncrementalHash hash, Shell shell, string sql) => shell.Read(sql, row =>
    {
        Span<byte> number = stackalloc byte[sizeof(long) + 1];
        var columns = raw.sqlite3_column_count(row);
        for (var i = 0; i < columns; i++)
        {
            number[0] = (byte)raw.sqlite3_column_type(row, i);
            var isNumber = number[0] is raw.SQLITE_INTEGER;
            var bytes = isNumber ? [] : raw.sqlite3_column_blob(row, i);
            System.Buffers.Binary.BinaryPrimitives.WriteInt64LittleEndian(number[1..], isNumber ? raw.sqlite3_column_int64(row, i) : bytes.Length);
            hash.AppendData(number);
            hash.AppendData(bytes);
        }

        return 0;
    });
}
