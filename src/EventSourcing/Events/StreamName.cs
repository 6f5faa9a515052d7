namespace EventSourcing;

/// <summary>
/// The convention for naming streams by kind: <c>category-id</c>, split at the first hyphen. The store itself gives names no meaning.
/// </summary>
public static class StreamName
{
    /// <summary>Joins a category and an id.</summary>
    /// <param name="category">The kind of thing, without a hyphen, e.g. <c>account</c>.</param>
    /// <param name="id">Which one; may contain hyphens.</param>
    /// <returns>The stream's name.</returns>
    /// <exception cref="ArgumentException">The category is empty or too long, or has a hyphen or a control character.</exception>
    /// <exception cref="InvalidIdException">
    /// The id is empty, the name is longer than 200 characters, or the id has a control character or a lone surrogate.
    /// </exception>
    public static string For(string category, string id)
    {
        ArgumentException.ThrowIfNullOrEmpty(category);
        ArgumentNullException.ThrowIfNull(id);
        if (category.Contains('-', StringComparison.Ordinal))
            throw new ArgumentException(
                $"The category '{category}' has a hyphen, which separates the category from the id.", nameof(category));
        if (id.Length == 0) throw new InvalidIdException($"The id of a stream of the category '{category}' is empty.", nameof(id));
        Names.ThrowIfInvalid(category, "A category", nameof(category));
        var name = $"{category}-{id}";
        return Names.FlawOfName(name) is { } flaw
            ? throw new InvalidIdException(Names.Invalid(name, "A stream's name", flaw), nameof(id))
            : name;
    }

    /// <summary>Joins a category and an id that is not a string.</summary>
    /// <param name="category">The kind of thing, without a hyphen, e.g. <c>account</c>.</param>
    /// <param name="id">Which one; it is written as <see cref="IdText.Of"/> does.</param>
    /// <returns>The stream's name.</returns>
    /// <exception cref="ArgumentException">
    /// The category is empty or too long, or has a hyphen or a control character; or the id's type has no single text.
    /// </exception>
    /// <exception cref="InvalidIdException">
    /// The name is longer than 200 characters, or the id has a control character or a lone surrogate.
    /// </exception>
    public static string For(string category, IFormattable id) => For(category, IdText.Of(id));

    /// <summary>The part before the first hyphen, or the whole name if there is none.</summary>
    /// <param name="stream">A stream's name.</param>
    /// <returns>The category.</returns>
    public static string CategoryOf(string stream)
    {
        ArgumentNullException.ThrowIfNull(stream);
        var hyphen = stream.IndexOf('-', StringComparison.Ordinal);
        return hyphen < 0 ? stream : stream[..hyphen];
    }

    /// <summary>The part after the first hyphen, or the whole name if there is none or nothing follows it.</summary>
    /// <param name="stream">A stream's name.</param>
    /// <returns>The id.</returns>
    public static string IdOf(string stream)
    {
        ArgumentNullException.ThrowIfNull(stream);
        var id = stream[(stream.IndexOf('-', StringComparison.Ordinal) + 1)..];
        return id.Length > 0 ? id : stream;
    }
}
