using System.Text;

namespace EventSourcing;

/// <summary>
/// Terms joined by AND, and the values of their parameters. A comparison with NULL is not true, which is exactly the rule for missing
/// values.
/// </summary>
internal abstract class WhereClause
{
    private readonly StringBuilder _sql = new();

    /// <summary>The values of the parameters, in the order of their numbers.</summary>
    public List<FieldValue> Values { get; } = [];

    /// <summary>The clause, to follow the name of a table; empty if there are no terms.</summary>
    public string Sql => _sql.ToString();

    public void Add(string term) => _sql.Append(_sql.Length == 0 ? " WHERE " : " AND ").Append(term);

    public void AddKey(char comparison, string key) => Add($"key {comparison} {Parameter(new FieldValue(key))}");

    /// <summary>Takes a value as the next parameter.</summary>
    /// <returns>The parameter as a term has it.</returns>
    protected string Parameter(FieldValue value)
    {
        Values.Add(value);
        return ParameterOf(Values.Count, value.Kind);
    }

    /// <summary>A parameter in the database's own SQL.</summary>
    protected abstract string ParameterOf(int number, FieldKind? kind);
}
