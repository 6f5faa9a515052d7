using System.Text.Json;

namespace EventSourcing;

/// <summary>
/// An event store: objects in, objects out, over any <see cref="IEventStorage"/>. Thread-safe; create one per database
/// and dispose it with the app. It owns its storage.
/// </summary>
/// <remarks>
/// Guarantees (the full rules are those of <see cref="IEventStorage"/>): an append is atomic over all its streams and durable when it
/// returns; positions are dense and in commit order; events are immutable; ids make appends repeatable; nothing is ever skipped.
/// </remarks>
public sealed class EventStore : IAsyncDisposable, IDisposable
{
    /// <summary>Opens a store. The storage is not touched until the first call that needs it.</summary>
    /// <param name="storage">Holds the events; disposed with this store.</param>
    /// <param name="types">The events that this app writes and reads.</param>
    /// <param name="options">JSON, retries, checkpoints, telemetry and inline projections; each has a default.</param>
    /// <remarks>
    /// JSON's contract for a type is built when the first event of that type is appended or read, so that an app with many types starts
    /// fast. A type that JSON cannot handle is an error only then. <c>EventHistory.CheckAsync</c> of <c>EventSourcing.Testing</c> finds all
    /// of them in a test.
    /// </remarks>
    /// <exception cref="ArgumentException">The JSON options write what they do not read back.</exception>
    public EventStore(IEventStorage storage, EventTypes types, EventStoreOptions? options = null)
    {
        ArgumentNullException.ThrowIfNull(storage);
        ArgumentNullException.ThrowIfNull(types);
        Options = options ?? new EventStoreOptions();
        Serializer = new JsonEventSerializer(types, Options.Json) { AppCode = AppCode };
        Lifetime = new StoreLifetime(this);
        Diagnostics = new StoreDiagnostics(
            this,
            Options.Name,
            storage.Options.TimeProvider,
            storage.Telemetry,
            Options.Telemetry,
            Options.KeepTraceContext,
            Options.Notices);
        Storage = Options.Ledger is not { } ledger
            ? storage
            : CheckedStorage.Of(storage, ledger, AppCode, failure => Diagnostics.CheckpointTried(ledger.Origin, failure));
        Catalog = new StoreCatalog(Storage);
        EventReader = new EventReader(Storage, Serializer);
        Appender = new EventAppender(this);
        InlineReadModels = Options.Inline?.Invoke(this);
    }

    /// <summary>
    /// The storage underneath. If <see cref="EventStoreOptions.Ledger"/> asks for a check when opening, the storage runs it first, and
    /// is an object around the one that the app gave. So keep that one for what only its own class offers, such as a backup.
    /// </summary>
    public IEventStorage Storage { get; }

    /// <summary>What the store holds: streams, types of events, read models, and its size.</summary>
    public StoreCatalog Catalog { get; }

    /// <summary>The events that this app writes and reads.</summary>
    public EventTypes Types => Serializer.Types;

    /// <summary>The options in force.</summary>
    public EventStoreOptions Options { get; }

    /// <summary>
    /// How documents and events become JSON and back: the JSON options of the store, or the library's own. The library's own are stricter
    /// for events than these options say: a member without a default must be present, and a member that is not nullable must not be null.
    /// Read-only.
    /// </summary>
    public JsonSerializerOptions Json => Serializer.Options;

    /// <summary>
    /// Whether the storage was opened read-only. A read-only store reads, waits, queries and verifies. It refuses every write with
    /// <see cref="StoreReadOnlyException"/>.
    /// </summary>
    public bool IsReadOnly => Storage.IsReadOnly;

    internal JsonEventSerializer Serializer { get; }

    internal EventReader EventReader { get; }

    internal EventAppender Appender { get; }

    internal StoreDiagnostics Diagnostics { get; }

    internal StoreLifetime Lifetime { get; }

    internal StoreSignals Signals { get; } = new();

    internal StreamTurns Turns { get; } = new();

