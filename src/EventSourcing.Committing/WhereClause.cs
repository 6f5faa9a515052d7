using System.Text;

namespace EventSourcing;

/// <summary>
/// A WHERE clause: terms joined by AND, and the values of their parameters. In SQL, a comparison with NULL is not true. That is exactly the
/// rule for missing values.
/// </summary>
internal abstract class WhereClause
{
    private readonly StringBuilder _sql = new();

    /// <summary>The values of the parameters, in the order of their numbers.</summary>
    public List<FieldValue> Values { get; } = [];

    /// <summary>The clause, to put after the name of a table; empty if there are no terms.</summary>
    public string Sql => _sql.ToString();

    public void Add(string term) => _sql.Append(_sql.Length == 0 ? " WHERE " : " AND ").Append(term);

    public void AddKey(char comparison, string key) => Add($"key {comparison} {Parameter(new FieldValue(key))}");

    /// <summary>Takes a value as the next parameter.</summary>
    /// <returns>The parameter, to put into a term.</returns>
    protected string Parameter(FieldValue value)
    {
        Values.Add(value);
        return ParameterOf(Values.Count, value.Kind);
    }

    /// <summary>How a parameter is written in the SQL of the database.</summary>
    protected abstract string ParameterOf(int number, FieldKind? kind);
}
