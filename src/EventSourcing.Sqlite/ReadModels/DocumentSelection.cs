using System.Globalization;

namespace EventSourcing;

/// <summary>
/// A query of documents as SQL. The cursor becomes bounds at which the index of the ordering field can begin, so a page costs
/// the same wherever it is. If missing values lie within the range, that takes two statements.
/// </summary>
internal sealed class DocumentSelection
{
    private readonly DocumentTable _table;
    private readonly FieldDefinition? _order;
    private readonly bool _descending;
    private readonly List<Segment> _segments = [];

    private DocumentSelection(DocumentTable table, FieldDefinition? order, bool descending)
    {
        _table = table;
        _order = order;
        _descending = descending;
    }

    private string Direction => _descending ? " DESC" : "";

    /// <summary>The statements, in the order in which they are run.</summary>
    public IEnumerable<string> Sql => _segments.Select(segment => segment.Sql);

    public static DocumentSelection Of(DocumentTable table, DocumentQuery query, string askedAs)
    {
        table.Definition.ThrowIfUnfit(query, askedAs);
        var order = query.OrderBy is null
            ? (FieldDefinition?)null
            : table.Definition.Fields[table.Definition.IndexOf(query.OrderBy, askedAs)];
        var selection = new DocumentSelection(table, order, query.Descending);
        if (DocumentCondition.Simplified(table.Definition, query.Conditions, askedAs) is not { } conditions) return selection;
        if (order is not { } field) selection.AddByKey(conditions, query.After?.Key);
        else selection.AddByField(field, conditions, query.After);
        return selection;
    }

    public static long Count(Database database, DocumentTable table, IReadOnlyList<FieldCondition> conditions, string askedAs)
    {
        table.Definition.ThrowIfUnfit(conditions, askedAs);
        if (DocumentCondition.Simplified(table.Definition, conditions, askedAs) is not { } simplified) return 0;
        var where = new Where(simplified);
        return where.Bind(database.Prepare($"SELECT count(*) FROM {table.Quoted}{where.Sql}")).Scalar() ?? 0;
    }

    public List<StoredDocument> Read(Database database, int limit)
    {
        var documents = new List<StoredDocument>();
        foreach (var (sql, where) in _segments)
        {
            if (documents.Count == limit) break;
            var select = where.Bind(database.Prepare(sql));

            // A row may turn out to be unreadable and be skipped, so for such a table the statement's limit would be too low.
            select.Bind(where.Values.Count + 1, _table.MaySkipRows ? -1 : (long)limit - documents.Count);
            while (documents.Count < limit && select.Step())
            {
                if (_table.Read(select, _order) is { } document) documents.Add(document);
            }

            select.Reset();
        }

        return documents;
    }

    private void AddByKey(List<DocumentCondition> conditions, string? after)
    {
        var where = new Where(conditions);
        if (after is not null) where.AddKey(_descending ? '<' : '>', after);
        Add(where, $"key{Direction}");
    }

    private void AddByField(FieldDefinition field, List<DocumentCondition> conditions, DocumentCursor? after)
    {
        var index = _table.Definition.IndexOf(field.Name, field.Name);
        if (conditions.FindIndex(c => c.Field == index && c.Comparison == FieldComparison.Equal) is >= 0 and var equal)
        {
            // All have the same value, so the key alone orders them.
            var place = after is { } at ? conditions[equal].Value.CompareTo(at.Value) * (_descending ? -1 : 1) : 1;
            if (place >= 0) AddByKey(conditions, place == 0 ? after!.Value.Key : null);
            return;
        }

        var bounded = conditions.Exists(c => c.Field == index);
        var column = Identifier.Quote(field.Name);
        var order = $"{column}{Direction}, key{Direction}";
        if (after is not { } cursor)
        {
            Add(new Where(conditions), order, conditions.TrueForAll(c => c.Field == index) ? field : null);
            return;
        }

        if (cursor.Value.Kind is null)
        {
            // The cursor is among the missing values, which come first; with bounds, there are none.
            if (!bounded)
            {
                var missing = new Where(conditions);
                missing.Add($"{column} IS NULL");
                missing.AddKey(_descending ? '<' : '>', cursor.Key);
                Add(missing, $"key{Direction}");
            }

            if (_descending) return;
            var present = new Where(conditions);
            if (!bounded) present.Add($"{column} >= ", Least(field.Kind));
            Add(present, order);
            return;
        }

        // A bound of the query on the side at which the page begins is either implied by the cursor, or implies it. With two
        // bounds, SQLite walks the index from one of them, and might choose the one that is far from the page.
        var inclusive = _descending ? FieldComparison.AtMost : FieldComparison.AtLeast;
        var exclusive = _descending ? FieldComparison.Below : FieldComparison.Above;
        var bounds = conditions.FindAll(c => c.Field == index && (c.Comparison == inclusive || c.Comparison == exclusive));
        var isImplied = bounds.Exists(bound => cursor.Value.CompareTo(bound.Value) * (_descending ? -1 : 1) is var place
            && (place < 0 || (place == 0 && bound.Comparison == exclusive)));
        var rest = new Where(isImplied ? conditions : conditions.FindAll(c => !bounds.Contains(c)));
        if (!isImplied) rest.AddRow($"({column}, key) {(_descending ? '<' : '>')} ", cursor.Value, cursor.Key);
        Add(rest, order);
        if (!_descending || bounded) return;
        var last = new Where(conditions);
        last.Add($"{column} IS NULL");
        Add(last, "key DESC");
    }

    /// <summary>
    /// A value before or equal to all others of a kind: SQLite uses an index for a comparison with it, but not for IS NOT
    /// NULL.
    /// </summary>
    private static FieldValue Least(FieldKind kind) => kind switch
    {
        FieldKind.WholeNumber => new FieldValue(long.MinValue),
        FieldKind.Number => new FieldValue(double.NegativeInfinity),
        _ => new FieldValue(""),
    };

    private void Add(Where where, string order, FieldDefinition? indexedBy = null)
    {
        var column = _order is { } field ? $", {Identifier.Quote(field.Name)}" : "";
        var index = indexedBy is { } by ? $" INDEXED BY {_table.IndexOf(by)}" : "";
        _segments.Add(new Segment(
            string.Create(
                CultureInfo.InvariantCulture,
                $"SELECT key, data{column} FROM {_table.Quoted}{index}{where.Sql} ORDER BY {order} LIMIT ?{where.Values.Count + 1}"),
            where));
    }

    private readonly record struct Segment(string Sql, Where Where);

    /// <inheritdoc/>
    private sealed class Where : WhereClause
    {
        public Where(List<DocumentCondition> conditions)
        {
            foreach (var condition in conditions)
            {
                if (condition.Value.Kind is null) Add($"{condition.Column} IS NULL");
                else Add($"{condition.Column} {condition.Operator} ", condition.Value);
            }
        }

        public void Add(string term, FieldValue value) => Add($"{term}{Parameter(value)}");

        public void AddRow(string term, FieldValue value, string key) =>
            Add($"{term}({Parameter(value)}, {Parameter(new FieldValue(key))})");

        public Statement Bind(Statement statement)
        {
            for (var i = 0; i < Values.Count; i++) statement.Bind(i + 1, Values[i]);
            return statement;
        }

        protected override string ParameterOf(int number, FieldKind? kind) => string.Create(CultureInfo.InvariantCulture, $"?{number}");
    }
}
