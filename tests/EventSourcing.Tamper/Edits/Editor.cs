namespace EventSourcing.Tamper;

/// <summary>An administrator at work on one copy of a store: a shell, all rights, and a plan by chance.</summary>
internal sealed class Editor(Shell shell, SampleStore sample, Random random)
{
    private static readonly string[] AppendOnly = ["streams", "event_types", "events", "event_tags", "ledger", "ledger_tiles", "ledger_marks"];
    private List<string> _triggers = [];

    public Shell Shell => shell;

    public SampleStore Sample => sample;

    public Random Random => random;

    public Contents Before => sample.Contents;

    public long Head => Before.Head;

    /// <summary>Lifts what stands in the way: triggers and CHECKs.</summary>
    public void Unlock()
    {
        shell.Run("PRAGMA ignore_check_constraints = ON; PRAGMA synchronous = OFF");
        _triggers = [.. shell.Rows("SELECT name, tbl_name, sql FROM sqlite_master WHERE type = 'trigger' ORDER BY rowid").Where(row => AppendOnly.Contains(row[1].Text)).Select(row =>
        {
            shell.Run($"DROP TRIGGER {row[0].Text}");
            return row[2].Text;
        })];
    }

    /// <summary>Puts the triggers back as they were, unless they are.</summary>
    public void Lock()
    {
        foreach (var sql in _triggers) shell.Run(sql);
        _triggers = [];
    }

    public T Pick<T>(IReadOnlyList<T> list) => list.Count == 0 ? throw new ShellException("there is nothing to choose from") : list[random.Next(list.Count)];

    public EventRow Any() => Pick(Before.Events);

    public EventRow Any(Func<EventRow, bool> which) => Pick(Before.Events.Where(which).ToList());

    public EventRow AnyUnerased() => Any(e => !e.IsErased);

    public void Set(long position, string column, Cell value) => shell.Run($"UPDATE events SET {column} = ?2 WHERE position = ?1", Cell.Of(position), value);

    /// <summary>Moves all events from a position on, by way of negative positions, which are free.</summary>
    public void Renumber(long from, int by)
    {
        shell.Run("UPDATE events SET position = -(position + ?2) WHERE position >= ?1", Cell.Of(from), Cell.Of(by));
        shell.Run("UPDATE events SET position = -position WHERE position < 0");
        shell.Run("UPDATE event_tags SET position = -(position + ?2) WHERE position >= ?1", Cell.Of(from), Cell.Of(by));
        shell.Run("UPDATE event_tags SET position = -position WHERE position < 0");
    }

    public void RenumberVersions(long stream, long from, int by)
    {
        shell.Run("UPDATE events SET version = -(version + ?3) WHERE stream = ?1 AND version >= ?2", Cell.Of(stream), Cell.Of(from), Cell.Of(by));
        shell.Run("UPDATE events SET version = -version WHERE stream = ?1 AND version < 0", Cell.Of(stream));
    }

    public void Delete(EventRow e)
    {
        shell.Run("DELETE FROM events WHERE position = ?1", Cell.Of(e.Position));
        shell.Run("DELETE FROM event_tags WHERE position = ?1", Cell.Of(e.Position));
    }

    public void Insert(long position, long stream, long version, long type, long recorded, string data)
    {
        Cell tag = Cell.Of($"tag:{random.Next(50)}");
        var hasTag = random.Next(2) == 0;
        shell.Run(
            "INSERT INTO events (position, stream, version, type, id, recorded, seal, data, metadata, tags) VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8, NULL, ?9)",
            Cell.Of(position), Cell.Of(stream), Cell.Of(version), Cell.Of(type), Blob(16), Cell.Of(recorded), Blob(16), Cell.Of(System.Text.Encoding.UTF8.GetBytes(data)),
            hasTag ? Cell.Of($"[\"{tag.Text}\"]") : Cell.Null);
        if (hasTag) shell.Run("INSERT INTO event_tags (tag, position, type) VALUES (?1, ?2, ?3)", tag, Cell.Of(position), Cell.Of(type));
    }

    /// <summary>Has the rows of the index of tags be those of the event.</summary>
    public void IndexTags(EventRow e, string[] tags)
    {
        shell.Run("DELETE FROM event_tags WHERE position = ?1", Cell.Of(e.Position));
        foreach (var tag in tags.Distinct()) shell.Run("INSERT INTO event_tags (tag, position, type) VALUES (?1, ?2, ?3)", Cell.Of(tag), Cell.Of(e.Position), Cell.Of(e.TypeId));
    }

    /// <summary>A random blob.</summary>
    public Cell Blob(int length)
    {
        var bytes = new byte[length];
        random.NextBytes(bytes);
        return Cell.Of(bytes);
    }

    /// <summary>The same bytes but one bit.</summary>
    public Cell Flip(Cell cell)
    {
        var bytes = cell.ToBytes();
        if (bytes.Length == 0) return Cell.Of([(byte)random.Next(256)]);
        bytes[random.Next(bytes.Length)] ^= (byte)(1 << random.Next(8));
        return Cell.Of(bytes);
    }
}
