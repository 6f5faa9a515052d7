using System.Globalization;

namespace EventSourcing;

/// <summary>
/// A document that a query found: its key, its value, and its place in the order of the query. Immutable if the value is.
/// </summary>
/// <typeparam name="TDocument">The document.</typeparam>
public sealed class Document<TDocument>
    where TDocument : class
{
    internal Document(string key, TDocument value, string? orderedBy, FieldValue orderedAt)
    {
        Key = key;
        Value = value;
        OrderedBy = orderedBy;
        Place = new DocumentCursor(orderedAt, key);
    }

    /// <summary>The key.</summary>
    public string Key { get; }

    /// <summary>The document; the caller's own copy.</summary>
    public TDocument Value { get; }

    /// <summary>
    /// The document's place in the order of the query, as a text to hand out and take back.
    /// <see cref="ReadModelQuery{TDocument}.After(string)"/> goes on from there, in this process or another, even if the document is gone
    /// by then. It consists of letters, digits, <c>-</c> and <c>_</c>, so it may stand in a URL. Its length is about 4/3 of that of the key
    /// and the ordering value in UTF-8, and up to 100 characters more.
    /// </summary>
    /// <remarks>
    /// Treat the text as opaque. It is neither secret nor signed: anyone who holds it can read the key and the ordering value. A made-up
    /// text finds only what the query finds anyway.
    /// </remarks>
    public string Cursor => CursorText.Write(OrderedBy, Place);

    /// <summary>The field that ordered the query; null if it was the key.</summary>
    internal string? OrderedBy { get; }

    internal DocumentCursor Place { get; }

    /// <summary>Deconstructs into key and value.</summary>
    /// <param name="key">The key.</param>
    /// <param name="value">The document.</param>
    public void Deconstruct(out string key, out TDocument value) => (key, value) = (Key, Value);

    /// <summary>The key and the document, as text for people.</summary>
    /// <returns>For example <c>ann: Customer { City = Paris }</c>.</returns>
    public override string ToString() => string.Create(CultureInfo.InvariantCulture, $"{Names.Printable(Key)}: {Value}");
}
