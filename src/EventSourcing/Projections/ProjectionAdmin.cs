namespace EventSourcing.Operations;

/// <summary>
/// Administers projections and reactors from any process, whether or not they run in this one: their status, what is parked, and what to do
/// about it. Orders are stored, and carried out within about half a second by the process that runs the projection. Thread-safe; holds no
/// state.
/// </summary>
public sealed class ProjectionAdmin
{
    private readonly EventStore _store;
    private readonly ControlDocuments _documents;

    internal ProjectionAdmin(EventStore store)
    {
        _store = store;
        _documents = new ControlDocuments(store.Storage.ReadModels);
    }

    /// <summary>
    /// The status of every projection and reactor that was ever started on this store, by name. One whose read model or record is damaged
    /// is included: its state is <see cref="ProjectionState.Failed"/>, and its last error says what cannot be read. The same state has one
    /// that has failed in the process that ran it, until a process runs it again; its last error has that failure's text.
    /// </summary>
    /// <param name="cancellationToken">Cancels the reads.</param>
    /// <returns>The status of each, from what is stored.</returns>
    public async Task<IReadOnlyList<ProjectionStatus>> GetStatusAsync(CancellationToken cancellationToken = default)
    {
        var status = new StatusReader(_store);
        var list = new List<ProjectionStatus>();
        foreach (var name in await _documents.ListNamesAsync(cancellationToken).ConfigureAwait(false))
            list.Add(await status.ReadAsync(name, cancellationToken).ConfigureAwait(false));
        return list;
    }

    /// <summary>What is parked, or being retried, oldest first.</summary>
    /// <param name="projection">The name of the projection or reactor.</param>
    /// <param name="cancellationToken">Cancels the read.</param>
    /// <returns>The streams and documents whose events are held back; none if there is no such projection.</returns>
    public async Task<IReadOnlyList<ParkedEvents>> GetParkedAsync(string projection, CancellationToken cancellationToken = default)
    {
        ArgumentNullException.ThrowIfNull(projection);
        var parked = await _documents.ListAsync<ParkedRecord>(ControlDocuments.Parked, projection, cancellationToken).ConfigureAwait(false);
        return [.. parked.OrderBy(p => p.Content.Position).Select(Describe)];
    }

    /// <summary>The events that were left out by an order, oldest order first.</summary>
    /// <param name="projection">The name of the projection or reactor.</param>
    /// <param name="cancellationToken">Cancels the read.</param>
    /// <returns>The events, with the person who gave the order and the reason.</returns>
    public async Task<IReadOnlyList<SkippedEvent>> GetSkippedAsync(string projection, CancellationToken cancellationToken = default)
    {
        ArgumentNullException.ThrowIfNull(projection);
        var skipped =
            await _documents.ListAsync<SkippedRecord>(ControlDocuments.Skipped, projection, cancellationToken).ConfigureAwait(false);
        return
        [
            .. skipped.Select(kept => kept.Content).OrderBy(s => s.At)
                .Select(s => new SkippedEvent(s.Projection, s.Kind, s.Partition, s.Position, s.Error, s.By, s.Reason, s.At)),
        ];
    }

    /// <summary>
    /// Orders that a parked stream or document is tried again, in order from the event that failed. If it is to be skipped (<see
    /// cref="SkipAsync"/>) and that order was not carried out yet, this one takes its place, and the other way round.
    /// </summary>
    /// <param name="parked">A result of <see cref="GetParkedAsync"/>.</param>
    /// <param name="cancellationToken">Cancels while the order waits to be stored.</param>
    /// <returns><see langword="false"/> if it is no longer parked.</returns>
    public Task<bool> ResumeAsync(ParkedEvents parked, CancellationToken cancellationToken = default) =>
        OrderAsync(parked, record => record with { Attempts = 0, RetryAt = Now, Skip = null }, cancellationToken);

    /// <summary>Orders that everything parked is tried again, for example when a service that all of it needs is back.</summary>
    /// <param name="projection">The name of the projection or reactor.</param>
    /// <param name="cancellationToken">Cancels while an order waits to be stored.</param>
    /// <returns>How many streams or documents are tried again.</returns>
    public async Task<int> ResumeAllAsync(string projection, CancellationToken cancellationToken = default)
    {
        var count = 0;
        foreach (var parked in await GetParkedAsync(projection, cancellationToken).ConfigureAwait(false))
        {
            if (await ResumeAsync(parked, cancellationToken).ConfigureAwait(false)) count++;
        }

        return count;
    }

