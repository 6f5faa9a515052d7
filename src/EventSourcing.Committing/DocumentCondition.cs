namespace EventSourcing;

/// <summary>A condition on a field of documents, as SQL needs it.</summary>
/// <param name="Field">The field's index in the definition of its read model.</param>
/// <param name="Column">The field's column, quoted.</param>
/// <param name="Comparison">How the field is compared.</param>
/// <param name="Value">The value that the field is compared with.</param>
internal readonly record struct DocumentCondition(int Field, string Column, FieldComparison Comparison, FieldValue Value)
{
    public string Operator => Comparison switch
    {
        FieldComparison.AtLeast => ">=",
        FieldComparison.AtMost => "<=",
        FieldComparison.Above => ">",
        FieldComparison.Below => "<",
        _ => "=",
    };

    /// <summary>
    /// Reduces the conditions: of those with the same field and comparison, only the one that implies the others is left. The
    /// result is null if no document can meet all of them. Thus statements stay short, and there are few different ones.
    /// </summary>
    /// <param name="definition">The definition of the read model.</param>
    /// <param name="conditions">The conditions, which fit the definition.</param>
    /// <param name="askedAs">The name or alias under which the read model was asked for.</param>
    public static List<DocumentCondition>? Simplified(
        ReadModelDefinition definition, IReadOnlyList<FieldCondition> conditions, string askedAs)
    {
        var simplified = new List<DocumentCondition>(conditions.Count);
        foreach (var (name, comparison, value) in conditions)
        {
            var field = definition.IndexOf(name, askedAs);
            var known = simplified.FindIndex(c => c.Field == field && c.Comparison == comparison);
            var condition = new DocumentCondition(field, Identifier.Quote(definition.Fields[field].Name), comparison, value);
            if (known < 0) simplified.Add(condition);
            else if (comparison == FieldComparison.Equal && simplified[known].Value.CompareTo(value) != 0) return null;
            else if (comparison is FieldComparison.AtLeast or FieldComparison.Above
                ? value > simplified[known].Value
                : value < simplified[known].Value)
                simplified[known] = condition;
        }

        return simplified;
    }
}
