using System.Globalization;

namespace EventSourcing;

/// <summary>Reads events through a connection, within the transaction that its owner has begun.</summary>
internal static class LogReader
{
    private const string Columns = EventRow.Columns;
    private const string StreamByName = "stream = (SELECT id FROM streams WHERE name = ?1)";

    /// <summary>
    /// How many events a scan examines before it returns a page, full or not: it holds a thread and a snapshot meanwhile.
    /// </summary>
    private const long ScanWindow = 20_000;

    /// <summary>
    /// How many rows may be stepped over for each wanted one: that costs less than looking each one up. Not measured finely.
    /// </summary>
    private const int DenseSpan = 4;

    public static EventPage ReadStream(Database database, NameCache names, StreamRead read)
    {
        var forwards = read.Direction == ReadDirection.Forwards;

        // The plus keeps the planner from walking the log by position instead of the stream by version. Without a lower bound, a row is
        // found whose version is below the first, and refused.
        var lower = read.After == 0 ? "" : "AND version > ?2 ";
        var select = database.Prepare(forwards
            ? $"SELECT {Columns} FROM events WHERE {StreamByName} {lower}AND version <= ?3 AND +position <= ?4 ORDER BY version LIMIT ?5"
            : $"SELECT {Columns} FROM events WHERE {StreamByName} {lower}AND version <= ?3 AND +position <= ?4 "
                + "ORDER BY version DESC LIMIT ?5");
        select.Bind(1, read.Stream).Bind(2, read.After).Bind(3, read.UpTo).Bind(4, read.UpToPosition).Bind(5, read.Limit + 1L);
        var page = new EventPage(read.Limit);
        var isEnd = Fill(page, select, database, names, read.Limit, EventQuery.All, read.Stream, withSeals: false);
        var last = page.Count > 0 ? page.Events[^1].Version : 0;

        // A page that reaches the stream's end has the stream's version; only other pages have to query it.
        var isUnbounded = read.UpTo == long.MaxValue && read.UpToPosition == long.MaxValue;
        var version = isUnbounded && page.Count > 0 && (isEnd || !forwards)
            ? (forwards ? last : page.Events[0].Version)
            : ReadVersion(database, read.Stream);
        page.Complete(forwards ? (page.Count > 0 ? last : read.After) : isEnd ? read.After : last - 1, isEnd, version);
        return page;
    }

    /// <summary>The version of a stream; 0 if there is no such stream.</summary>
    private static long ReadVersion(Database database, string stream)
    {
        if (database.Prepare($"SELECT max(version) FROM events WHERE {StreamByName}").Bind(1, stream).Scalar() is not { } version) return 0;
        return EventValues.DamageAtEnd(stream, version) is { } damage ? throw new DamagedDataException(damage) : version;
    }

    public static EventPage ReadLog(Database database, NameCache names, LogRead read)
    {
        var head = ReadHead(database);
        var upTo = Math.Min(read.UpTo, head);
        var page = new EventPage(read.Limit);
        if (upTo <= read.After) page.Complete(read.Direction == ReadDirection.Forwards ? read.After : upTo, isEnd: true, head);
        else if (IndexedQuery.From(database, read.Filter, read.Direction, read.After) is { } query)
            ReadByIndex(page, database, names, read, query, upTo, head);
        else Scan(page, database, names, read, upTo, head);
        return page;
    }

    public static long ReadHead(Database database) => database.Prepare("SELECT max(position) FROM events").Scalar() ?? 0;

    public static long ReadPosition(Database database, Guid id)
    {
        Span<byte> bytes = stackalloc byte[16];
        id.TryWriteBytes(bytes, bigEndian: true, out _);
        return database.Prepare("SELECT position FROM events WHERE id = ?1").Bind(1, bytes).Scalar() ?? 0;
    }

    /// <summary>
    /// The position of the first match after one position and up to another; 0 if there is none. Used by the writer, which
    /// sees its own uncommitted events and therefore must not fill the caches of names; and for conditions that are checked
    /// before the writer has the lock.
    /// </summary>
    public static long FirstMatch(Database database, EventQuery query, long after, long head)
    {
        if (query.IsAll) return after < head ? after + 1 : 0;
        if (after >= head) return 0;
        if (IndexedQuery.From(database, query, ReadDirection.Forwards, after) is { } indexed)
            return indexed.Positions(database, after, head, limit: 1).FirstOrDefault();
        var select = database.Prepare($"{EventRow.WithNames} WHERE e.position > ?1 AND e.position <= ?2 ORDER BY e.position")
            .Bind(1, after).Bind(2, head);
        try
        {
            while (select.Step())
            {
                var row = new EventRow(select);
                if (row.Matches(query)) return row.Position;
            }

            return 0;
        }
        finally
        {
            select.Reset();
        }
    }

    /// <summary>For the writer: the event with an id, if it is stored.</summary>
    public static StoredEvent? FindById(Database database, Guid id)
    {
        Span<byte> bytes = stackalloc byte[16];
        id.TryWriteBytes(bytes, bigEndian: true, out _);
        var select = database.Prepare($"{EventRow.WithNames} WHERE e.id = ?1").Bind(1, bytes);
        try
        {
            return select.Step() ? new EventRow(select).ReadWithNames() : null;
        }
        finally
        {
            select.Reset();
        }
    }

