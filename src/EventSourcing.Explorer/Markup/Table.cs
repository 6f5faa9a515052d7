namespace EventSourcing.Explorer;

/// <summary>A table. On a narrow screen, each row becomes a card, with the names of the columns beside the values.</summary>
internal sealed class Table<T>(string label)
{
    private readonly List<(string Title, bool IsNumber, Func<T, Html> Cell)> _columns = [];
    private Func<T, string?> _idOf = static _ => null;
    private string? _bodyId;

    public Table<T> Column(string title, Func<T, Html> cell)
    {
        _columns.Add((title, false, cell));
        return this;
    }

    public Table<T> Column(string title, Func<T, string?> cell) => Column(title, row => Html.Of($"{cell(row)}"));

    public Table<T> Number(string title, Func<T, Html> cell)
    {
        _columns.Add((title, true, cell));
        return this;
    }

    public Table<T> Number(string title, Func<T, long> cell) => Number(title, row => Html.Of($"{Parts.Group(cell(row))}"));

    /// <summary>Gives each row an id, to be linked to.</summary>
    public Table<T> Rows(Func<T, string?> idOf)
    {
        _idOf = idOf;
        return this;
    }

    /// <summary>Gives the rows together an id, so that a script can add some.</summary>
    public Table<T> Body(string id)
    {
        _bodyId = id;
        return this;
    }

    public Html Of(IEnumerable<T> rows) => Html.Of($"""
        <table class="stack" aria-label="{label}"><thead><tr>{_columns.Select(Head)}</tr></thead>
        <tbody{Html.When(_bodyId is not null, $" id=\"{_bodyId}\"")}>{Body(rows)}</tbody></table>
        """);

    /// <summary>The rows alone.</summary>
    public Html Body(IEnumerable<T> rows) => Html.Join(rows.Select(Row));

    private static Html Head((string Title, bool IsNumber, Func<T, Html> Cell) column) =>
        Html.Of($"<th scope=\"col\"{Html.When(column.IsNumber, $" class=\"num\"")}>{column.Title}</th>");

    private Html Row(T row) =>
        Html.Of($"<tr{Html.When(_idOf(row) is not null, $" id=\"{_idOf(row)}\"")}>{_columns.Select(column => Cell(column, row))}</tr>");

    private static Html Cell((string Title, bool IsNumber, Func<T, Html> Cell) column, T row) =>
        Html.Of($"<td{Html.When(column.IsNumber, $" class=\"num\"")} data-label=\"{column.Title}\">{column.Cell(row)}</td>");
}
