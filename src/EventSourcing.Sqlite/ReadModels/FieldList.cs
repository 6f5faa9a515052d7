namespace EventSourcing;

/// <summary>The fields of a read model as the file has them: the list in the catalogue, and the types of the columns.</summary>
internal static class FieldList
{
    // The type is meant for people who look into the file: every bound value already has it, so it converts nothing.
    public static string TypeOf(FieldKind kind) => kind switch
    {
        FieldKind.WholeNumber => "INTEGER",
        FieldKind.Number => "REAL",
        _ => "TEXT",
    };

    /// <summary>The fields as they are written in the file, e.g. <c>city TEXT, total REAL</c>.</summary>
    public static string Written(IReadOnlyList<FieldDefinition> fields) => string.Join(", ", fields.Select(Written));

    public static string Written(FieldDefinition field) => $"{field.Name} {TypeOf(field.Kind)}";

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