    /// <summary>
    /// Orders that the failing event is left out, and that the events waiting behind it are tried. The order is recorded; only a rebuild
    /// tries the event again.
    /// </summary>
    /// <param name="parked">A result of <see cref="GetParkedAsync"/>; its failing event is the one that is left out.</param>
    /// <param name="by">The person who gives the order.</param>
    /// <param name="reason">The reason.</param>
    /// <param name="cancellationToken">Cancels while the order waits to be stored.</param>
    /// <returns><see langword="false"/> if that event no longer fails, or another one does.</returns>
    public Task<bool> SkipAsync(ParkedEvents parked, string by, string reason, CancellationToken cancellationToken = default)
    {
        ArgumentNullException.ThrowIfNull(parked);
        ArgumentException.ThrowIfNullOrWhiteSpace(by);
        ArgumentException.ThrowIfNullOrWhiteSpace(reason);
        return OrderAsync(parked, Skip, cancellationToken);

        ParkedRecord? Skip(ParkedRecord record) => record.Position == parked.Position && record.IsStuck
            ? record with { RetryAt = Now, Skip = new SkipRecord(parked.Position, by, reason, Now) }
            : null;
    }

    /// <summary>
    /// Orders that one document is rebuilt from the whole log. The old document stays until the new one replaces it in one commit. If an
    /// event fails meanwhile, the old one stays, and the order ends; a notice (<see cref="StoreNoticeKind.DocumentRebuildFailed"/>) says
    /// so. A document that is held back is built up to the event that fails, and stays held back. Events that were skipped are tried again.
    /// </summary>
    /// <param name="projection">The name of a projection of documents.</param>
    /// <param name="key">The document's key; it need not exist.</param>
    /// <param name="cancellationToken">Cancels while the order waits to be stored.</param>
    /// <returns>A task that completes when the order is stored.</returns>
    /// <exception cref="ArgumentException">
    /// The key is not valid, no projection of that name was ever started on this store, or it has no documents: it is a reactor, or keeps
    /// tables.
    /// </exception>
    public async Task RebuildDocumentAsync(string projection, string key, CancellationToken cancellationToken = default)
    {
        ArgumentNullException.ThrowIfNull(projection);
        StoredDocument.ThrowIfInvalidKey(key);
        _store.ThrowIfReadOnly("give orders to projections");
        var known = await FindKnownAsync(projection, cancellationToken).ConfigureAwait(false);
        if (known?.Generations.Any(g => g.Fingerprint == ControlDocuments.ReactorFingerprint || g.Tables.Count > 0) == true)
        {
            throw new ArgumentException(
                $"'{projection}' has no documents: it is a reactor, or keeps tables. Nothing was ordered. To build its tables anew, "
                + $"order a rebuild of all ({nameof(RebuildAsync)}).",
                nameof(projection));
        }

        var change = ControlDocuments.Write(ControlDocuments.Refolds, NewId(), new RefoldRecord(projection, key), projection);
        var commit = new ReadModelCommit { Creates = ControlDocuments.Definitions, Changes = [change, ControlDocuments.NewOrder()] };
        await ControlDocuments.CommitAsync(_store.Storage.ReadModels, commit, cancellationToken).ConfigureAwait(false);
        _store.Signals.OrderGiven(projection);
    }

    /// <summary>
    /// Orders that the read model of a projection is rebuilt from the whole log, beside the one that serves, which it then replaces. This
    /// process needs none of the projection's code. A process that runs the projection begins within about half a second; if there is none,
    /// the next process that starts it does. A projection that has failed is started again for the rebuild; one that was stopped rebuilds
    /// once it is started. Several orders given before one is carried out count as one. For progress, see the status.
    /// </summary>
    /// <param name="projection">The name of a projection.</param>
    /// <param name="cancellationToken">Cancels while the order waits to be stored.</param>
    /// <returns>A task that completes when the order is stored.</returns>
    /// <exception cref="ArgumentException">No projection of that name was ever started on this store, or it is a reactor.</exception>
    public async Task RebuildAsync(string projection, CancellationToken cancellationToken = default)
    {
        var known = await FindKnownAsync(projection, cancellationToken).ConfigureAwait(false);
        if (known?.Generations.Any(g => g.Fingerprint == ControlDocuments.ReactorFingerprint) == true)
        {
            throw new ArgumentException(
                $"'{projection}' is a reactor: it has no read model to build anew. Nothing was ordered.", nameof(projection));
        }

        await GiveAsync(projection, static orders => orders with { Rebuild = orders.Rebuild ?? NewId() }, cancellationToken)
            .ConfigureAwait(false);
    }

