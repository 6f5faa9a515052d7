using System.Globalization;

namespace EventSourcing;

/// <summary>How .NET values are stored in a field: chosen so that both have the same order, except for the names of enums.</summary>
internal static class FieldMapping
{
    private static readonly Dictionary<Type, FieldKind> Kinds = new()
    {
        [typeof(string)] = FieldKind.Text,
        [typeof(bool)] = FieldKind.WholeNumber,
        [typeof(sbyte)] = FieldKind.WholeNumber,
        [typeof(byte)] = FieldKind.WholeNumber,
        [typeof(short)] = FieldKind.WholeNumber,
        [typeof(ushort)] = FieldKind.WholeNumber,
        [typeof(int)] = FieldKind.WholeNumber,
        [typeof(uint)] = FieldKind.WholeNumber,
        [typeof(long)] = FieldKind.WholeNumber,
        [typeof(float)] = FieldKind.Number,
        [typeof(double)] = FieldKind.Number,
        [typeof(decimal)] = FieldKind.Number,
        [typeof(DateTimeOffset)] = FieldKind.Text,
        [typeof(DateTime)] = FieldKind.Text,
        [typeof(DateOnly)] = FieldKind.Text,
        [typeof(TimeOnly)] = FieldKind.Text,
        [typeof(TimeSpan)] = FieldKind.WholeNumber,
        [typeof(Guid)] = FieldKind.Text,
    };

    public static FieldKind KindOf(Type type)
    {
        if (IsByName(type)) return FieldKind.Text;
        return Kinds.TryGetValue(Underlying(type), out var kind)
            ? kind
            : throw new ArgumentException(
                $"A field cannot hold values of {type}. Supported are "
                + $"{string.Join(", ", Kinds.Keys.Select(supported => supported.Name))}, enums, and Nullable<> of these.",
                "TValue");
    }

    public static bool IsByName(Type type) => Underlying(type).IsEnum;

    /// <exception cref="ArgumentException">The value cannot be stored in a field.</exception>
    public static FieldValue ToFieldValue<TValue>(TValue value) => value switch
    {
        null => default,
        string text => new FieldValue(text),
        bool truth => new FieldValue(truth ? 1L : 0L),
        sbyte number => new FieldValue((long)number),
        byte number => new FieldValue((long)number),
        short number => new FieldValue((long)number),
        ushort number => new FieldValue((long)number),
        int number => new FieldValue((long)number),
        uint number => new FieldValue((long)number),
        long number => new FieldValue(number),
        float number => new FieldValue((double)number),
        double number => new FieldValue(number),
        decimal number => new FieldValue((double)number),
        DateTimeOffset instant => new FieldValue(RoundTrip(instant.UtcDateTime)),
        DateTime { Kind: DateTimeKind.Utc } instant => new FieldValue(RoundTrip(instant)),
        DateTime instant => throw new ArgumentException(
            $"The time {instant.ToString("s", CultureInfo.InvariantCulture)} is of the kind {instant.Kind}, so it is no instant; "
            + "make it UTC, or use DateTimeOffset."),
        DateOnly date => new FieldValue(RoundTrip(date)),
        TimeOnly time => new FieldValue(RoundTrip(time)),
        TimeSpan span => new FieldValue(span.Ticks),
        Guid id => new FieldValue(id.ToString("D")),
        Enum name => new FieldValue(name.ToString()),
        _ => throw new ArgumentException($"A field cannot hold values of {typeof(TValue)}."),
    };

    /// <summary>All texts of a type have the same width, so that their order is that of the values.</summary>
    private static string RoundTrip<T>(T value)
        where T : IFormattable => value.ToString("O", CultureInfo.InvariantCulture);

    private static Type Underlying(Type type) => Nullable.GetUnderlyingType(type) ?? type;
}