    /// <summary>The turn of commands that are not on one stream.</summary>
    internal LogTurn LogTurn { get; } = new();

    /// <summary>The app's code that runs for this store.</summary>
    internal AppCode AppCode { get; } = new();

    /// <summary>Read models that change within each append; null if there are none.</summary>
    internal InlineReadModels? InlineReadModels { get; }

    /// <summary>Appends events to one stream: atomic, and durable when it returns.</summary>
    /// <param name="stream">The stream's name.</param>
    /// <param name="expected">What is expected of the stream; a number is its exact version.</param>
    /// <param name="events">The events in order: payloads, or <see cref="EventData"/> to give ids, metadata or tags.</param>
    /// <param name="metadata">The metadata of those events that have none of their own.</param>
    /// <param name="cancellationToken">Cancels while the append waits for its turn; then nothing was written.</param>
    /// <returns>Where the events stand.</returns>
    /// <exception cref="ArgumentException">A name, an event or a limit is not valid; nothing was written.</exception>
    /// <exception cref="NotSupportedException">JSON cannot handle an event's type; nothing was written.</exception>
    /// <exception cref="WrongExpectedVersionException">The stream is not as expected; nothing was written.</exception>
    /// <exception cref="DuplicateEventIdException">Some ids are stored already, with other content; nothing was written.</exception>
    /// <exception cref="StoreReadOnlyException">The store was opened read-only.</exception>
    /// <exception cref="StoreBusyException">Another process held the write lock for too long; nothing was written.</exception>
    /// <exception cref="StorageFailedException">The medium failed; the exception says whether anything may have been written.</exception>
    public Task<AppendResult> AppendAsync(
        string stream,
        ExpectedVersion expected,
        IReadOnlyList<object> events,
        EventMetadata? metadata = null,
        CancellationToken cancellationToken = default) =>
        AppendAsync([new StreamAppend(stream, expected, events)], metadata, conditions: null, cancellationToken);

    /// <summary>Appends events to several streams in one atomic commit, and may check further streams and conditions.</summary>
    /// <param name="streams">The streams, each once, with their events and expectations; positions follow this order.</param>
    /// <param name="metadata">The metadata of those events that have none of their own.</param>
    /// <param name="conditions">
    /// Queries that no event after a position may match, by current event names. A stored event counts as matching if an upcaster could
    /// turn it into one that matches, even if it does not do so for this event. A name that is not in <see cref="Types"/> is an error.
    /// </param>
    /// <param name="cancellationToken">Cancels while the append waits for its turn; then nothing was written.</param>
    /// <returns>Where the events stand.</returns>
    /// <exception cref="ArgumentException">A name, an event or a limit is not valid; nothing was written.</exception>
    /// <exception cref="NotSupportedException">JSON cannot handle an event's type; nothing was written.</exception>
    /// <exception cref="WrongExpectedVersionException">A stream is not as expected; nothing was written.</exception>
    /// <exception cref="AppendConditionFailedException">A condition does not hold; nothing was written.</exception>
    /// <exception cref="DuplicateEventIdException">Some ids are stored already, with other content; nothing was written.</exception>
    /// <exception cref="StoreReadOnlyException">The store was opened read-only.</exception>
    /// <exception cref="StoreBusyException">Another process held the write lock for too long; nothing was written.</exception>
    /// <exception cref="StorageFailedException">The medium failed; the exception says whether anything may have been written.</exception>
    public Task<AppendResult> AppendAsync(
        IReadOnlyList<StreamAppend> streams,
        EventMetadata? metadata = null,
        IReadOnlyList<AppendCondition>? conditions = null,
        CancellationToken cancellationToken = default) =>
        Appender.AppendAsync(streams, metadata, conditions, Diagnostics.CurrentTrace, cancellationToken);

