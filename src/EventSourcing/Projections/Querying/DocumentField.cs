namespace EventSourcing;

/// <summary>
/// A field by which a projection's documents can be found and ordered. Make one as
/// <see cref="DocumentField{TDocument, TValue}"/>. Immutable.
/// </summary>
/// <typeparam name="TDocument">The document.</typeparam>
public abstract class DocumentField<TDocument>
    where TDocument : class
{
    private protected DocumentField(string name, FieldKind kind)
    {
        Definition = new FieldDefinition(name, kind);
        Definition.Validate();
    }

    /// <summary>The field's name in the storage and in SQL.</summary>
    public string Name => Definition.Name;

    /// <summary>The kind of its values in the storage.</summary>
    public FieldKind Kind => Definition.Kind;

    internal FieldDefinition Definition { get; }

    /// <summary>The name and the kind, for messages.</summary>
    /// <returns>For example <c>city (Text)</c>.</returns>
    public override string ToString() => $"{Name} ({Kind})";

    /// <summary>The value that a document is found by.</summary>
    /// <exception cref="ArgumentException">The document's value cannot be stored in a field, e.g. NaN.</exception>
    internal abstract FieldValue ValueOf(TDocument document);
}

/// <summary>
/// A field of documents: its name, and how its value comes from a document. Declare it once, as a static member of the projection, and use
/// it there and in queries. Immutable; thread-safe if the function is pure, as it must be.
/// </summary>
/// <typeparam name="TDocument">The document.</typeparam>
/// <typeparam name="TValue">
/// The value: one of the types below, or <see cref="Nullable{T}"/> of one, for which <see langword="null"/> is a missing value.
/// </typeparam>
/// <remarks>
/// How values are stored, for reading them by SQL, and how they are ordered:
/// <list type="bullet">
/// <item><see cref="string"/>: the text, ordered by Unicode code point, case-sensitive. Without U+0000 or lone surrogates.</item>
/// <item><see cref="bool"/>: the whole number 0 or 1.</item>
/// <item><see cref="sbyte"/>, <see cref="byte"/>, <see cref="short"/>, <see cref="ushort"/>, <see cref="int"/>, <see cref="uint"/>,
/// <see cref="long"/>: the whole number.</item>
/// <item><see cref="float"/>, <see cref="double"/>: the number in double precision, which is exact. NaN is refused. Minus zero is
/// zero.</item>
/// <item><see cref="decimal"/>: the nearest number in double precision. Up to 15 significant digits are distinguished; values that differ
/// only in later digits may be equal here. The document itself keeps all digits.</item>
/// <item><see cref="DateTimeOffset"/>: the instant as text in UTC, always <c>2026-01-31T23:59:59.0000000Z</c>, to 100 ns; the
/// offset is not kept. The order of these texts is that of time.</item>
/// <item><see cref="DateTime"/>: the same, for <see cref="DateTimeKind.Utc"/> only; other kinds are refused.</item>
/// <item><see cref="DateOnly"/>: the text <c>2026-01-31</c>.</item>
/// <item><see cref="TimeOnly"/>: the text <c>23:59:59.0000000</c>, to 100 ns.</item>
/// <item><see cref="TimeSpan"/>: the whole number of ticks of 100 ns.</item>
/// <item><see cref="Guid"/>: the text <c>0193a1e2-…</c> in lower case, 36 characters; ordered as <see cref="Guid.CompareTo(Guid)"/>
/// does.</item>
/// <item>Enums: the name as text; if a value has no name, its number as text. Documents are ordered by that text, which is not the order of
/// the values, so all comparisons except <see cref="Is"/> refuse enums. If you rename a member, other texts are stored from then on, so
/// rebuild the read model.</item>
/// </list>
/// </remarks>
public sealed class DocumentField<TDocument, TValue> : DocumentField<TDocument>
    where TDocument : class
{
    private readonly Func<TDocument, TValue> _value;

    /// <summary>Declares a field.</summary>
    /// <param name="name">
    /// Its name: 1–60 letters, digits and underscores of ASCII, not beginning with a digit, and not <c>key</c>, <c>data</c> or
    /// <c>document</c>.
    /// </param>
    /// <param name="value">Takes the value from a document; a pure function, called whenever a document is written.</param>
    /// <exception cref="ArgumentException">
    /// The name is not valid, or <typeparamref name="TValue"/> is not one of the supported types.
    /// </exception>
    public DocumentField(string name, Func<TDocument, TValue> value)
        : base(name, FieldMapping.KindOf(typeof(TValue)))
    {
        ArgumentNullException.ThrowIfNull(value);
        _value = value;
    }

    /// <summary>Documents whose value is equal to the given one; <see langword="null"/> equals a missing value.</summary>
    /// <param name="value">The value.</param>
    /// <returns>The condition.</returns>
    /// <exception cref="ArgumentException">The value cannot be stored in a field, e.g. NaN.</exception>
    public DocumentCondition<TDocument> Is(TValue value) => new(new FieldCondition(Name, FieldComparison.Equal, Stored(value)));

    /// <summary>Documents without a value.</summary>
    /// <returns>The condition.</returns>
    public DocumentCondition<TDocument> IsMissing() => new(new FieldCondition(Name, FieldComparison.Equal, default));

    /// <summary>Documents whose value is equal to the given one or greater; never documents without a value.</summary>
    /// <param name="value">The value.</param>
    /// <returns>The condition.</returns>
    /// <exception cref="ArgumentException">The value is <see langword="null"/> or cannot be stored in a field.</exception>
    /// <exception cref="NotSupportedException">The field's type is an enum.</exception>
    public DocumentCondition<TDocument> AtLeast(TValue value) => new(Ordered(FieldComparison.AtLeast, value));

    /// <summary>Documents whose value is equal to the given one or less; never documents without a value.</summary>
    /// <param name="value">The value.</param>
    /// <returns>The condition.</returns>
    /// <exception cref="ArgumentException">The value is <see langword="null"/> or cannot be stored in a field.</exception>
    /// <exception cref="NotSupportedException">The field's type is an enum.</exception>
    public DocumentCondition<TDocument> AtMost(TValue value) => new(Ordered(FieldComparison.AtMost, value));

    /// <summary>Documents whose value is greater than the given one; never documents without a value.</summary>
    /// <param name="value">The value.</param>
    /// <returns>The condition.</returns>
    /// <exception cref="ArgumentException">The value is <see langword="null"/> or cannot be stored in a field.</exception>
    /// <exception cref="NotSupportedException">The field's type is an enum.</exception>
    public DocumentCondition<TDocument> Above(TValue value) => new(Ordered(FieldComparison.Above, value));

    /// <summary>Documents whose value is less than the given one; never documents without a value.</summary>
    /// <param name="value">The value.</param>
    /// <returns>The condition.</returns>
    /// <exception cref="ArgumentException">The value is <see langword="null"/> or cannot be stored in a field.</exception>
    /// <exception cref="NotSupportedException">The field's type is an enum.</exception>
    public DocumentCondition<TDocument> Below(TValue value) => new(Ordered(FieldComparison.Below, value));

    /// <summary>Documents whose value is in a range, both ends included; none if the range ends before it begins.</summary>
    /// <param name="lowest">The lowest value.</param>
    /// <param name="highest">The highest value.</param>
    /// <returns>The condition.</returns>
    /// <exception cref="ArgumentException">A value is <see langword="null"/> or cannot be stored in a field.</exception>
    /// <exception cref="NotSupportedException">The field's type is an enum.</exception>
    public DocumentCondition<TDocument> Between(TValue lowest, TValue highest) =>
        new(Ordered(FieldComparison.AtLeast, lowest), Ordered(FieldComparison.AtMost, highest));

    internal override FieldValue ValueOf(TDocument document) => Stored(_value(document));

    private FieldCondition Ordered(FieldComparison comparison, TValue value)
    {
        if (FieldMapping.IsByName(typeof(TValue)))
            throw new NotSupportedException(
                $"The field '{Name}' holds the names of {typeof(TValue)}, and their order is not that of the values, "
                + $"so {comparison} has no meaning. Use Is, or declare a field of the number: (int) of the value.");
        if (value is null)
            throw new ArgumentException(
                $"The condition {comparison} on the field '{Name}' needs a value; to find documents without one, use IsMissing.",
                nameof(value));
        return new FieldCondition(Name, comparison, Stored(value));
    }

    private FieldValue Stored(TValue value)
    {
        try
        {
            return FieldMapping.ToFieldValue(value);
        }
        catch (ArgumentException unfit)
        {
            throw new ArgumentException($"The field '{Name}' cannot have this value. {Names.Sentence(unfit)}", nameof(value), unfit);
        }
    }
}
