namespace EventSourcing;

/// <summary>
/// The interface to storage: bytes in, bytes out. Apps use <see cref="EventStore"/>. Implement this interface to keep events in
/// another medium, and test it with the conformance kit of the package <c>EventSourcing.Testing</c>.
/// </summary>
/// <remarks>
/// <para>The contract, the same for every storage:</para>
/// <list type="number">
/// <item><b>Streams.</b> A name is 1–200 characters of ordinal Unicode text without control characters or lone
/// surrogates, never normalised or case-folded. A stream's <em>version</em> is the number of its events: the first
/// event has version 1, an empty or unknown stream version 0. Versions are contiguous.</item>
/// <item><b>Log.</b> Every event also has a <em>position</em>: 1, 2, 3 … over the whole store, dense, in commit order,
/// never reused, the same for every reader. Once a reader has seen position p, no event at or below p can appear
/// later. A failed append uses up no position.</item>
/// <item><b>Append</b> is one guarded, atomic commit: events for one or several streams, in the order given, each
/// stream with an <see cref="ExpectedVersion"/>, streams that are only checked, and conditions, each of which says that no
/// event after a position matches a query. All guards are evaluated under the lock that orders commits. It is all or nothing;
/// readers see all events of an append or none. An append's own events are never checked against its conditions.</item>
/// <item><b>Idempotence.</b> Event ids are unique in the store. Appending the same events again (the same ids, in the
/// same order, for the same streams) writes nothing and returns the original result, even if the guards would now fail or much
/// has been appended since. If only some of the ids are stored, or they are stored elsewhere, or with another type, other data
/// (compared byte by byte) or other tags, that is a <see cref="DuplicateEventIdException"/>; neither metadata nor data that has
/// been erased since is compared. The boundaries of the original append do not matter: consecutive stored events equal to those
/// given, in this order, count as the original.
/// An id given twice in one append is an <see cref="ArgumentException"/>.</item>
/// <item><b>Time.</b> The storage stamps each event from its <see cref="TimeProvider"/> when it commits, in UTC. The stamp
/// never goes backwards: it is the later of now and the last event's stamp. Imported events bring their stamps: rule 12.</item>
/// <item><b>Immutability.</b> Nothing changes or deletes an event, with one exception: an append may erase the payloads of
/// events that were stored before it (<see cref="AppendRequest.Erase"/>), and records this by <see cref="PayloadsErased"/>
/// events of its own. The erasure is part of its transaction, all or nothing: no guard may fail, and a reader that sees the
/// record sees the events erased. An erased event keeps its place and everything else that is stored of it, including metadata.
/// Its data is empty and <see cref="StoredEvent.IsErased"/> is true. Its leaf is unchanged: instead of the salt, the storage
/// keeps the commitment made with it. An erasure cannot be undone. The storage removes the bytes from the medium to the extent
/// that it can and documents. A position beyond the head, or of a record of erasures, causes an
/// <see cref="ErasureRefusedException"/>; erasing an event again changes nothing.</item>
/// <item><b>Durability.</b> When an append has returned, its events survive everything that the storage promises to survive. A
/// storage that does not promise to survive a loss of power says so in its name or in the name of the option.</item>
/// <item><b>Concurrency.</b> Every member is thread-safe. Waiting is asynchronous and cancellable. Cancelling before
/// the commit starts leaves nothing behind; after that the actual result is returned.</item>
/// <item><b>Errors</b> are typed (<see cref="EventSourcingException"/>), with the facts as properties. Bad arguments are
/// <see cref="ArgumentException"/>s, thrown before anything is written.</item>
/// <item><b>Limits</b> (<see cref="EventStorageLimits"/>) are checked before anything is written.</item>
/// <item><b>Ledger.</b> The storage keeps an RFC 6962 Merkle tree over its log: leaf n − 1 is the <see cref="LedgerLeaf"/>
/// of the event at position n, made with a random salt that is stored beside its data. Tree and log change in one transaction:
/// a reader that sees an event sees a tree that contains it.</item>
/// <item><b>Import</b> (<see cref="ImportRequest"/>) stores events as they were recorded elsewhere, in one commit like an append:
/// all or nothing, in the order given, behind the end of the log. No event is stamped before the one before it.
/// If the events bring their places, the storage keeps all of them as given: ids, positions, versions, stamps, data, metadata,
/// tags, seals, and what is erased. So the tree becomes that of the other log. The first position must be head + 1 and each
/// version the next one of its stream. If a record of erasures among them names a payload that is still there, in the log or in
/// the import, it is erased in the same commit. If the events bring no places, the storage gives them positions, versions and
/// salts as in an append, and no stamp may be later than now. What does not fit is an <see cref="ImportRefusedException"/>, an id
/// that is stored a <see cref="DuplicateEventIdException"/>, and a record that names what cannot be erased an
/// <see cref="ErasureRefusedException"/>. A stored id is told before a stamp that does not fit, and a position before a stored
/// id. An import has no other guards, changes no read models, and is never taken for a
/// repetition; whoever repeats one goes on from the head. It wakes those who wait, and rules 6 to 10 hold for it too.</item>
/// <item><b>Move.</b> A store can be marked as moved to another place (<see cref="SetMovedToAsync"/>), on the condition that its log ends
/// at a given position. The mark takes its place among the commits: whatever was committed before is in the log up to that position,
/// and whatever comes after is refused. From then on every write of every process (an append, an import, an erasure, a change of read
/// models) is a <see cref="StoreMovedException"/>, and nothing of it is written. Guards are still evaluated first, and a repetition still
/// returns the original result, since neither writes. Reading is not affected. The mark stays until it is taken away.</item>
/// </list>
/// </remarks>
public interface IEventStorage : IAsyncDisposable
{
    /// <summary>The clock and the limits in force.</summary>
    EventStorageOptions Options { get; }

