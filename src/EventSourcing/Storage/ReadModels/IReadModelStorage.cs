using System.Data.Common;

namespace EventSourcing.Storage;

/// <summary>
/// Stores the read models of projections: named collections of documents (bytes under a key, with fields to find them by) and,
/// if the storage has <see cref="Tables"/>, tables of their own. Everything that belongs together changes in one transaction, and
/// only if no other writer was first. The definition of a projection, its position and its current owner are documents too: the
/// storage does not know the difference. Thread-safe.
/// </summary>
/// <remarks>
/// <list type="number">
/// <item><b>Names.</b> A read model's name follows the rule for streams; a key is 1–200 characters without U+0000 or lone surrogates.
/// Both are compared ordinally. An <em>alias</em> is another name for a read model, for reading; names and aliases are
/// one namespace.</item>
/// <item><b>Reads</b> see one committed snapshot. A read model that does not exist reads as one without documents.</item>
/// <item><b>Order.</b> Keys and texts are ordered by Unicode code point, numbers by value; a missing value comes before
/// all others. Documents of equal value are ordered by key.</item>
/// <item><b>Commits</b> are atomic, and as durable as the storage's appends when they return. Each takes effect at one moment:
/// guards, other commits and read models changed within an append see all of it or nothing. A commit and an append that do not
/// share a document are not ordered.</item>
/// </list>
/// </remarks>
public interface IReadModelStorage
{
    /// <summary>
    /// What SQL of the projection's own (<see cref="ReadModelCommit.Tables"/>) must look like; <see langword="null"/> if the
    /// storage has no tables. Then it refuses each commit that has SQL with a <see cref="NotSupportedException"/>.
    /// </summary>
    TableSupport? Tables { get; }

    /// <summary>Reads the documents under some keys, from one snapshot.</summary>
    /// <param name="model">The read model's name or alias.</param>
    /// <param name="keys">The keys.</param>
    /// <param name="cancellationToken">Cancels the read.</param>
    /// <returns>A document or <see langword="null"/> for each key, in the order of the keys. The arrays belong to the caller.</returns>
    /// <exception cref="ArgumentException">A name or key is not valid.</exception>
    ValueTask<IReadOnlyList<byte[]?>> LoadAsync(string model, IReadOnlyList<string> keys, CancellationToken cancellationToken = default);

    /// <summary>Finds documents by their fields, from one snapshot.</summary>
    /// <param name="model">The read model's name or alias.</param>
    /// <param name="query">The conditions, the order and the page.</param>
    /// <param name="cancellationToken">Cancels the read.</param>
    /// <returns>The documents in the requested order; fewer than the limit only at the end.</returns>
    /// <exception cref="ArgumentException">A name, a condition or the page is not valid.</exception>
    /// <exception cref="UnknownFieldException">The read model exists, but has no such field.</exception>
    ValueTask<IReadOnlyList<StoredDocument>> QueryAsync(string model, DocumentQuery query, CancellationToken cancellationToken = default);

    /// <summary>Counts the documents that meet some conditions, from one snapshot.</summary>
    /// <param name="model">The read model's name or alias.</param>
    /// <param name="conditions">The conditions, all of which must hold; none to count all.</param>
    /// <param name="cancellationToken">Cancels the read.</param>
    /// <returns>The number of documents.</returns>
    /// <exception cref="ArgumentException">A name or a condition is not valid.</exception>
    /// <exception cref="UnknownFieldException">The read model exists, but has no such field.</exception>
    ValueTask<long> CountAsync(string model, IReadOnlyList<FieldCondition> conditions, CancellationToken cancellationToken = default);

    /// <summary>Changes read models, all or nothing, if every guard holds.</summary>
    /// <param name="commit">The guards and the changes.</param>
    /// <param name="cancellationToken">Cancels while the commit waits for its turn.</param>
    /// <returns>A task that completes when the changes are as durable as the storage's appends.</returns>
    /// <exception cref="ArgumentException">A name, a key, a definition or a change is not valid; nothing was written.</exception>
    /// <exception cref="ReadModelConflictException">A guarded document is not as expected; nothing was written.</exception>
    /// <exception cref="NotSupportedException">The commit has SQL, but the storage has no tables; nothing was written.</exception>
    /// <exception cref="StoreReadOnlyException">The storage was opened read-only; nothing was written.</exception>
    ValueTask CommitAsync(ReadModelCommit commit, CancellationToken cancellationToken = default);
}

/// <summary>
/// An append that is about to be committed, as seen by the read models that change with it: under the lock that orders commits,
/// after its guards have held. Valid until the callback returns.
/// </summary>
public interface IAppendTransaction
{
    /// <summary>The events to be appended, as they will be stored in the log.</summary>
    IReadOnlyList<StoredEvent> Events { get; }

    /// <summary>Reads documents as of all commits before this one.</summary>
    /// <param name="model">The read model's name or alias.</param>
    /// <param name="keys">The keys.</param>
    /// <param name="cancellationToken">Cancels the read.</param>
    /// <returns>A document or <see langword="null"/> for each key, in the order of the keys. The arrays belong to the caller.</returns>
    ValueTask<IReadOnlyList<byte[]?>> LoadAsync(string model, IReadOnlyList<string> keys, CancellationToken cancellationToken = default);

    /// <summary>Reads one page of the log as of all commits before this one.</summary>
    /// <param name="read">The range, the direction and the filter.</param>
    /// <param name="cancellationToken">Cancels the read.</param>
    /// <returns>The page; dispose it when done.</returns>
    ValueTask<EventPage> ReadLogAsync(LogRead read, CancellationToken cancellationToken = default);
}

/// <summary>SQL of a projection's own, run in the transaction of a commit.</summary>
/// <param name="connection">The storage's own connection, within the transaction; do not close or keep it.</param>
/// <param name="cancellationToken">Cancels the SQL, and with it the commit.</param>
/// <returns>A task that completes when the SQL has run.</returns>
public delegate ValueTask TableWork(DbConnection connection, CancellationToken cancellationToken);
