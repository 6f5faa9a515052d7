namespace EventSourcing.Storage;

/// <summary>Says which documents of a read model to read, in which order, and how many.</summary>
public sealed record DocumentQuery
{
    /// <summary>Conditions, all of which must hold; none for all documents.</summary>
    public IReadOnlyList<FieldCondition> Conditions { get; init; } = [];

    /// <summary>The field to order by, or <see langword="null"/> to order by key. Documents of equal value are ordered by key.</summary>
    public string? OrderBy { get; init; }

    /// <summary>Whether the order, by value and by key, is reversed.</summary>
    public bool Descending { get; init; }

    /// <summary>The document to begin after, in the order of the query; <see langword="null"/> to begin with the first.</summary>
    public DocumentCursor? After { get; init; }

    /// <summary>The most documents to return, 1 or more.</summary>
    public int Limit { get; init; } = 256;

    /// <summary>Throws if the query is not valid. Every storage calls this first.</summary>
    /// <exception cref="ArgumentException">Says what is wrong.</exception>
    public void Validate()
    {
        ArgumentOutOfRangeException.ThrowIfNegativeOrZero(Limit);
        FieldCondition.Validate(Conditions);
        if (OrderBy is { } field) ArgumentException.ThrowIfNullOrEmpty(field, nameof(OrderBy));
        if (After is not { } after) return;
        StoredDocument.ThrowIfInvalidKey(after.Key);
        if (OrderBy is null && after.Value.Kind is not null)
            throw new ArgumentException("The cursor has a value, and the query orders by key alone.", nameof(After));
    }
}

/// <summary>A place in the order of a query: the place of a document that the query returned.</summary>
/// <param name="Value">The document's value of the field to order by; missing if documents are ordered by key.</param>
/// <param name="Key">The document's key.</param>
public readonly record struct DocumentCursor(FieldValue Value, string Key);

/// <summary>A condition on a field. A missing value equals a missing value, and meets no other comparison.</summary>
/// <param name="Field">The field.</param>
/// <param name="Comparison">How its value compares.</param>
/// <param name="Value">The value to compare with, of the field's kind.</param>
public readonly record struct FieldCondition(string Field, FieldComparison Comparison, FieldValue Value)
{
    /// <summary>Throws if a condition is not valid. Every storage calls this first.</summary>
    /// <param name="conditions">The conditions.</param>
    /// <exception cref="ArgumentException">Says which condition is wrong, and why.</exception>
    public static void Validate(IReadOnlyList<FieldCondition> conditions)
    {
        ArgumentNullException.ThrowIfNull(conditions);
        foreach (var (field, comparison, value) in conditions)
        {
            ArgumentException.ThrowIfNullOrEmpty(field, nameof(conditions));
            if (!Enum.IsDefined(comparison))
                throw new ArgumentException($"The condition on '{field}' has no valid comparison.", nameof(conditions));
            if (value.Kind is null && comparison != FieldComparison.Equal)
                throw new ArgumentException(
                    $"The condition on '{field}' compares with a missing value, which is before all others; only Equal makes sense.",
                    nameof(conditions));
        }
    }

    /// <summary>Whether a value meets the condition.</summary>
    /// <param name="value">The document's value of the field.</param>
    /// <returns><see langword="true"/> if it does.</returns>
    public bool IsMetBy(FieldValue value) => Comparison switch
    {
        FieldComparison.Equal => value.CompareTo(Value) == 0,
        _ when value.Kind is null => false,
        FieldComparison.AtLeast => value >= Value,
        FieldComparison.AtMost => value <= Value,
        FieldComparison.Above => value > Value,
        FieldComparison.Below => value < Value,
        _ => false,
    };
}

/// <summary>How a field's value compares.</summary>
public enum FieldComparison
{
    /// <summary>It is equal, or both are missing.</summary>
    Equal = 1,

    /// <summary>It is equal or greater.</summary>
    AtLeast = 2,

    /// <summary>It is equal or less.</summary>
    AtMost = 3,

    /// <summary>It is greater.</summary>
    Above = 4,

    /// <summary>It is less.</summary>
    Below = 5,
}