    /// <summary>
    /// Whether the storage was opened read-only. Then every call that would write is refused with
    /// <see cref="StoreReadOnlyException"/> before anything happens. A storage that wraps another returns the value of that
    /// one.
    /// </summary>
    bool IsReadOnly => false;

    /// <summary>
    /// What the storage tells to those who measure the store; <see langword="null"/> if nothing. A storage that wraps another
    /// returns that of the other one.
    /// </summary>
    StorageTelemetry? Telemetry => null;

    /// <summary>Read models and their checkpoints, kept in the same medium and changed in the same transactions.</summary>
    IReadModelStorage ReadModels { get; }

    /// <summary>The Merkle tree over the log: rule 11.</summary>
    ILedgerStorage Ledger { get; }

    /// <summary>The content of the store: streams, types of events, read models, and its size.</summary>
    IStorageCatalog Catalog { get; }

    /// <summary>Appends events, and may erase the payloads of earlier ones: rules 3 to 8 and 10.</summary>
    /// <param name="request">
    /// The events and their guards. Its memory must stay unchanged until the returned task completes, and may then be reused: a
    /// storage that keeps bytes copies them.
    /// </param>
    /// <param name="cancellationToken">Cancels while the append waits for its turn; rule 8.</param>
    /// <returns>The places of the events.</returns>
    /// <exception cref="ArgumentException">The request breaks a rule or a limit.</exception>
    /// <exception cref="WrongExpectedVersionException">A stream is not at the version expected.</exception>
    /// <exception cref="AppendConditionFailedException">An event matches the query of a condition.</exception>
    /// <exception cref="DuplicateEventIdException">Some of the ids are stored, but not as in this request.</exception>
    /// <exception cref="ErasureRefusedException">A payload to erase cannot be erased.</exception>
    /// <exception cref="StoreReadOnlyException">The storage was opened read-only; nothing was written.</exception>
    /// <exception cref="StoreBusyException">The store's write lock was held elsewhere for too long; nothing was written.</exception>
    /// <exception cref="StorageFailedException">The medium failed; the error says whether anything may have been written.</exception>
    ValueTask<AppendResult> AppendAsync(AppendRequest request, CancellationToken cancellationToken = default);

    /// <summary>Stores events as they were recorded elsewhere, with their own stamps: rule 12.</summary>
    /// <param name="request">
    /// The events. Its memory must stay unchanged until the returned task completes, and may then be reused: a storage that keeps
    /// bytes copies them.
    /// </param>
    /// <param name="cancellationToken">Cancels while the import waits for its turn; rule 8.</param>
    /// <returns>The position of the last event of the import.</returns>
    /// <exception cref="ArgumentException">An event breaks a rule or a limit by itself; nothing was written.</exception>
    /// <exception cref="ImportRefusedException">The place or the stamp of an event does not fit; nothing was written.</exception>
    /// <exception cref="DuplicateEventIdException">An id is stored already; nothing was written.</exception>
    /// <exception cref="ErasureRefusedException">A record of erasures names what cannot be erased; nothing was written.</exception>
    /// <exception cref="StoreReadOnlyException">The storage was opened read-only; nothing was written.</exception>
    /// <exception cref="StoreBusyException">The store's write lock was held elsewhere for too long; nothing was written.</exception>
    /// <exception cref="StorageFailedException">The medium failed; the error says whether anything may have been written.</exception>
    ValueTask<long> ImportAsync(ImportRequest request, CancellationToken cancellationToken = default);

