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
    /// <exception cref="ArgumentException">
    /// The category has a hyphen, either is empty, or the name is longer than 200 characters.
    /// </exception>
    public static string For(string category, string id)
    {
        ArgumentException.ThrowIfNullOrEmpty(category);
        ArgumentException.ThrowIfNullOrEmpty(id);
        if (category.Contains('-', StringComparison.Ordinal))
            throw new ArgumentException(
                $"The category '{category}' has a hyphen, which separates the category from the id.", nameof(category));
        var name = $"{category}-{id}";
        Names.ThrowIfInvalid(name, "A stream's name", nameof(id));
        return name;
    }

    /// <summary>Joins a category and an id that is not a string.</summary>
    /// <param name="category">The kind of thing, without a hyphen, e.g. <c>account</c>.</param>
    /// <param name="id">Which one; it is written as <see cref="IdText.Of"/> does.</param>
    /// <returns>The stream's name.</returns>
    /// <exception cref="ArgumentException">
    /// The category has a hyphen or is empty, the id's type has no single text, or the name is longer than 200 characters.
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