    /// <summary>
    /// Stops a projection or reactor in all processes, until <see cref="StartAsync"/>. Each finishes or abandons its current batch as a
    /// whole. A process that starts it meanwhile does not run it either. Appends go on; when it is started, it continues with their events.
    /// A projection that runs inline is not stopped, since it is part of the appends.
    /// </summary>
    /// <param name="projection">The name of a projection or reactor.</param>
    /// <param name="cancellationToken">Cancels while the order waits to be stored.</param>
    /// <returns>
    /// A task that completes when the order is stored. The order is carried out within about half a second; the status then has no
    /// <see cref="ProjectionStatus.Runner"/>.
    /// </returns>
    /// <exception cref="ArgumentException">Nothing of that name was ever started on this store.</exception>
    public async Task StopAsync(string projection, CancellationToken cancellationToken = default)
    {
        await FindKnownAsync(projection, cancellationToken).ConfigureAwait(false);
        await GiveAsync(projection, static orders => orders with { IsStopped = true }, cancellationToken).ConfigureAwait(false);
    }

    /// <summary>
    /// Starts a projection or reactor again that was stopped by <see cref="StopAsync"/>, or that has failed in a process that still runs.
    /// It goes on where it was. A <see cref="RunningSubscribers.Completion"/> that has reported the failure stays failed.
    /// </summary>
    /// <param name="projection">The name of a projection or reactor.</param>
    /// <param name="cancellationToken">Cancels while the order waits to be stored.</param>
    /// <returns>A task that completes when the order is stored. The order is carried out within about half a second.</returns>
    /// <exception cref="ArgumentException">Nothing of that name was ever started on this store.</exception>
    public async Task StartAsync(string projection, CancellationToken cancellationToken = default)
    {
        await FindKnownAsync(projection, cancellationToken).ConfigureAwait(false);
        await GiveAsync(projection, static orders => orders with { IsStopped = false, Start = NewId() }, cancellationToken)
            .ConfigureAwait(false);
    }

    private static string NewId() => Guid.CreateVersion7().ToString("N");

    private ValueTask GiveAsync(
        string projection, Func<StandingOrderRecord, StandingOrderRecord> order, CancellationToken cancellationToken) =>
        new StandingOrders(_store).GiveAsync(projection, order, cancellationToken);

    /// <summary>
    /// The record of a projection or reactor; null if it is damaged, which must not prevent an order.
    /// </summary>
    private async ValueTask<DirectoryRecord?> FindKnownAsync(string projection, CancellationToken cancellationToken)
    {
        try
        {
            await ThrowIfUnknownAsync(projection, cancellationToken).ConfigureAwait(false);
            var model = ControlDocuments.Directory;
            return (await _documents.FindAsync<DirectoryRecord>(model, projection, cancellationToken).ConfigureAwait(false))?.Content;
        }
        catch (ReadModelDamagedException)
        {
            return null;
        }
    }

    private async ValueTask ThrowIfUnknownAsync(string projection, CancellationToken cancellationToken)
    {
        Names.ThrowIfInvalid(projection, "The name of a projection or reactor");
        if (await _documents.FindDirectoryAsync(projection, cancellationToken).ConfigureAwait(false) is null)
            throw new ArgumentException(
                $"No projection or reactor named '{projection}' was ever started on this store.", nameof(projection));
    }

    internal static ParkedEvents Describe(ReadDocument<ParkedRecord> kept) => new(
        kept.Key,
        kept.Content.Projection,
        kept.Content.Kind,
        kept.Content.Partition,
        kept.Content.Stream,
        kept.Content.Position,
        kept.Content.Type,
        kept.Content.Error,
        kept.Content.ErrorType,
        kept.Content.Attempts,
        kept.Content.ParkedAt,
        kept.Content.RetryAt);

    private DateTimeOffset Now => _store.Storage.Options.TimeProvider.GetUtcNow();

    private async Task<bool> OrderAsync(ParkedEvents parked, Func<ParkedRecord, ParkedRecord?> order, CancellationToken cancellationToken)
    {
        ArgumentNullException.ThrowIfNull(parked);
        _store.ThrowIfReadOnly("give orders to projections");
        while (true)
        {
            var kept =
                await _documents.FindAsync<ParkedRecord>(ControlDocuments.Parked, parked.Id, cancellationToken).ConfigureAwait(false);
            if (kept is null || order(kept.Content) is not { } changed) return false;
            try
            {
                var change = ControlDocuments.Write(ControlDocuments.Parked, kept.Key, changed, changed.Projection);
                var commit = new ReadModelCommit
                {
                    Guards = [kept.Guard],
                    Creates = [ControlDocuments.OrdersDefinition],
                    Changes = [change, ControlDocuments.NewOrder()],
                };
                await ControlDocuments.CommitAsync(_store.Storage.ReadModels, commit, cancellationToken).ConfigureAwait(false);
                _store.Signals.OrderGiven(changed.Projection);
                return true;
            }
            catch (ReadModelConflictException)
            {
                // It has just been tried again: look at the result.
            }
        }
    }
}
