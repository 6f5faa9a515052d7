namespace EventSourcing.Tool;

/// <summary>How far a copy of a file is, and what was proven of it.</summary>
internal sealed class FileCopyProgress(ProgressLine line) : IProgress<SqliteBackupProgress>
{
    public void Report(SqliteBackupProgress value)
    {
        var isCopying = value.Phase == SqliteBackupPhase.Copying;
        line.Report(isCopying ? "Copying" : "Verifying", value.Done, value.Total, isBytes: isCopying);
    }

    public static void Print(Screen screen, SqliteBackup made, string path, string what)
    {
        if (screen.IsJson)
        {
            screen.Json(json =>
            {
                json.WriteStartObject();
                json.WriteString(what, path);
                json.WriteNumber("events", made.Head);
                json.WriteString("root", Format.Root(made.Root));
                json.WriteNumber("bytes", made.Bytes);
                if (made.Replaced is not null) json.WriteString("replaced", made.Replaced);
                json.WriteEndObject();
            });
            return;
        }

        screen.Field(what, Cells.OneLine(path));
        screen.Field("events", Format.Plain(made.Head));
        screen.Field("root", Format.Root(made.Root));
        screen.Field("size", Format.Bytes(made.Bytes));
        if (made.Replaced is not null)
            screen.Field("moved aside", Cells.OneLine(Path.GetRelativePath(Directory.GetCurrentDirectory(), made.Replaced)));
        screen.Field(
            "proven",
            "the file is intact (SQLite's check), its schema is complete, and the tree computed anew from its events is that of the store");
    }
}
