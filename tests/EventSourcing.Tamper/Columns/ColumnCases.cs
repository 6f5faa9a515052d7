namespace EventSourcing.Tamper;

/// <summary>A value that somebody has put into a column of a table.</summary>
/// <param name="Group">The row of the table of results that it belongs to: the table and the column.</param>
/// <param name="Table">The table; null for a mark of the file.</param>
/// <param name="Column">The column, or the mark; null where the row is removed.</param>
/// <param name="Key">The row.</param>
/// <param name="What">What was done.</param>
/// <param name="Make">Makes the value.</param>
/// <param name="IsByte">Whether it is the value that was there but for one byte.</param>
internal sealed record ColumnCase(
    string Group, StoreTable? Table, string? Column, IReadOnlyList<Cell> Key, string What, Func<Cell> Make, bool IsByte = false)
{
    private const string Constraints = "PRAGMA ignore_check_constraints = ON; PRAGMA synchronous = OFF";

    public override string ToString() => $"{Group} of row {string.Join(", ", Key)}: {What}";

    /// <summary>Does it, with the triggers dropped and the constraints lifted, and puts both back.</summary>
    /// <returns>False where SQLite has no such row: a key of it would be there twice.</returns>
    public bool Apply(Shell shell)
    {
        if (Table is null)
        {
            shell.Run($"PRAGMA {Column} = {Make()}");
            return true;
        }

        shell.Run(Constraints);
        var triggers = shell.Rows("SELECT name, sql FROM sqlite_master WHERE type = 'trigger' ORDER BY rowid");
        foreach (var trigger in triggers) shell.Run($"DROP TRIGGER {trigger[0].Text}");
        Redefine(shell, Table.LenientSql);
        try
        {
            if (Column is null) shell.Run($"DELETE FROM {Table.Quoted} WHERE {Table.Where(1)}", [.. Key]);
            else shell.Run($"UPDATE {Table.Quoted} SET {StoreTable.Quote(Column)} = ?1 WHERE {Table.Where(2)}", [Make(), .. Key]);
        }
        catch (ShellException)
        {
            return false;
        }

        if (shell.Changes != 1) throw new InvalidOperationException($"{this}: {shell.Changes} rows were changed.");
        Redefine(shell, Table.Sql);
        foreach (var trigger in triggers) shell.Run(trigger[1].Text);
        return true;
    }

    /// <summary>Whether it is still so. An app that goes on may write the row anew, as a name that is missing, and all is well then.</summary>
    public bool IsStillThere(Shell shell)
    {
        if (Table is null || Column is null) return Table is null || shell.Rows($"SELECT 1 FROM {Table.Quoted} WHERE {Table.Where(1)}", [.. Key]).Count == 0;
        var rows = shell.Rows($"SELECT {StoreTable.Quote(Column)} FROM {Table.Quoted} WHERE {Table.Where(1)}", [.. Key]);

        // One that is part of the key has given the row another key.
        return rows.Count == 0 || rows.Exists(row => row[0].Equals(Make()));
    }

    /// <summary>Has SQLite take another statement for the one that made the table.</summary>
    private void Redefine(Shell shell, string sql)
    {
        shell.Run("PRAGMA writable_schema = ON");
        shell.Run("UPDATE sqlite_master SET sql = ?2 WHERE type = 'table' AND name = ?1", Cell.Of(Table!.Name), Cell.Of(sql));
        shell.Run("PRAGMA writable_schema = RESET");
    }
}

/// <summary>All cases of one store.</summary>
internal static class ColumnCases
{
    private const int MaxRows = 4;
    private static readonly string[] Marks = ["application_id", "user_version"];

    /// <summary>Lists them.</summary>
    /// <param name="shell">The store's file.</param>
    /// <param name="store">The store.</param>
    public static IEnumerable<ColumnCase> Of(Shell shell, ColumnStore store)
    {
        foreach (var mark in Marks)
        {
            var value = shell.Number($"PRAGMA {mark}");
            for (var bit = 0; bit < 32; bit++)
            {
                var flipped = unchecked((int)(value ^ (1L << bit)));
                yield return new ColumnCase($"mark {mark}", null, mark, [], $"bit {bit} flipped", () => Cell.Of(flipped));
            }
        }

        foreach (var table in StoreTable.In(shell))
        {
            // One that another table or a view is known by is the library's, so it is looked at; the app's own is for the app.
            if (table.IsOfApp) continue;
            var rows = store.Rows[table.Name];
            foreach (var row in Chosen(table, rows, store))
            {
                var key = row[..table.Key.Count];
                yield return new ColumnCase($"{GroupOf(table, store)}: a row", table, null, key, "removed", () => Cell.Null);
                for (var i = 0; i < table.Columns.Count; i++)
                {
                    var at = table.Key.Count + i;
                    var column = table.Columns[i];
                    var group = $"{GroupOf(table, store)}.{column}";
                    foreach (var value in HostileValues.Of(row[at], rows.Select(other => other[at]), everyBit: IsOfEvents(table)))
                        yield return new ColumnCase(group, table, column, key, value.What, value.Make, value.IsByte);
                }
            }
        }
    }

    private static bool IsOfEvents(StoreTable table) => table.Name is "events" or "streams" or "event_types" or "event_tags";

    /// <summary>Tables of documents by the read model that they are of: their own names are numbers.</summary>
    private static string GroupOf(StoreTable table, ColumnStore store)
    {
        if (!table.IsDocuments) return table.Name;
        var id = long.Parse(table.Name["documents_".Length..], System.Globalization.CultureInfo.InvariantCulture);
        return store.Rows["read_models"].FirstOrDefault(row => row[0].Number == id) is { } model ? model[2].Text : table.Name;
    }

    /// <summary>
    /// Of the events those of one stream: the first, one in the middle and the last; an erased one, and the record of that. Of
    /// other tables few.
    /// </summary>
    private static IEnumerable<Cell[]> Chosen(StoreTable table, IReadOnlyList<Cell[]> rows, ColumnStore store)
    {
        if (table.Name == "events")
        {
            var ofStream = store.Contents.Events.Where(e => e.Stream.Text == ColumnStore.Stream).ToList();
            long[] positions =
            [
                ofStream[0].Position, ofStream.First(e => !e.Tags.IsNull && !e.Metadata.IsNull).Position, ofStream[^1].Position,
                store.Contents.Events.First(e => e.IsErased).Position, store.Contents.Events.First(e => e.IsErasureRecord).Position,
            ];
            return positions.Distinct().Select(position => rows.First(row => row[0].Number == position));
        }

        return rows.Count <= MaxRows ? rows : [rows[0], rows[1], rows[rows.Count / 2], rows[^1]];
    }
}
