using System.Globalization;
using Npgsql;

namespace EventSourcing;

/// <summary>
/// A query of documents as SQL. The cursor becomes bounds at which the index of the ordering field can begin, so a page costs the same
/// wherever it is. If missing values lie within the range, that takes two statements.
/// </summary>
internal sealed class DocumentSelection
{
    /// <summary>How many characters the key of a record may have.</summary>
    private const int LongestKey = 200;

    private readonly DocumentTable _table;
    private readonly FieldDefinition? _order;
    private readonly bool _descending;
    private readonly long _limit;
    private readonly List<(string Sql, Where Where)> _segments = [];

    private DocumentSelection(DocumentTable table, FieldDefinition? order, DocumentQuery query)
    {
        _table = table;
        _order = order;
        _descending = query.Descending;
        _limit = query.Limit;
    }

    /// <summary>The number of statements; their documents are wanted one statement after the other.</summary>
    public int Count => _segments.Count;

    private string KeyOrder => _descending ? "key DESC" : "key";

    private char Beyond => _descending ? '<' : '>';

    public static DocumentSelection Of(DocumentTable table, DocumentQuery query, string askedAs)
    {
        table.Definition.ThrowIfUnfit(query, askedAs);
        var order = query.OrderBy is null ? (FieldDefinition?)null
            : table.Definition.Fields[table.Definition.IndexOf(query.OrderBy, askedAs)];
        var selection = new DocumentSelection(table, order, query);
        if (DocumentCondition.Simplified(table.Definition, query.Conditions, askedAs) is not { } conditions) return selection;
        if (order is not { } field) selection.AddByKey(conditions, query.After?.Key);
        else selection.AddByField(field, conditions, query.After);
        return selection;
    }

    /// <summary>Adds the statement that counts; false if no document can meet the conditions.</summary>
    public static bool TryAddCountTo(NpgsqlBatch batch, DocumentTable table, IReadOnlyList<FieldCondition> conditions, string askedAs)
    {
        table.Definition.ThrowIfUnfit(conditions, askedAs);
        if (DocumentCondition.Simplified(table.Definition, conditions, askedAs) is not { } simplified) return false;
        var where = new Where(simplified);
        where.Bind(batch.Add($"SELECT count(*) FROM {table.Quoted}{where.Sql}"));
        return true;
    }

    public void AddTo(NpgsqlBatch batch)
    {
        foreach (var (sql, where) in _segments) where.Bind(batch.Add(sql)).With(_limit);
    }

    /// <summary>Reads the documents; the reader is at the first of the statements.</summary>
    public async ValueTask<List<StoredDocument>> ReadAsync(NpgsqlDataReader reader, CancellationToken cancellationToken)
    {
        var documents = new List<StoredDocument>();
        for (var i = 0; i < _segments.Count; i++)
        {
            if (i > 0) await reader.NextResultAsync(cancellationToken).ConfigureAwait(false);
            while (documents.Count < _limit && await reader.ReadAsync(cancellationToken).ConfigureAwait(false))
            {
                var key = _table.KeyAt(reader, 0);
                documents.Add(new StoredDocument(key, _table.DataAt(reader, 1, key), _order is { } field
                    ? DocumentTable.ValueAt(reader, 2, field.Kind) : default));
            }
        }

        return documents;
    }

    private void AddByKey(List<DocumentCondition> conditions, string? after)
    {
        var where = new Where(conditions);
        if (after is not null) where.AddKey(Beyond, after);
        Add(where, KeyOrder);
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
        var order = OrderOf(field);
        if (after is not { } cursor)
        {
            Add(new Where(conditions), order);
            return;
        }

        if (cursor.Value.Kind is null)
        {
            // The cursor is among the missing values, which come first; with bounds, there are none.
            if (!bounded)
            {
                var missing = new Where(conditions);
                missing.Add($"{Indexed(field)} IS NULL");
                missing.AddKey(Beyond, cursor.Key);
                Add(missing, KeyOrder);
            }

            if (_descending) return;
            var present = new Where(conditions);
            if (!bounded) present.Add($"{Indexed(field)} IS NOT NULL");
            Add(present, order);
            return;
        }

        var rest = new Where(conditions);
        rest.AddCursor(field, column, Beyond, cursor);
        Add(rest, order);
        if (!_descending || bounded) return;
        var last = new Where(conditions);
        last.Add($"{Indexed(field)} IS NULL");
        Add(last, "key DESC");
    }

    private static string Indexed(FieldDefinition field) => field.Kind == FieldKind.Text
        ? DocumentTable.Prefix(Identifier.Quote(field.Name)) : Identifier.Quote(field.Name);

    private string OrderOf(FieldDefinition field)
    {
        var (column, direction) = (Identifier.Quote(field.Name), _descending ? " DESC NULLS LAST" : " NULLS FIRST");
        return field.Kind == FieldKind.Text ? $"{Indexed(field)}{direction}, {column}{direction}, {KeyOrder}"
            : $"{column}{direction}, {KeyOrder}";
    }

    private void Add(Where where, string order)
    {
        // Nobody can ask for such a record, so it counts as missing. As an error, one would keep all projections from theirs.
        if (_table.IsOfTheLibrary) where.Add($"length(key) BETWEEN 1 AND {LongestKey}");
        var column = _order is { } field ? $", {Identifier.Quote(field.Name)}" : "";
        _segments.Add((string.Create(CultureInfo.InvariantCulture,
            $"SELECT key, data{column} FROM {_table.Quoted}{where.Sql} ORDER BY {order} LIMIT ${where.Values.Count + 1}"), where));
    }

    /// <inheritdoc/>
    /// <remarks>A text is also compared by the part of it that is indexed.</remarks>
    private sealed class Where : WhereClause
    {
        public Where(List<DocumentCondition> conditions)
        {
            foreach (var condition in conditions) Add(condition);
        }

        public void AddCursor(FieldDefinition field, string column, char comparison, in DocumentCursor cursor)
        {
            var value = Parameter(cursor.Value);
            if (field.Kind == FieldKind.Text) Add($"{DocumentTable.Prefix(column)} {comparison}= {DocumentTable.Prefix(value)}");
            Add($"({column}, key) {comparison} ({value}, {Parameter(new FieldValue(cursor.Key))})");
        }

        public NpgsqlBatchCommand Bind(NpgsqlBatchCommand command)
        {
            foreach (var value in Values) command.With(DocumentTable.ParameterFor(value));
            return command;
        }

        private void Add(in DocumentCondition condition)
        {
            if (condition.Value.Kind is null)
            {
                Add($"{condition.Column} IS NULL");
                return;
            }

            var value = Parameter(condition.Value);
            if (condition.Value.Kind == FieldKind.Text)
            {
                var ofPrefix = condition.Comparison switch { FieldComparison.Above => ">=", FieldComparison.Below => "<=", _ =>
                    condition.Operator };
                Add($"{DocumentTable.Prefix(condition.Column)} {ofPrefix} {DocumentTable.Prefix(value)}");
            }

            Add($"{condition.Column} {condition.Operator} {value}");
        }

        protected override string ParameterOf(int number, FieldKind? kind)
        {
            var type = kind switch { FieldKind.WholeNumber => "bigint", FieldKind.Number => "double precision", _ => "text" };
            return string.Create(CultureInfo.InvariantCulture, $"${number}::{type}");
        }
    }
}
