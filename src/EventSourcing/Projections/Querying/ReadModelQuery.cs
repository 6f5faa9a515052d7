using System.Runtime.CompilerServices;

namespace EventSourcing;

/// <summary>
/// Which documents of a read model to read, in which order and how many. Immutable: each call returns a new query, so a query may be kept,
/// shared between threads and refined in different ways. Nothing is read until a method whose name ends in <c>Async</c> is called, or
/// <see cref="ToAsyncEnumerable"/> is enumerated.
/// </summary>
/// <typeparam name="TDocument">The document.</typeparam>
/// <remarks>
/// <list type="number">
/// <item><b>Snapshots.</b> Each read sees one committed snapshot: <see cref="ToListAsync"/>, <see cref="FirstOrDefaultAsync"/> and
/// <see cref="CountAsync"/> are one read; <see cref="ToAsyncEnumerable"/> is one read for each page.</item>
/// <item><b>Order.</b> By a field or by key. The order is total, since documents with equal values are ordered by key. A missing value
/// comes before all others; texts and keys are ordered by Unicode code point.</item>
/// <item><b>Paging.</b> A page that begins after a document is found by the document's place in the order, not by counting, so documents
/// that come and go before it shift nothing. Over several pages a document that does not change is seen once. One that changes meanwhile
/// may be seen before or after the change. If the change moves it in the order, or into or out of the conditions, it may be seen twice or
/// not at all.</item>
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
        StoredDocuments<TDocument> documents,
        IReadOnlyList<FieldCondition> conditions,
        DocumentField<TDocument>? orderBy,
        bool descending,
        DocumentCursor? after,
        int? take)
    {
        _documents = documents;
        _conditions = conditions;
        _orderBy = orderBy;
        _descending = descending;
        _after = after;
        _take = take;
    }

    /// <summary>Only documents that meet a condition, in addition to those given before.</summary>
    /// <param name="condition">The condition, made by a field.</param>
    /// <returns>The narrower query.</returns>
    /// <exception cref="ArgumentException">The condition is the default one.</exception>
    public ReadModelQuery<TDocument> Where(DocumentCondition<TDocument> condition) =>
        new(_documents, [.. _conditions, .. condition.Parts], _orderBy, _descending, _after, _take);

    /// <summary>Orders by a field, smallest first and missing values before that, then by key. Replaces an order given before.</summary>
    /// <param name="field">The field.</param>
    /// <returns>The ordered query.</returns>
    /// <exception cref="InvalidOperationException">The query begins after a document already: set the order first.</exception>
    public ReadModelQuery<TDocument> OrderBy(DocumentField<TDocument> field)
    {
        ArgumentNullException.ThrowIfNull(field);
        return Ordered(field, descending: false);
    }

    /// <summary>
    /// Orders by a field, greatest first and missing values last, then by key, also descending. Replaces an order given before.
    /// </summary>
    /// <param name="field">The field.</param>
    /// <returns>The ordered query.</returns>
    /// <exception cref="InvalidOperationException">The query begins after a document already: set the order first.</exception>
    public ReadModelQuery<TDocument> OrderByDescending(DocumentField<TDocument> field)
    {
        ArgumentNullException.ThrowIfNull(field);
        return Ordered(field, descending: true);
    }

    /// <summary>Orders by key, descending. Replaces an order given before.</summary>
    /// <returns>The ordered query.</returns>
    /// <exception cref="InvalidOperationException">The query begins after a document already: set the order first.</exception>
    public ReadModelQuery<TDocument> OrderByKeyDescending() => Ordered(null, descending: true);

    /// <summary>
    /// Begins after a document that a query in order of the same field has found, such as the last of a page, to read the next page. To
    /// read the page before, backwards, use the opposite order and begin after the first document of a page. The conditions may differ.
    /// </summary>
    /// <param name="document">The document.</param>
    /// <returns>The query for the documents after it.</returns>
    /// <exception cref="ArgumentException">The document was found in the order of another field.</exception>
    public ReadModelQuery<TDocument> After(Document<TDocument> document)
    {
        ArgumentNullException.ThrowIfNull(document);
        return Misplacement(document.OrderedBy, document.Place) is { } flaw
            ? throw new ArgumentException(
                $"The query cannot go on after the document '{Names.Printable(document.Key)}': {flaw}", nameof(document))
            : Beginning(document.Place);
    }

    /// <summary>Like <see cref="After(Document{TDocument})"/>, by the text of the document's place.</summary>
    /// <param name="cursor">A <see cref="Document{TDocument}.Cursor"/>. It need not be trusted: it is checked.</param>
    /// <returns>The query for the documents after it.</returns>
    /// <exception cref="FormatException">
    /// The text is not a cursor, or belongs to a query in the order of another field. Whatever an untrusted text contains, there is no
    /// other error.
    /// </exception>
    public ReadModelQuery<TDocument> After(string cursor)
    {
        ArgumentNullException.ThrowIfNull(cursor);
        var (field, place) = CursorText.Parse(cursor);
        return Misplacement(field, place) is { } flaw
            ? throw new FormatException($"The query cannot go on after this cursor: {flaw}")
            : Beginning(place);
    }

    /// <summary>At most this many documents. Replaces a number given before.</summary>
    /// <param name="count">How many, 1 or more.</param>
    /// <returns>The bounded query.</returns>
    /// <exception cref="ArgumentOutOfRangeException">The number is less than 1.</exception>
    public ReadModelQuery<TDocument> Take(int count)
    {
        ArgumentOutOfRangeException.ThrowIfNegativeOrZero(count);
        return new(_documents, _conditions, _orderBy, _descending, _after, count);
    }

    /// <summary>
    /// Reads the documents, all as of one snapshot. Without <see cref="Take"/> it reads all of them into memory; to go through many, use
    /// <see cref="ToAsyncEnumerable"/>.
    /// </summary>
    /// <param name="cancellationToken">Cancels the read.</param>
    /// <returns>The documents in the order of the query. They are fewer than <see cref="Take"/> says only at the end.</returns>
    /// <exception cref="UnknownFieldException">The read model, as it is stored, has no such field.</exception>
    /// <exception cref="ArgumentException">The read model, as it is stored, has other kinds of values in a field.</exception>
    /// <exception cref="DocumentSerializationException">A stored document cannot be read into its type.</exception>
    public async Task<IReadOnlyList<Document<TDocument>>> ToListAsync(CancellationToken cancellationToken = default)
    {
        var page = await _documents.QueryAsync(Page(_after, _take ?? int.MaxValue), cancellationToken).ConfigureAwait(false);
        return [.. page.Select(Read)];
    }

    /// <summary>
    /// Reads the documents in pages of 256, each as of its own snapshot, and holds nothing in between: for going through many. LINQ
    /// operators on the result run in this process, not in the storage.
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

    /// <summary>Counts the documents that meet the conditions, without reading any.</summary>
    /// <param name="cancellationToken">Cancels the count.</param>
    /// <returns>The number of documents.</returns>
    /// <exception cref="InvalidOperationException">The query has <see cref="Take"/> or <c>After</c>: count before you page.</exception>
    /// <exception cref="UnknownFieldException">The read model, as it is stored, has no such field.</exception>
    /// <exception cref="ArgumentException">The read model, as it is stored, has other kinds of values in a field.</exception>
    public async Task<long> CountAsync(CancellationToken cancellationToken = default)
    {
        // A count could mean the length of the page or of the whole list: paging needs the latter, LINQ means the former.
        if (_take is not null || _after is not null)
            throw new InvalidOperationException(
                "CountAsync counts all documents that meet the conditions; call it on the query before Take and After.");
        return await _documents.CountAsync(_conditions, cancellationToken).ConfigureAwait(false);
    }

    private ReadModelQuery<TDocument> Ordered(DocumentField<TDocument>? field, bool descending) => _after is null
        ? new(_documents, _conditions, field, descending, null, _take)
        : throw new InvalidOperationException(
            "The query begins after a document already, whose place is one in the order up to now. Give the order first, then After.");

    private ReadModelQuery<TDocument> Beginning(DocumentCursor place) => new(_documents, _conditions, _orderBy, _descending, place, _take);

    /// <summary>Why a place does not fit the order of this query; null if it does.</summary>
    private string? Misplacement(string? field, DocumentCursor place) =>
        !string.Equals(field, _orderBy?.Name, StringComparison.OrdinalIgnoreCase)
            ? $"it was found in the order of {Order(field)}, and this query is in the order of {Order(_orderBy?.Name)}."
        : _orderBy is { } own && !place.Value.Fits(own.Kind)
            ? $"it was found when '{own.Name}' held {place.Value.Kind} values; now it holds {own.Kind} values."
        : null;

    private static string Order(string? field) => field is null ? "keys" : $"'{Names.Printable(field)}'";

    private DocumentQuery Page(DocumentCursor? after, int limit) =>
        new() { Conditions = _conditions, OrderBy = _orderBy?.Name, Descending = _descending, After = after, Limit = limit };

    private Document<TDocument> Read(StoredDocument stored) =>
        new(stored.Key, _documents.Decode(stored.Key, stored.Data.Span), _orderBy?.Name, stored.OrderedBy);
}
