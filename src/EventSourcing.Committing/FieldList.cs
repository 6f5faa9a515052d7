namespace EventSourcing;

/// <summary>The fields of a read model as the catalogue of a storage has them, e.g. <c>city TEXT, total REAL</c>.</summary>
internal static class FieldList
{
    /// <summary>The word for a kind. In SQLite it is the type of the field's column, too.</summary>
    public static string TypeOf(FieldKind kind) => kind switch
    {
        FieldKind.WholeNumber => "INTEGER",
        FieldKind.Number => "REAL",
        _ => "TEXT",
    };

    public static string Written(IReadOnlyList<FieldDefinition> fields) => string.Join(", ", fields.Select(Written));

    public static string Written(FieldDefinition field) => $"{field.Name} {TypeOf(field.Kind)}";

    /// <summary>Reads what <see cref="Written(IReadOnlyList{FieldDefinition})"/> has written; the names are not checked.</summary>
    /// <exception cref="FormatException">It is no list of fields.</exception>
    public static List<FieldDefinition> Read(string written)
    {
        var fields = new List<FieldDefinition>();
        if (written.Length == 0) return fields;
        foreach (var field in written.Split(", "))
        {
            var space = field.IndexOf(' ', StringComparison.Ordinal);
            var kind = field[(space + 1)..] switch
            {
                "INTEGER" => FieldKind.WholeNumber,
                "REAL" => FieldKind.Number,
                "TEXT" => FieldKind.Text,
                _ => throw new FormatException($"'{written}' is no list of fields."),
            };
            fields.Add(new FieldDefinition(field[..Math.Max(space, 0)], kind));
        }

        return fields;
    }
}
