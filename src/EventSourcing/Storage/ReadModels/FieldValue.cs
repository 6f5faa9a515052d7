using System.Globalization;

namespace EventSourcing.Storage;

/// <summary>
/// The value of a document's field: a whole number, a number, a text, or missing (the default). Values of one field are
/// of one kind or missing; missing comes before all others, texts are ordered by Unicode code point.
/// </summary>
public readonly record struct FieldValue : IComparable<FieldValue>
{
    private readonly FieldKind? _kind;
    private readonly long _whole;
    private readonly double _number;
    private readonly string? _text;

    /// <summary>A whole number.</summary>
    /// <param name="value">The number.</param>
    public FieldValue(long value)
    {
        _kind = FieldKind.WholeNumber;
        _whole = value;
    }

    /// <summary>A number.</summary>
    /// <param name="value">The number; not NaN, which has no order.</param>
    public FieldValue(double value)
    {
        if (double.IsNaN(value)) throw new ArgumentException("NaN cannot be the value of a field: it has no order.", nameof(value));
        _kind = FieldKind.Number;
        _number = value + 0.0; // minus zero becomes zero: databases do not tell them apart
    }

    /// <summary>A text.</summary>
    /// <param name="value">The text, without U+0000 or lone surrogates.</param>
    public FieldValue(string value)
    {
        ArgumentNullException.ThrowIfNull(value);
        if (Names.TextFlaw(value) is { } flaw)
            throw new ArgumentException($"The text '{Names.Printable(value)}' cannot be the value of a field: it {flaw}.", nameof(value));
        _kind = FieldKind.Text;
        _text = value;
    }

    /// <summary>The kind, or <see langword="null"/> if the value is missing.</summary>
    public FieldKind? Kind => _kind;

    /// <summary>The whole number.</summary>
    /// <exception cref="InvalidOperationException">It is of another kind.</exception>
    public long WholeNumber => _kind == FieldKind.WholeNumber ? _whole : throw Not(FieldKind.WholeNumber);

    /// <summary>The number.</summary>
    /// <exception cref="InvalidOperationException">It is of another kind.</exception>
    public double Number => _kind == FieldKind.Number ? _number : throw Not(FieldKind.Number);

    /// <summary>The text.</summary>
    /// <exception cref="InvalidOperationException">It is of another kind.</exception>
    public string Text => _kind == FieldKind.Text ? _text! : throw Not(FieldKind.Text);

    /// <summary>Whether a field of a kind may have the value.</summary>
    /// <param name="kind">The kind.</param>
    /// <returns><see langword="true"/> if it is of that kind, or missing.</returns>
    public bool Fits(FieldKind kind) => _kind is null || _kind == kind;

    /// <summary>Compares two values of one field.</summary>
    /// <param name="other">The other.</param>
    /// <returns>Below, equal to or above 0 if this one comes before, with or after the other.</returns>
    public int CompareTo(FieldValue other) =>
        _kind != other._kind ? (_kind ?? 0).CompareTo(other._kind ?? 0)
        : _kind switch
        {
            FieldKind.WholeNumber => _whole.CompareTo(other._whole),
            FieldKind.Number => _number.CompareTo(other._number),
            FieldKind.Text => CodePointComparer.Instance.Compare(_text, other._text),
            _ => 0,
        };

    /// <summary>Whether one value comes before another.</summary>
    /// <param name="left">The one.</param>
    /// <param name="right">The other.</param>
    public static bool operator <(FieldValue left, FieldValue right) => left.CompareTo(right) < 0;

    /// <summary>Whether one value comes before another or is equal to it.</summary>
    /// <param name="left">The one.</param>
    /// <param name="right">The other.</param>
    public static bool operator <=(FieldValue left, FieldValue right) => left.CompareTo(right) <= 0;

    /// <summary>Whether one value comes after another.</summary>
    /// <param name="left">The one.</param>
    /// <param name="right">The other.</param>
    public static bool operator >(FieldValue left, FieldValue right) => left.CompareTo(right) > 0;

    /// <summary>Whether one value comes after another or is equal to it.</summary>
    /// <param name="left">The one.</param>
    /// <param name="right">The other.</param>
    public static bool operator >=(FieldValue left, FieldValue right) => left.CompareTo(right) >= 0;

    /// <summary>The value as readable text.</summary>
    /// <returns>For example <c>42</c> or <c>'Paris'</c>.</returns>
    public override string ToString() => _kind switch
    {
        FieldKind.WholeNumber => _whole.ToString(CultureInfo.InvariantCulture),
        FieldKind.Number => _number.ToString(CultureInfo.InvariantCulture),
        FieldKind.Text => $"'{Names.Printable(_text!)}'",
        _ => "missing",
    };

    private InvalidOperationException Not(FieldKind kind) => new($"The value {this} is not of the kind {kind}.");
}