    /// <summary>
    /// Stores events of another system with the instants at which they were recorded, in the order of time. They are stored in batches of
    /// thousands, each whole or not at all. Repeat an import that was interrupted with the same ids (<see cref="EventData.Id"/>): events at
    /// its beginning that are stored already, with the same stream, type and data, are passed over.
    /// </summary>
    /// <remarks>
    /// Nothing is expected of the streams, and no inline projection runs within an import: the next append folds what was imported, up to
    /// 10,000 events; after more, start the inline projections again. An app may append meanwhile, but each of its events is stamped now,
    /// and no older event can be imported after it: import first.
    /// </remarks>
    /// <param name="events">The events. None is stamped before the one before it, before the log's last event, or later than now.</param>
    /// <param name="progress">Is told the number of events that are done, after each batch.</param>
    /// <param name="cancellationToken">Ends the import between two batches; what was stored stays.</param>
    /// <returns>How many events were stored, and where the last one stands.</returns>
    /// <exception cref="ArgumentException">A name, an event or a limit is not valid; its batch was not written.</exception>
    /// <exception cref="NotSupportedException">JSON cannot handle an event's type; its batch was not written.</exception>
    /// <exception cref="ImportRefusedException">The stamp of an event does not fit; its batch was not written.</exception>
    /// <exception cref="DuplicateEventIdException">
    /// An id is stored already, but not as the beginning of this import; its batch was not written.
    /// </exception>
    /// <exception cref="StoreReadOnlyException">The store was opened read-only.</exception>
    /// <exception cref="StoreBusyException">Another process held the write lock for too long; the batch was not written.</exception>
    /// <exception cref="StorageFailedException">The medium failed; the exception says whether anything may have been written.</exception>
    public Task<ImportResult> ImportAsync(
        IAsyncEnumerable<ImportedEvent> events, IProgress<long>? progress = null, CancellationToken cancellationToken = default)
    {
        ArgumentNullException.ThrowIfNull(events);
        ThrowIfReadOnly("import events");
        return new EventImport(this, progress).RunAsync(events, cancellationToken);
    }

    /// <inheritdoc cref="ImportAsync(IAsyncEnumerable{ImportedEvent}, IProgress{long}, CancellationToken)"/>
    public Task<ImportResult> ImportAsync(
        IEnumerable<ImportedEvent> events, IProgress<long>? progress = null, CancellationToken cancellationToken = default)
    {
        ArgumentNullException.ThrowIfNull(events);
        return ImportAsync(events.ToAsyncEnumerable(), progress, cancellationToken);
    }

    /// <summary>
    /// Reads a stream in pages. One page is read ahead of the caller, and no transaction is held in between. A forward read also returns
    /// events that are appended meanwhile, if a later page finds them. An unknown stream has no events.
    /// </summary>
    /// <param name="stream">The stream's name.</param>
    /// <param name="options">The range, the direction and the limit; by default all of it, oldest first.</param>
    /// <param name="cancellationToken">Ends the read.</param>
    /// <returns>The events, by version.</returns>
    /// <exception cref="ArgumentException">The name or an option is not valid.</exception>
    /// <exception cref="UnknownEventTypeException">An event's name is not in <see cref="Types"/>.</exception>
    /// <exception cref="EventSerializationException">
    /// An event's bytes cannot be read as its type, JSON cannot handle the type, or an upcaster failed on it.
    /// </exception>
    public IAsyncEnumerable<RecordedEvent> ReadStreamAsync(
        string stream, StreamReadOptions? options = null, CancellationToken cancellationToken = default) =>
        EventReader.ReadStreamAsync(stream, options ?? new StreamReadOptions(), cancellationToken);

    /// <summary>
    /// Reads the log over all streams, in pages. One page is read ahead of the caller, and no transaction is held in between. A forward
    /// read also returns events that are appended meanwhile, if a later page finds them.
    /// </summary>
    /// <param name="options">The range, the filter, the direction and the limit; by default all of it, oldest first.</param>
    /// <param name="cancellationToken">Ends the read.</param>
    /// <returns>The events, by position.</returns>
    /// <exception cref="ArgumentException">An option is not valid.</exception>
    /// <exception cref="UnknownEventTypeException">An event's name is not in <see cref="Types"/>.</exception>
    /// <exception cref="EventSerializationException">
    /// An event's bytes cannot be read as its type, JSON cannot handle the type, or an upcaster failed on it.
    /// </exception>
    public IAsyncEnumerable<RecordedEvent> ReadLogAsync(LogReadOptions? options = null, CancellationToken cancellationToken = default) =>
        EventReader.ReadLogAsync(options ?? new LogReadOptions(), cancellationToken);

