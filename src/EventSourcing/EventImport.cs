namespace EventSourcing;

/// <summary>Stores the events of one import, batch by batch.</summary>
/// <param name="store">The store.</param>
/// <param name="progress">Is told the number of events that are done.</param>
internal sealed class EventImport(EventStore store, IProgress<long>? progress)
{
    private const int MaxBatch = 2_000;
    private const int MaxBytes = 4 * 1024 * 1024;

    private readonly List<ImportedEvent> _batch = [];
    private long _stored;
    private long _alreadyStored;
    private long _position;

    public async Task<ImportResult> RunAsync(IAsyncEnumerable<ImportedEvent> events, CancellationToken cancellationToken)
    {
        var writer = store.Appender.RentWriter();
        var most = Math.Min(MaxBatch, store.Storage.Options.Limits.MaxEventsPerAppend);
        await foreach (var e in events.WithCancellation(cancellationToken).ConfigureAwait(false))
        {
            ArgumentNullException.ThrowIfNull(e, nameof(events));
            writer.Add(e);
            _batch.Add(e);
            if (_batch.Count >= most || writer.WrittenBytes >= MaxBytes) await StoreAsync(writer, cancellationToken).ConfigureAwait(false);
        }

        if (_batch.Count > 0) await StoreAsync(writer, cancellationToken).ConfigureAwait(false);
        store.Appender.Return(writer);
        return new ImportResult(_stored, _alreadyStored, _position);
    }

    private async ValueTask StoreAsync(AppendWriter writer, CancellationToken cancellationToken)
    {
        var request = writer.ToImport(_batch);
        try
        {
            await StoreAsync(request, cancellationToken).ConfigureAwait(false);
        }
        catch (DuplicateEventIdException) when (_stored == 0)
        {
            // An import before this one may have stored the beginning of this one.
            var known = await CountStoredAsync(request, cancellationToken).ConfigureAwait(false);
            if (known == 0) throw;
            _alreadyStored += known;
            if (known < request.Events.Count)
                await StoreAsync(new ImportRequest([.. request.Events.Skip(known)]), cancellationToken).ConfigureAwait(false);
        }

        _batch.Clear();
        writer.Clear();
        progress?.Report(_stored + _alreadyStored);
    }

    private async ValueTask StoreAsync(ImportRequest request, CancellationToken cancellationToken)
    {
        _position = await store.Storage.ImportAsync(request, cancellationToken).ConfigureAwait(false);
        _stored += request.Events.Count;
    }

    /// <summary>How many events at the beginning are stored, in this order.</summary>
    /// <exception cref="DuplicateEventIdException">One is stored otherwise than it is given here.</exception>
    private async ValueTask<int> CountStoredAsync(ImportRequest request, CancellationToken cancellationToken)
    {
        using var stored = new StoredEvents(store.Storage);
        for (var i = 0; i < request.Events.Count; i++)
        {
            var e = request.Events[i];
            var position = await stored.FindAsync(e.Id, _position, cancellationToken).ConfigureAwait(false);
            if (position == 0) return i;
            if (position <= _position)
                throw new DuplicateEventIdException(e.Id, position, $"the event before it in the import stands at position {_position}.");
            if (DifferenceOf(stored, e) is { } difference) throw new DuplicateEventIdException(e.Id, position, difference);
            _position = position;
        }

        return request.Events.Count;
    }

    private static string? DifferenceOf(StoredEvents found, in StoredEvent e)
    {
        if (!found.HasCurrent) return "the event at that position cannot be read.";
        ref readonly var stored = ref found.Current;
        if (stored.Stream != e.Stream) return $"it stands in stream '{stored.Stream}', not in '{e.Stream}'.";
        if (stored.Type != e.Type) return $"it is stored as '{stored.Type}', not as '{e.Type}'.";
        return stored.IsErased || stored.Data.Span.SequenceEqual(e.Data.Span) ? null : "its data is not the same.";
    }

    /// <summary>
    /// The events of an import before this one. They mostly stand one after the other, so the next one is looked for in a page that is
    /// read ahead, and only otherwise by its id. While the pages are of use they grow: other events may stand between those of the
    /// import, and must not be read again for each of them.
    /// </summary>
    private sealed class StoredEvents(IEventStorage storage) : IDisposable
    {
        private EventPage? _page;
        private int _index;
        private int _ahead = 1;

        /// <summary>Whether the event that was found last could be read.</summary>
        public bool HasCurrent => _page is not null && _index < _page.Count;

        /// <summary>That event. It is valid until the next call.</summary>
        public ref readonly StoredEvent Current => ref _page!.Events[_index];

        /// <summary>Finds an event; 0 if it is not stored.</summary>
        /// <param name="id">Its id.</param>
        /// <param name="after">The position of the event before it in the import.</param>
        /// <param name="cancellationToken">Cancels the reading.</param>
        public async ValueTask<long> FindAsync(Guid id, long after, CancellationToken cancellationToken)
        {
            if (_page is not null && ++_index >= _page.Count)
            {
                _ahead = Math.Min(_ahead * 4, EventPage.DefaultLimit);
                await ReadAsync(after, cancellationToken).ConfigureAwait(false);
            }

            if (HasCurrent && Current.Id == id) return Current.Position;
            _ahead = 1;
            var position = await storage.GetPositionAsync(id, cancellationToken).ConfigureAwait(false);
            if (position > 0) await ReadAsync(position - 1, cancellationToken).ConfigureAwait(false);
            return position;
        }

        public void Dispose() => _page?.Dispose();

        private async ValueTask ReadAsync(long after, CancellationToken cancellationToken)
        {
            _page?.Dispose();
            _page = null;
            _page = await storage.ReadLogAsync(new LogRead { After = after, Limit = _ahead }, cancellationToken).ConfigureAwait(false);
            _index = 0;
        }
    }
}
