namespace EventSourcing.Tool;

/// <summary>Prints events one below the other: where each stands and what it is on one line, its data on the next.</summary>
internal sealed class EventLines(Screen screen, long head)
{
    private readonly int _positionWidth = Math.Max(4, Format.Plain(head).Length);

    public void Print(in StoredEvent stored)
    {
        if (screen.IsJson)
        {
            screen.Json(in stored);
            return;
        }

        var position = Cells.PadLeft(Format.Plain(stored.Position), _positionWidth);
        var what = $"{Cells.OneLine(stored.Stream)} v{Format.Plain(stored.Version)}  {Cells.OneLine(stored.Type)}";
        var line = $"{position}  {Format.Instant(stored.RecordedAt)}  {what}";
        screen.Line(screen.Strong(screen.Columns is { } columns ? Cells.Cut(line, columns) : line));
        screen.CutLine(new string(' ', _positionWidth + 2) + EventText.Data(in stored));
    }
}
