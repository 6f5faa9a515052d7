using System.Globalization;

namespace EventSourcing;

/// <summary>
/// Writes ids that are not strings as text, for names of streams and keys of documents. An id has the same text in every
/// culture, so it always names the same stream.
/// </summary>
public static class IdText
{
    /// <summary>The text of an id.</summary>
    /// <typeparam name="T">
    /// The id's type: a <see cref="Guid"/>, an integer, an enum, a <see cref="DateOnly"/>, or a type of the app's own that
    /// implements <see cref="IFormattable"/>.
    /// </typeparam>
    /// <param name="id">The id.</param>
    /// <returns>
    /// A <see cref="Guid"/> with hyphens in lower case, a date as <c>2026-03-01</c>, a time of day as <c>09:30:00.0000000</c>,
    /// an enum by its name, anything else as it formats itself in the invariant culture without a format.
    /// </returns>
    /// <exception cref="ArgumentException">
    /// The text is empty, or the type has several texts for one value, as <see cref="decimal"/> has for 1.0 and 1.00. Such
    /// types are floating point and decimal numbers, <see cref="DateTime"/>, <see cref="DateTimeOffset"/> and
    /// <see cref="FormattableString"/>.
    /// </exception>
    public static string Of<T>(T id)
        where T : IFormattable
    {
        ArgumentNullException.ThrowIfNull(id);
        if (id is decimal or double or float or Half or DateTime or DateTimeOffset or FormattableString)
            throw new ArgumentException(
                $"A {id.GetType().Name} has no single text that could be an id: equal values may be written differently. "
                + "Write it as a string of your own choice.",
                nameof(id));
        var text = id.ToString(id is DateOnly or TimeOnly ? "O" : null, CultureInfo.InvariantCulture);
        return string.IsNullOrEmpty(text)
            ? throw new ArgumentException($"The {id.GetType().Name} formats itself as an empty text, which is no id.", nameof(id))
            : text;
    }
}
