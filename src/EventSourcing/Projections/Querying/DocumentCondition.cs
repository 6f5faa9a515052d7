namespace EventSourcing;

/// <summary>
/// A condition that documents must meet to be found. It is made by a <see cref="DocumentField{TDocument, TValue}"/>, so that it fits the
/// documents and the type of the value. The default value is no condition, and is refused.
/// </summary>
/// <typeparam name="TDocument">The document.</typeparam>
public readonly record struct DocumentCondition<TDocument>
    where TDocument : class
{
    private readonly FieldCondition _first;
    private readonly FieldCondition? _second;

    internal DocumentCondition(FieldCondition first, FieldCondition? second = null)
    {
        _first = first;
        _second = second;
    }

    /// <summary>The conditions for the storage; all of them must hold.</summary>
    internal IReadOnlyList<FieldCondition> Parts =>
        _first.Field is null ? throw new ArgumentException(
            "The condition is the default one, which says nothing. Make it from a field, e.g. Customers.City.Is(\"Paris\").")
        : _second is { } second ? [_first, second]
        : [_first];

    /// <summary>The condition as text for people.</summary>
    /// <returns>For example <c>city = 'Paris'</c>.</returns>
    public override string ToString() => _first.Field is null ? "" : string.Join(" and ", Parts.Select(Text));

    private static string Text(FieldCondition part) => part.Comparison switch
    {
        FieldComparison.Equal => $"{part.Field} = {part.Value}",
        FieldComparison.AtLeast => $"{part.Field} >= {part.Value}",
        FieldComparison.AtMost => $"{part.Field} <= {part.Value}",
        FieldComparison.Above => $"{part.Field} > {part.Value}",
        _ => $"{part.Field} < {part.Value}",
    };
}
