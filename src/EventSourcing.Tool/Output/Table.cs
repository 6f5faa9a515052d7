namespace EventSourcing.Tool;

/// <summary>
/// Rows under headings. On a terminal, the columns that may be cut give way until the rest fits. Rows are printed in pages, so that a long
/// list takes no memory.
/// </summary>
internal sealed class Table(Screen screen, params Table.Column[] columns)
{
    private const int Gap = 2;
    private const int RowsOfPage = 256;
    private const int NarrowestCut = 8;
    private readonly List<string[]> _rows = [];
    private int[]? _widths;

    /// <summary>A column of a table.</summary>
    /// <param name="Heading">What stands above it.</param>
    /// <param name="IsNumber">Whether it is aligned to the right.</param>
    /// <param name="CanBeCut">Whether it gives way if the terminal is narrow.</param>
    internal sealed record Column(string Heading, bool IsNumber = false, bool CanBeCut = false);

    public void Add(params string[] row)
    {
        _rows.Add([.. row.Select(Cells.OneLine)]);
        if (_rows.Count == RowsOfPage) Print();
    }

    /// <summary>Prints what is left; the headings, too, if there was no row.</summary>
    public void End()
    {
        if (_rows.Count > 0 || _widths is null) Print();
    }

    private void Print()
    {
        var isFirst = _widths is null;
        _widths ??= [.. columns.Select(column => Cells.Width(column.Heading))];
        for (var i = 0; i < columns.Length; i++) _widths[i] = _rows.Select(row => Cells.Width(row[i])).Append(_widths[i]).Max();
        Shrink(_widths);
        if (isFirst) Print([.. columns.Select(column => column.Heading)], isHeading: true);
        foreach (var row in _rows) Print(row, isHeading: false);
        _rows.Clear();
        screen.Flush();
    }

    private void Shrink(int[] widths)
    {
        if (screen.Columns is not { } available) return;
        while (widths.Sum() + ((widths.Length - 1) * Gap) > available)
        {
            var widest = -1;
            for (var i = 0; i < columns.Length; i++)
            {
                if (columns[i].CanBeCut && widths[i] > NarrowestCut && (widest < 0 || widths[i] > widths[widest])) widest = i;
            }

            if (widest < 0) return;
            widths[widest]--;
        }
    }

    private void Print(string[] row, bool isHeading)
    {
        var cells = row.Select((text, i) =>
        {
            var cut = columns[i].CanBeCut && screen.Columns is not null ? Cells.Cut(text, _widths![i]) : text;
            return columns[i].IsNumber ? Cells.PadLeft(cut, _widths![i]) : Cells.PadRight(cut, _widths![i]);
        });
        var line = string.Join(new string(' ', Gap), cells).TrimEnd();
        screen.Line(isHeading ? screen.Strong(line) : line);
    }
}