    /// <summary>The number of events in a stream, which is its version; 0 for an unknown stream.</summary>
    /// <param name="stream">The stream's name.</param>
    /// <param name="cancellationToken">Cancels the read.</param>
    /// <returns>The version.</returns>
    /// <exception cref="ArgumentException">The name is not valid.</exception>
    public async Task<long> GetVersionAsync(string stream, CancellationToken cancellationToken = default)
    {
        using var page = await Storage.ReadStreamAsync(
            new StreamRead(stream) { Direction = ReadDirection.Backwards, Limit = 1 }, cancellationToken).ConfigureAwait(false);
        return page.Head;
    }

    /// <summary>The position of the log's last event; 0 for an empty store.</summary>
    /// <param name="cancellationToken">Cancels the read.</param>
    /// <returns>The head of the log.</returns>
    public async Task<long> GetHeadAsync(CancellationToken cancellationToken = default) =>
        await Storage.GetHeadAsync(cancellationToken).ConfigureAwait(false);

    /// <summary>The position of the event that has an id; 0 if there is none.</summary>
    /// <param name="eventId">The event's id.</param>
    /// <param name="cancellationToken">Cancels the read.</param>
    /// <returns>The position.</returns>
    public async Task<long> GetPositionAsync(Guid eventId, CancellationToken cancellationToken = default) =>
        await Storage.GetPositionAsync(eventId, cancellationToken).ConfigureAwait(false);

    /// <summary>The position of the last event recorded at or before an instant; 0 if there is none.</summary>
    /// <param name="instant">The instant.</param>
    /// <param name="cancellationToken">Cancels the search.</param>
    /// <returns>The position.</returns>
    /// <exception cref="StoreCorruptedException">The log has no event at a position below its head: it was removed or moved.</exception>
    public async Task<long> GetPositionAsync(DateTimeOffset instant, CancellationToken cancellationToken = default) =>
        await EventReader.PositionAtAsync(instant, cancellationToken).ConfigureAwait(false);

    /// <summary>
    /// Closes the store. Projections and reactors that still run are stopped first, as if they were disposed. Appends that have begun are
    /// finished. Appends that wait for their turn fail with <see cref="ObjectDisposedException"/>, and write nothing. Snapshots and a
    /// checkpoint that are due get a few seconds to be written. Waits and subscriptions end with <see cref="ObjectDisposedException"/>. The
    /// store is closed once; every call waits for that.
    /// </summary>
    /// <returns>A task that completes when the storage is closed.</returns>
    /// <exception cref="InvalidOperationException">
    /// The call comes from within a handler, an inline projection, an upcaster or a checkpoint's sink.
    /// </exception>
    public ValueTask DisposeAsync()
    {
        AppCode.ThrowIfWithin("dispose the store");
        return new ValueTask(Lifetime.EndAsync());
    }

    /// <summary>
    /// Does the same as <see cref="DisposeAsync"/>, and blocks the thread until it is done. It exists for containers that dispose
    /// synchronously. Prefer <c>await using</c>.
    /// </summary>
    /// <exception cref="InvalidOperationException">
    /// The call comes from within a handler, an inline projection, an upcaster or a checkpoint's sink.
    /// </exception>
    public void Dispose()
    {
        AppCode.ThrowIfWithin("dispose the store");
        Lifetime.EndAndWait();
    }

    /// <exception cref="StoreReadOnlyException">The storage was opened read-only.</exception>
    internal void ThrowIfReadOnly(string operation)
    {
        if (IsReadOnly) throw new StoreReadOnlyException(operation);
    }
}
