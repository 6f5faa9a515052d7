namespace EventSourcing;

/// <summary>Appends events: encodes them, and lets the storage commit them with the read models that change within each append.</summary>
internal sealed class EventAppender(EventStore store) : IDisposable
{
    /// <summary>
    /// How long an append may wait for a read model to be put in place. The wait only avoids contention; nothing depends on it.
    /// </summary>
    private static readonly TimeSpan LongestPause = TimeSpan.FromMilliseconds(250);

    private readonly EventIdGenerator _ids = new(store.Storage.Options.TimeProvider);
    private AppendWriter? _spareWriter;

    /// <summary>Appends events, with the trace that they are part of.</summary>
    public async Task<AppendResult> AppendAsync(
        IReadOnlyList<StreamAppend> streams,
        EventMetadata? metadata,
        IReadOnlyList<AppendCondition>? conditions,
        string? trace,
        CancellationToken cancellationToken)
    {
        ArgumentNullException.ThrowIfNull(streams);
        store.ThrowIfReadOnly("append events");
        for (var i = 0; i < streams.Count; i++)
        {
            if (streams[i] is null) throw new ArgumentNullException($"{nameof(streams)}[{i}]");
            if (streams[i].Stream == PayloadsErased.StreamName && streams[i].Events is { Count: > 0 })
                throw new ArgumentException(
                    $"The stream '{PayloadsErased.StreamName}' is the library's own: it holds the records of erased payloads, "
                    + "and ErasePayloadsAsync appends to it. Nothing was written.",
                    nameof(streams));
        }

        await PauseAsync(cancellationToken).ConfigureAwait(false);
        var writer = RentWriter();
        var result =
            await AppendAsync(writer.Write(streams, metadata, AsStored(conditions ?? []), trace), cancellationToken).ConfigureAwait(false);
        Return(writer);
        return result;
    }

    /// <summary>Appends events that are encoded already, with the read models that change within each append.</summary>
    /// <param name="request">The append. The read models that the request creates and changes are committed too.</param>
    /// <param name="cancellationToken">Cancels while the append waits for its turn.</param>
    public ValueTask<AppendResult> AppendAsync(AppendRequest request, CancellationToken cancellationToken) =>
        store.Diagnostics.OfAppends is { } instruments
            ? AppendMeasuredAsync(instruments, request, cancellationToken)
            : AppendUnmeasuredAsync(request, cancellationToken);

    /// <summary>A writer for one append. If the append fails, the writer is not returned for reuse.</summary>
    public AppendWriter RentWriter() => Interlocked.Exchange(ref _spareWriter, null) ?? new AppendWriter(store.Serializer, _ids);

    public void Return(AppendWriter writer)
    {
        writer.Clear();
        if (writer.IsWorthKeeping) Interlocked.Exchange(ref _spareWriter, writer)?.Dispose();
    }

    /// <summary>Waits while a read model is being put in place, but only briefly.</summary>
    public ValueTask PauseAsync(CancellationToken cancellationToken) =>
        store.InlineReadModels is not null && store.Signals.AppendsMayGoOn is { IsCompleted: false } pause
            ? new ValueTask(Task.WhenAny(pause, Task.Delay(LongestPause, cancellationToken)))
            : ValueTask.CompletedTask;

    public void Dispose() => Interlocked.Exchange(ref _spareWriter, null)?.Dispose();

    private async ValueTask<AppendResult> AppendMeasuredAsync(
        StoreInstruments instruments, AppendRequest request, CancellationToken cancellationToken)
    {
        var measured = instruments.BeginAppend(request);
        try
        {
            var result = await AppendUnmeasuredAsync(request, cancellationToken).ConfigureAwait(false);
            instruments.EndAppend(measured, request, result);
            return result;
        }
        catch (Exception error)
        {
            instruments.FailAppend(measured, error);
            throw;
        }
    }

    private async ValueTask<AppendResult> AppendUnmeasuredAsync(AppendRequest request, CancellationToken cancellationToken)
    {
        var inline = store.InlineReadModels;
        if (inline is not null)
        {
            await inline.ReadyAsync(cancellationToken).ConfigureAwait(false);
            request = request with
            {
                ReadModels = request.ReadModels is not { } own ? inline.Fold : async (transaction, token) =>
                {
                    var commit = await inline.Fold(transaction, token).ConfigureAwait(false);
                    var also = await own(transaction, token).ConfigureAwait(false);
                    return commit with { Creates = [.. commit.Creates, .. also.Creates], Changes = [.. commit.Changes, .. also.Changes] };
                },
            };
        }

        AppendResult result;
        try
        {
            result = await store.Storage.AppendAsync(request, cancellationToken).ConfigureAwait(false);
        }
        catch (ArgumentException refusal) when (inline is not null && refusal.InnerException is ReadModelMismatchException mismatch)
        {
            throw mismatch.AsDamage(refusal);
        }

        store.Diagnostics.Prepare();
        if (inline is not null && !result.WasAlreadyStored) inline.Committed(result.Position);
        return result;
    }

    private IReadOnlyList<AppendCondition> AsStored(IReadOnlyList<AppendCondition> conditions)
    {
        AppendCondition[]? changed = null;
        for (var i = 0; i < conditions.Count; i++)
        {
            var stored = EventFilter.StoredOf(store.Types, conditions[i].Query);
            if (!ReferenceEquals(stored, conditions[i].Query)) (changed ??= [.. conditions])[i] = conditions[i] with { Query = stored };
        }

        return changed ?? conditions;
    }
}
