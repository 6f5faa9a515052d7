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
        for (var i = 0; i < request.Events.Count; i++)
        {
            var e = request.Events[i];
            var position = await store.Storage.GetPositionAsync(e.Id, cancellationToken).ConfigureAwait(false);
            if (position == 0) return i;
            if (position <= _position)
                throw new DuplicateEventIdException(e.Id, position, $"the event before it in the import stands at position {_position}.");
            using var page = await store.Storage.ReadAtAsync(position, cancellationToken).ConfigureAwait(false);
            if (DifferenceOf(page, e) is { } difference) throw new DuplicateEventIdException(e.Id, position, difference);
            _position = position;
        }

        return request.Events.Count;
    }

    private static string? DifferenceOf(EventPage found, in StoredEvent e)
    {
        if (found.Count == 0) return "the event at that position cannot be read.";
        ref readonly var stored = ref found.Events[0];
        if (stored.Stream != e.Stream) return $"it stands in stream '{stored.Stream}', not in '{e.Stream}'.";
        if (stored.Type != e.Type) return $"it is stored as '{stored.Type}', not as '{e.Type}'.";
        return stored.IsErased || stored.Data.Span.SequenceEqual(e.Data.Span) ? null : "its data is not the same.";
    }
}