    /// <summary>
    /// Reads one page of one stream's events within a range of versions, from one snapshot. A page ends at
    /// <see cref="StreamRead.Limit"/> events or earlier, if its bytes grow large; <see cref="EventPage.IsEnd"/> tells whether
    /// the range is complete.
    /// </summary>
    /// <param name="read">The stream, the range and the direction.</param>
    /// <param name="cancellationToken">Cancels the read.</param>
    /// <returns>The page, empty if the range is; dispose it when done.</returns>
    /// <exception cref="ArgumentException">The stream's name or the range is not valid.</exception>
    ValueTask<EventPage> ReadStreamAsync(StreamRead read, CancellationToken cancellationToken = default);

    /// <summary>
    /// Reads one page of the log within a range of positions, from one snapshot: the events that match the filter. A page ends
    /// at <see cref="LogRead.Limit"/> matching events or earlier; <see cref="EventPage.Next"/> also advances past events that
    /// do not match.
    /// </summary>
    /// <param name="read">The range, the direction and the filter.</param>
    /// <param name="cancellationToken">Cancels the read.</param>
    /// <returns>The page, empty if nothing matches; dispose it when done.</returns>
    /// <exception cref="ArgumentException">The range is not valid.</exception>
    ValueTask<EventPage> ReadLogAsync(LogRead read, CancellationToken cancellationToken = default);

    /// <summary>The position of the last event, 0 for an empty store.</summary>
    /// <param name="cancellationToken">Cancels the read.</param>
    /// <returns>The head of the log.</returns>
    ValueTask<long> GetHeadAsync(CancellationToken cancellationToken = default);

    /// <summary>The position of the event that has an id, 0 if none has. Once an append has returned, all of its ids are found.</summary>
    /// <param name="eventId">The event's id.</param>
    /// <param name="cancellationToken">Cancels the read.</param>
    /// <returns>The position.</returns>
    ValueTask<long> GetPositionAsync(Guid eventId, CancellationToken cancellationToken = default);

    /// <summary>Where the store has moved to; <see langword="null"/> if it has not: rule 13.</summary>
    /// <param name="cancellationToken">Cancels the read.</param>
    /// <returns>The place, in the words of whoever marked the store.</returns>
    ValueTask<string?> GetMovedToAsync(CancellationToken cancellationToken = default);

    /// <summary>
    /// Marks the store as moved, so that nothing is written to it any more, or takes the mark away: rule 13. It is one commit, and waits
    /// for its turn like an append.
    /// </summary>
    /// <param name="movedTo">
    /// Where the store has moved to, for people to read: 1 to <see cref="StoreMovedException.MaxPlaceLength"/> characters, no control
    /// characters, and no secret. <see langword="null"/> takes the mark away: writes go on.
    /// </param>
    /// <param name="head">The position at which the log must end.</param>
    /// <param name="cancellationToken">Cancels while it waits for its turn; rule 8.</param>
    /// <returns>
    /// Whether the store is as asked for now; <see langword="false"/> if its log ends elsewhere: then nothing was changed.
    /// </returns>
    /// <exception cref="ArgumentException">The place is not such a text, or the position is negative.</exception>
    /// <exception cref="StoreMovedException">It has moved elsewhere already. Nothing was changed; take that mark away first.</exception>
    /// <exception cref="StoreReadOnlyException">The storage was opened read-only; nothing was changed.</exception>
    /// <exception cref="StoreBusyException">The store's write lock was held elsewhere for too long; nothing was changed.</exception>
    /// <exception cref="StorageFailedException">The medium failed; the error says whether anything may have been changed.</exception>
    ValueTask<bool> SetMovedToAsync(string? movedTo, long head, CancellationToken cancellationToken = default);

    /// <summary>
    /// Completes when the log has a readable event after a position; at once if it already has. Appends of this instance wake
    /// the waiter at once, those of other processes within the storage's poll interval.
    /// </summary>
    /// <param name="position">The position already seen.</param>
    /// <param name="cancellationToken">Ends the wait.</param>
    /// <returns>The head of the log, above <paramref name="position"/>.</returns>
    /// <exception cref="ObjectDisposedException">The storage was disposed while waiting.</exception>
    ValueTask<long> WaitForEventsAsync(long position, CancellationToken cancellationToken = default);
}