    private static void ReadByIndex(
        EventPage page, Database database, NameCache names, LogRead read, IndexedQuery query, long upTo, long head)
    {
        var positions = query.Positions(database, read.After, upTo, read.Limit + 1L);
        var wanted = Math.Min(positions.Count, read.Limit);
        var added = wanted > 0 && Math.Abs(positions[wanted - 1] - positions[0]) < (long)wanted * DenseSpan
            ? AddRange(page, database, names, read, positions, wanted)
            : AddEach(page, database, names, read, positions, wanted);
        var isEnd = added == positions.Count;
        if (read.Direction == ReadDirection.Forwards) page.Complete(isEnd ? upTo : positions[added - 1], isEnd, head);
        else page.Complete(isEnd ? read.After : positions[added - 1] - 1, isEnd, head);
    }

    /// <summary>
    /// Walks the log from position to position if these lie close together, as they do for a filter that most events match.
    /// </summary>
    /// <returns>How many were added until the page was full.</returns>
    private static int AddRange(EventPage page, Database database, NameCache names, LogRead read, List<long> positions, int count)
    {
        var select = database.Prepare(RangeSql(read.Direction));
        select.Bind(1, Math.Min(positions[0], positions[count - 1]) - 1).Bind(2, Math.Max(positions[0], positions[count - 1]));
        try
        {
            var i = 0;
            while (i < count && page.CopiedBytes < EventPage.MaxBytes)
            {
                do
                {
                    if (!select.Step()) throw Missing(positions[i]);
                }
                while (select.Long(0) != positions[i]);
                Add(page, select, database, names, read.WithSeals);
                i++;
            }

            return i;
        }
        finally
        {
            select.Reset();
        }
    }

    private static int AddEach(EventPage page, Database database, NameCache names, LogRead read, List<long> positions, int count)
    {
        var select = database.Prepare($"SELECT {Columns} FROM events WHERE position = ?1");
        var i = 0;
        for (; i < count && page.CopiedBytes < EventPage.MaxBytes; i++)
        {
            select.Bind(1, positions[i]);
            if (!select.Step()) throw Missing(positions[i]);
            Add(page, select, database, names, read.WithSeals);
            select.Reset();
        }

        return i;
    }

    /// <summary>
    /// Checks that the log has an event at a position below its head. Code that walks a log part by part checks this after
    /// each part: if a tool has given an event a position far behind the others, the walk would not end in a lifetime.
    /// </summary>
    /// <exception cref="DamagedDataException">It has none.</exception>
    public static void ThrowIfMissing(Database database, long position)
    {
        if (database.Prepare("SELECT position FROM events WHERE position = ?1").Bind(1, position).Scalar() is null)
            throw new DamagedDataException(string.Create(
                CultureInfo.InvariantCulture, $"there is no event at position {position}, though the log goes on after it."));
    }

    private static DamagedDataException Missing(long position) => new($"an index has position {position}, and the log has not.");

    private static string RangeSql(ReadDirection direction) => direction == ReadDirection.Forwards
        ? $"SELECT {Columns} FROM events WHERE position > ?1 AND position <= ?2 ORDER BY position"
        : $"SELECT {Columns} FROM events WHERE position > ?1 AND position <= ?2 ORDER BY position DESC";

    private static void Scan(EventPage page, Database database, NameCache names, LogRead read, long upTo, long head)
    {
        var forwards = read.Direction == ReadDirection.Forwards;
        var from = forwards || read.Filter.IsAll ? read.After : Math.Max(read.After, upTo - ScanWindow);
        var to = !forwards || read.Filter.IsAll ? upTo : Math.Min(upTo, read.After + ScanWindow);
        var select = database.Prepare(RangeSql(read.Direction)).Bind(1, from).Bind(2, to);
        if (Fill(page, select, database, names, read.Limit, read.Filter, stream: null, read.WithSeals))
        {
            if (forwards ? to < upTo : from > read.After) ThrowIfMissing(database, forwards ? to : from + 1);
            page.Complete(forwards ? to : from, forwards ? to == upTo : from == read.After, head);
        }
        else
        {
            var last = page.Events[^1].Position;
            page.Complete(forwards ? last : last - 1, isEnd: false, head);
        }
    }

    /// <summary>Adds matching rows until there are no more, or the page is full and there is another row.</summary>
    /// <returns>Whether there are no more.</returns>
    private static bool Fill(
        EventPage page, Statement select, Database database, NameCache names, int limit, EventQuery filter, string? stream, bool withSeals)
    {
        try
        {
            while (select.Step())
            {
                var row = new EventRow(select);
                var streamOfRow = stream ?? row.ReadStream(database, names);
                if (!filter.IsAll && !row.Matches(filter, database, names, streamOfRow)) continue;
                if (page.Count == limit || page.CopiedBytes >= EventPage.MaxBytes) return false;
                page.Add(row.Read(page, database, names, streamOfRow, withSeals));
            }

            return true;
        }
        finally
        {
            select.Reset();
        }
    }

    private static void Add(EventPage page, Statement select, Database database, NameCache names, bool withSeals)
    {
        var row = new EventRow(select);
        page.Add(row.Read(page, database, names, row.ReadStream(database, names), withSeals));
    }
}
