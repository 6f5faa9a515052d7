using System.Runtime.CompilerServices;

namespace EventSourcing;

/// <summary>
/// Which documents of a read model to read, in which order and how many. Immutable: each call returns a new query, so one
/// may be kept, shared between threads and refined in different ways. Nothing is read until a method whose name ends in
/// <c>Async</c>, or the enumeration of <see cref="ToAsyncEnumerable"/>.
/// </summary>
/// <typeparam name="TDocument">The document.</typeparam>
/// <remarks>
/// <list type="number">
/// <item><b>Snapshots.</b> Each read sees one committed snapshot: <see cref="ToListAsync"/>, <see cref="FirstOrDefaultAsync"/>
/// and <see cref="CountAsync"/> are one read, <see cref="ToAsyncEnumerable"/> is one for each page.</item>
/// <item><b>Order.</b> By a field or by key; total, since documents of equal value are ordered by key. A missing value
/// comes before all others; texts and keys are ordered by Unicode code point.</item>
/// <item><b>Paging.</b> A page that begins after a document is found by its place in the order, not by counting: what
/// comes and goes before it shifts nothing. Over several pages a document that does not change is seen once. One that
/// changes meanwhile may be seen before or after the change; where the change moves it in the order, or in or out of the
/// conditions, it may be seen twice or not at all.</item>
/// </list>
/// </remarks>
public sealed class ReadModelQuery<TDocument>
    where TDocument : class
{
    private const int PageLength = 256;
    private readonly StoredDocuments<TDocument> _documents;
    private readonly IReadOnlyList<FieldCondition> _conditions;
    private readonly DocumentField<TDocument>? _orderBy;
    private readonly bool _descending;
    private readonly DocumentCursor? _after;
    private readonly int? _take;

    internal ReadModelQuery(StoredDocuments<TDocument> documents)
        : this(documents, [], null, false, null, null)
    {
    }

    private ReadModelQuery(
        StoredDocuments<TDocument> documents, IReadOnlyList<FieldCondition> conditions, DocumentField<TDocument>? orderBy, bool descending, DocumentCursor? after, int? take)
    {
        _documents = documents;
        _conditions = conditions;
        _orderBy = orderBy;
        _descending = descending;
        _after = after;
        _take = take;
    }

    /// <summary>Only documents that meet a condition, besides those given before.</summary>
    /// <param name="condition">The condition, made by a field.</param>
    /// <returns>The narrower query.</returns>
    /// <exception cref="ArgumentException">The condition is the default one.</exception>
    public ReadModelQuery<TDocument> Where(DocumentCondition<TDocument> condition) =>
        new(_documents, [.. _conditions, .. condition.Parts], _orderBy, _descending, _after, _take);

    /// <summary>Orders by a field, smallest first and missing before that, then by key. Takes the place of an order given before.</summary>
    /// <param name="field">The field.</param>
    /// <returns>The ordered query.</returns>
    /// <exception cref="InvalidOperationException">The query begins after a document already: give the order first.</exception>
    public ReadModelQuery<TDocument> OrderBy(DocumentField<TDocument> field)
    {
        ArgumentNullException.ThrowIfNull(field);
        return Ordered(field, descending: false);
    }

    /// <summary>Orders by a field, greatest first and missing last, then by key, backwards too. Takes the place of an order given before.</summary>
    /// <param name="field">The field.</param>
    /// <returns>The ordered query.</returns>
    /// <exception cref="InvalidOperationException">The query begins after a document already: give the order first.</exception>
    public ReadModelQuery<TDocument> OrderByDescending(DocumentField<TDocument> field)
    {
        ArgumentNullException.ThrowIfNull(field);
        return Ordered(field, descending: true);
    }

    /// <summary>Orders by key, backwards. Takes the place of an order given before.</summary>
    /// <returns>The ordered query.</returns>
    /// <exception cref="InvalidOperationException">The query begins after a document already: give the order first.</exception>
    public ReadModelQuery<TDocument> OrderByKeyDescending() => Ordered(null, descending: true);

    /// <summary>
    /// Begins after a document that a query in order of the same field found, be it the last of a page, to read the next.
    /// In the opposite order and after the first of a page, it reads the page before, backwards. The conditions may differ.
    /// </summary>
    /// <param name="document">The document.</param>
    /// <returns>The query for what comes after.</returns>
    /// <exception cref="ArgumentException">The document was found in the order of another field.</exception>
    public ReadModelQuery<TDocument> After(Document<TDocument> document)
    {
        ArgumentNullException.ThrowIfNull(document);
        return Misplacement(document.OrderedBy, document.Place) is { } flaw
            ? throw new ArgumentException($"The query cannot go on after the document '{Names.Printable(document.Key)}': {flaw}", nameof(document))
            : Beginning(document.Place);
    }

    /// <summary>As <see cref="After(Document{TDocument})"/>, by the text of the document's place.</summary>
    /// <param name="cursor">A <see cref="Document{TDocument}.Cursor"/>. It may come from anywhere: it is checked.</param>
    /// <returns>The query for what comes after.</returns>
    /// <exception cref="FormatException">
    /// The text is no cursor, or one of a query in the order of another field; there is no other error for what a stranger may have sent.
    /// </exception>
    public ReadModelQuery<TDocument> After(string cursor)
    {
        ArgumentNullException.ThrowIfNull(cursor);
        var (field, place) = CursorText.Parse(cursor);
        return Misplacement(field, place) is { } flaw ? throw new FormatException($"The query cannot go on after this cursor: {flaw}") : Beginning(place);
    }

    /// <summary>At most so many documents. Takes the place of a number given before.</summary>
    /// <param name="count">How many, 1 or more.</param>
    /// <returns>The bounded query.</returns>
    /// <exception cref="ArgumentOutOfRangeException">The number is less than 1.</exception>
    public ReadModelQuery<TDocument> Take(int count)
    {
        ArgumentOutOfRangeException.ThrowIfNegativeOrZero(count);
        return new(_documents, _conditions, _orderBy, _descending, _after, count);
    }

    /// <summary>
    /// Reads the documents, all as of one snapshot. Without <see cref="Take"/> that is all of them, in memory; to go through
    /// many, use <see cref="ToAsyncEnumerable"/>.
    /// </summary>
    /// <param name="cancellationToken">Cancels the read.</param>
    /// <returns>The documents in the order of the query; fewer than <see cref="Take"/> says only at the end.</returns>
    /// <exception cref="UnknownFieldException">The read model, as it is stored, has no such field.</exception>
    /// <exception cref="ArgumentException">The read model, as it is stored, has other kinds of values in a field.</exception>
    /// <exception cref="DocumentSerializationException">A stored document cannot be read into its type.</exception>
    public async Task<IReadOnlyList<Document<TDocument>>> ToListAsync(CancellationToken cancellationToken = default)
    {
        var page = await _documents.QueryAsync(Page(_after, _take ?? int.MaxValue), cancellationToken).ConfigureAwait(false);
        return [.. page.Select(Read)];
    }

    /// <summary>
    /// Reads the documents in pages of 256, each as of its own snapshot, holding nothing in between: for going through many.
    /// What is done with them by LINQ is done here, not in the storage.
    /// </summary>
    /// <param name="cancellationToken">Ends the read.</param>
    /// <returns>The documents in the order of the query.</returns>
    /// <exception cref="UnknownFieldException">The read model, as it is stored, has no such field.</exception>
    /// <exception cref="ArgumentException">The read model, as it is stored, has other kinds of values in a field.</exception>
    /// <exception cref="DocumentSerializationException">A stored document cannot be read into its type.</exception>
    public async IAsyncEnumerable<Document<TDocument>> ToAsyncEnumerable(
        [EnumeratorCancellation] CancellationToken cancellationToken = default)
    {
        var after = _after;
        var rest = _take ?? long.MaxValue;
        while (rest > 0)
        {
            var limit = (int)Math.Min(rest, PageLength);
            var page = await _documents.QueryAsync(Page(after, limit), cancellationToken).ConfigureAwait(false);
            foreach (var stored in page) yield return Read(stored);
            if (page.Count < limit) yield break;
            after = new DocumentCursor(page[^1].OrderedBy, page[^1].Key);
            rest -= limit;
        }
    }

    /// <summary>Reads the first document.</summary>
    /// <param name="cancellationToken">Cancels the read.</param>
    /// <returns>The document, or <see langword="null"/> if there is none.</returns>
    /// <exception cref="UnknownFieldException">The read model, as it is stored, has no such field.</exception>
    /// <exception cref="ArgumentException">The read model, as it is stored, has other kinds of values in a field.</exception>
    /// <exception cref="DocumentSerializationException">The stored document cannot be read into its type.</exception>
    public async Task<Document<TDocument>?> FirstOrDefaultAsync(CancellationToken cancellationToken = default)
    {
        var page = await _documents.QueryAsync(Page(_after, 1), cancellationToken).ConfigureAwait(false);
        return page.Count == 0 ? null : Read(page[0]);
    }

    /// <summary>Counts the documents that meet the conditions, reading none of them.</summary>
    /// <param name="cancellationToken">Cancels the count.</param>
    /// <returns>The number of documents.</returns>
    /// <exception cref="InvalidOperationException">The query has <see cref="Take"/> or <c>After</c>: count before you page.</exception>
    /// <exception cref="UnknownFieldException">The read model, as it is stored, has no such field.</exception>
    /// <exception cref="ArgumentException">The read model, as it is stored, has other kinds of values in a field.</exception>
    public async Task<long> CountAsync(CancellationToken cancellationToken = default)
    {
        // It could mean the length of the page or of the whole list; who pages wants the latter, who knows LINQ the former.
        if (_take is not null || _after is not null) throw new InvalidOperationException("CountAsync counts all documents that meet the conditions; call it on the query before Take and After.");
        return await _documents.CountAsync(_conditions, cancellationToken).ConfigureAwait(false);
    }

    private ReadModelQuery<TDocument> Ordered(DocumentField<TDocument>? field, bool descending) => _after is null
        ? new(_documents, _conditions, field, descending, null, _take)
        : throw new InvalidOperationException("The query begins after a document already, whose place is one in the order up to now. Give the order first, then After.");

    private ReadModelQuery<TDocument> Beginning(DocumentCursor place) => new(_documents, _conditions, _orderBy, _descending, place, _take);

    /// <summary>Why a place is none in the order of this query; null if it is one.</summary>
    private string? Misplacement(string? field, DocumentCursor place) =>
        !string.Equals(field, _orderBy?.Name, StringComparison.OrdinalIgnoreCase) ? $"it was found in the order of {Order(field)}, and this query is in the order of {Order(_orderBy?.Name)}."
        : _orderBy is { } own && !place.Value.Fits(own.Kind) ? $"it was found when '{own.Name}' held {place.Value.Kind} values; now it holds {own.Kind} values."
        : null;

    private static string Order(string? field) => field is null ? "keys" : $"'{Names.Printable(field)}'";

    private DocumentQuery Page(DocumentCursor? after, int limit) =>
        new() { Conditions = _conditions, OrderBy = _orderBy?.Name, Descending = _descending, After = after, Limit = limit };

    private Document<TDocument> Read(StoredDocument stored) =>
        new(stored.Key, _documents.Decode(stored.Key, stored.Data.Span), _orderBy?.Name, stored.OrderedBy);
}
