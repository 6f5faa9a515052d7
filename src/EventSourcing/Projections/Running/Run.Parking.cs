namespace EventSourcing;

/// <summary>
/// What a run holds back. A parked partition is one with a position of its own: everything of it after that has not been
/// applied. So nothing is copied, and going on means folding the log from there, for that partition alone.
/// </summary>
internal sealed partial class Run
{
    private const int TriesBeforePause = 16;
    private int _triesToPlace;
    private bool _isPausingAppends;

    private DateTimeOffset Now => _clock.GetUtcNow();

    /// <summary>Puts the generation in the place of the one that serves, once it is level and nothing of it is parked.</summary>
    private async ValueTask<bool> TryPutInPlaceAsync(CancellationToken stop)
    {
        if (_parked.Count > 0 || _subscriber is not Projection projection) return false;
        var directory = await _documents.FindAsync<DirectoryRecord>(ControlDocuments.Directory, projection.Name, stop).ConfigureAwait(false);
        if (directory?.Content.Find(Generation) is not { State: GenerationState.Building }) throw new ReadModelConflictException(ControlDocuments.Directory, projection.Name);
        var replaced = directory.Content.Active;
        var oldKey = ControlDocuments.RunKey(projection.Name, replaced);

        // It need not be one that can be read, nor be there at all: what is damaged is replaced as well.
        var old = await _documents.FindStoredAsync(ControlDocuments.Runs, oldKey, stop).ConfigureAwait(false);

        // Whoever has waited for a position on the old read model must find it in the new one.
        // (Where the log has been set back, the old one may be ahead of it; that position will never be reached again.)
        if (await _store.GetHeadAsync(stop).ConfigureAwait(false) > _position)
        {
            AskForRoom();
            return true;
        }

        // After the run of the old one, by which the commit is guarded: what it parks later changes that.
        var parked = await _documents.ListStoredAsync(ControlDocuments.Parked, projection.Name, stop).ConfigureAwait(false);

        // The new one was made of the whole log, so orders to build single documents anew are carried out.
        var refolds = await _documents.ListStoredAsync(ControlDocuments.Refolds, projection.Name, stop).ConfigureAwait(false);
        var skipped = await _documents.ListStoredAsync(ControlDocuments.Skipped, projection.Name, stop).ConfigureAwait(false);
        var generations = directory.Content.Generations.Select(g =>
            g.Number == Generation ? g with { State = GenerationState.Active }
            : g.Number == replaced ? g with { State = GenerationState.Replaced }
            : g);
        var placed = directory.Content with { Active = Generation, Generations = [.. generations.TakeLast(16)] };
        var mark = await LogWitness.MarkAsync(_store, _run!.Content, _position, _seen, stop).ConfigureAwait(false);
        var run = _run.Content with { Position = _position, Log = mark };
        var change = ControlDocuments.Write(ControlDocuments.Runs, Key, run);
        var placing = projection.Activation(Generation, directory.Content.ActiveGeneration);
        try
        {
            await Supervisor.CommitTablesAsync(
                _store,
                projection,
                placing with
                {
                    Guards = [_run.Guard, directory.Guard, new DocumentGuard(ControlDocuments.Runs, oldKey, old is null ? null : (ReadOnlyMemory<byte>?)old)],
                    Creates = [.. placing.Creates, ControlDocuments.OrdersDefinition],
                    Changes =
                    [
                        change,
                        new DocumentChange(ControlDocuments.Runs, oldKey, null),
                        ControlDocuments.NewOrder(),
                        ControlDocuments.Write(ControlDocuments.Directory, projection.Name, placed),
                        .. parked.Where(p => ControlDocuments.TryRead<ParkedRecord>(p.Data.Span)?.Generation != Generation)
                            .Select(p => new DocumentChange(ControlDocuments.Parked, p.Key, null)),
                        .. refolds.Select(refold => new DocumentChange(ControlDocuments.Refolds, refold.Key, null)),
                        .. skipped.Where(s => ControlDocuments.TryRead<SkippedRecord>(s.Data.Span) is null)
                            .Select(s => new DocumentChange(ControlDocuments.Skipped, s.Key, null)),
                    ],
                },
                stop).ConfigureAwait(false);
        }
        catch (ReadModelConflictException conflict) when (conflict.Key == oldKey)
        {
            AskForRoom();
            return true; // it has just moved on: again
        }

        _run = new Kept<RunRecord>(ControlDocuments.Runs, Key, change.Data!.Value, run);
        IsBuilding = false;
        LetAppendsGoOn();
        Publish(_position);
        _store.Signals.OrderGiven(projection.Name);
        return true;
    }

    /// <summary>
    /// Where every append moves the old read model on, there is hardly ever a moment in which the new one is level with it:
    /// after a while, those of this process are kept waiting for one.
    /// </summary>
    private void AskForRoom()
    {
        _triesToPlace++;
        if (_triesToPlace % (2 * TriesBeforePause) == TriesBeforePause)
        {
            _isPausingAppends = true;
            _store.Signals.PauseAppends();
        }
        else if (_triesToPlace % TriesBeforePause == 0)
        {
            LetAppendsGoOn();
        }
    }

    private void LetAppendsGoOn()
    {
        if (_isPausingAppends) _store.Signals.LetAppendsGoOn();
        _isPausingAppends = false;
    }

    private async ValueTask ReadParkedAsync(CancellationToken stop)
    {
        var known = _parked;
        var list = new List<Kept<ParkedRecord>>();
        foreach (var stored in await _documents.ListStoredAsync(ControlDocuments.Parked, _subscriber.Name, stop).ConfigureAwait(false))
        {
            // What cannot be read belongs to the read model that is to be replaced: no reason not to build the one that replaces it.
            var record = IsBuilding
                ? ControlDocuments.TryRead<ParkedRecord>(stored.Data.Span)
                : ControlDocuments.Read<ParkedRecord>(ControlDocuments.Parked, stored.Key, stored.Data.Span, _subscriber.Name);
            if (record is not null) list.Add(new Kept<ParkedRecord>(ControlDocuments.Parked, stored.Key, stored.Data, record));
        }

        _parked = new Dictionary<string, Parked>(StringComparer.Ordinal);
        _parkedSet = new ParkedSet();
        foreach (var kept in list.Where(kept => kept.Content.Generation == Generation))
        {
            // The time of the next try is this process's own; what another has left behind, or was ordered, is due at once.
            var dueAt = kept.Content is { RetryAt: null, Skip: null } ? (long?)null
                : known.TryGetValue(kept.Key, out var same) && same.Kept.Bytes.Span.SequenceEqual(kept.Bytes.Span) ? same.DueAt
                : _clock.GetTimestamp();
            _parked.Add(kept.Key, new Parked(kept, dueAt));
            _parkedSet.Set(PartitionOf(kept.Content), kept.Content.After);
        }

        ParkedCount = _parked.Count;
        if (_parked.Count != _run!.Content.Parked) await ThrowIfParkedIsMissingAsync(stop).ConfigureAwait(false);
    }

    /// <summary>Throws why there are fewer or more parked records than the run says.</summary>
    private async ValueTask ThrowIfParkedIsMissingAsync(CancellationToken stop)
    {
        var now = await _documents.FindStoredAsync(ControlDocuments.Runs, Key, stop).ConfigureAwait(false);
        if (now is null || !_run!.Bytes.Span.SequenceEqual(now)) throw new ReadModelConflictException(ControlDocuments.Runs, Key);
        throw new ReadModelDamagedException(
            _subscriber.Name, $"{_run.Content.Parked} of its streams or documents are parked, and there are records of {_parked.Count} in '{ControlDocuments.Parked}'");
    }

    /// <summary>Looks for orders if there may be any, and goes on with what is due.</summary>
    private async ValueTask AttendToParkedAsync(CancellationToken stop)
    {
        if (_order is null or { IsCompleted: true })
        {
            _order = _store.Signals.NextOrderOf(_subscriber.Name);
            if (_parked.Count > 0) await ReadParkedAsync(stop).ConfigureAwait(false);
            if (_subscriber is Projection && !IsBuilding) await RefoldAsOrderedAsync(stop).ConfigureAwait(false);
        }

        if (_parked.Count == 0) return;
        var now = _clock.GetTimestamp();
        foreach (var parked in _parked.Values.Where(p => p.DueAt <= now).ToList()) await GoOnAsync(parked, stop).ConfigureAwait(false);
    }

    private TimeSpan? NextRetry()
    {
        if (_parked.Count == 0) return null;
        var due = _parked.Values.Min(p => p.DueAt);
        if (due is null) return null;
        var left = _clock.GetElapsedTime(_clock.GetTimestamp(), due.Value);
        return left > TimeSpan.Zero ? left : TimeSpan.Zero;
    }

    /// <summary>Folds what a partition has missed, up to the position of the run or the next failure.</summary>
    private async ValueTask GoOnAsync(Parked parked, CancellationToken stop)
    {
        var content = parked.Kept.Content;
        DocumentChange? skipped = null;
        if (content.Skip is { } skip)
        {
            // Orders are for the event that failed when they were given, and has not gone through since.
            if (skip.Position == content.Position && content.IsStuck)
            {
                skipped = ControlDocuments.Write(
                    ControlDocuments.Skipped,
                    Guid.CreateVersion7().ToString("N"),
                    new SkippedRecord(content.Projection, Generation, content.Kind, content.Partition, content.Position, content.Error, skip.By, skip.Reason, skip.At),
                    _subscriber.Name);
                content = content with { After = content.Position, Attempts = 0 };
            }

            content = content with { Skip = null };
        }

        var filter = FilterOf(content);
        var leftOut = content.Kind == ParkedKind.Document ? await LeftOutOfStreamsAsync(stop).ConfigureAwait(false) : [];
        while (true)
        {
            var read = new LogRead { After = content.After, UpTo = _position, Filter = filter.Stored, Limit = Math.Min(PartitionScan, _maxBatchEvents) };
            FeedPage missed;
            using (var page = await _store.Storage.ReadLogAsync(read, stop).ConfigureAwait(false))
            {
                var events = new List<FeedEvent>(page.Count);
                for (var i = 0; i < page.Count; i++)
                {
                    if (!leftOut.Contains(page.Events[i].Position)) FeedEvent.AddTo(events, _store, page.Events[i], filter);
                }

                missed = new FeedPage(content.After, events, page.Next, page.IsEnd);
            }

            var after = await FoldMissedAsync(parked, content, missed, skipped, stop).ConfigureAwait(false);
            if (after is null || after.After != missed.Next) return;
            skipped = null;
            content = after;
            parked = _parked[parked.Kept.Key];
        }
    }

    /// <summary>
    /// The events that were left out of their streams, and so out of all documents: also of one that was parked then and
    /// comes to them only now.
    /// </summary>
    private async ValueTask<HashSet<long>> LeftOutOfStreamsAsync(CancellationToken stop)
    {
        var skipped = await _documents.ListAsync<SkippedRecord>(ControlDocuments.Skipped, _subscriber.Name, stop).ConfigureAwait(false);
        return [.. skipped.Where(s => s.Content.Generation == Generation && s.Content.Kind == ParkedKind.Stream).Select(s => s.Content.Position)];
    }

    /// <summary>Folds and commits a page of one partition, up to the first failure if there is one.</summary>
    /// <returns>How the partition stands; null where nothing of it is held back any more.</returns>
    private async ValueTask<ParkedRecord?> FoldMissedAsync(Parked parked, ParkedRecord content, FeedPage missed, DocumentChange? skipped, CancellationToken stop)
    {
        var partition = PartitionOf(content);
        var events = missed.Events;
        FoldFailure? failure = null;
        while (true)
        {
            try
            {
                var fold = await FoldAsync(events, partition, stop).ConfigureAwait(false);
                failure = fold.Failures.MinBy(f => f.Event.Position) ?? failure;
                var after = failure is not null ? FailedAgain(content, failure) : missed.IsEnd ? null : content with { After = missed.Next, Attempts = 0, RetryAt = content.RetryAt ?? Now };
                await CommitAsync(fold.Changes, fold.Tables, _position, [new ParkedChange(parked.Kept, after, skipped)], stop).ConfigureAwait(false);
                return after;
            }
            catch (ProjectionFailedException e) when (failure is null || e.Position < failure.Event.Position)
            {
                failure = new FoldFailure(partition, events.First(candidate => candidate.Position == e.Position), e.InnerException ?? e);
                events = [.. events.TakeWhile(candidate => candidate.Position < e.Position)];
            }
        }
    }

    private ParkedChange Park(FoldFailure failure)
    {
        var record = FailedAgain(
            new ParkedRecord(
                _subscriber.Name, Generation, failure.Partition.Kind, failure.Partition.Name, failure.Event.Position - 1, 0, "", "", "", "", 0, Now, null, null),
            failure);
        return new ParkedChange(null, record, null);
    }

    private ParkedRecord FailedAgain(ParkedRecord record, FoldFailure failure)
    {
        var attempts = record.Position == failure.Event.Position ? record.Attempts + 1 : 1;
        LastError = new ProjectionFailedException(_subscriber.Name, failure.Event, failure.Error);
        return record with
        {
            After = failure.Event.Position - 1,
            Position = failure.Event.Position,
            Stream = failure.Event.Stream,
            Type = failure.Event.Type,
            Error = failure.Error.Message,
            ErrorType = failure.Error.GetType().FullName ?? "",
            Attempts = attempts,
            RetryAt = _retries.PauseAfter(attempts) is { } pause ? Now + pause : null,
        };
    }

    /// <summary>How many of the parked partitions are tried again without an order, once some changes have been made.</summary>
    private int? RetriesAfter(IReadOnlyList<ParkedChange> changes)
    {
        if (_parked.Count == 0 && changes.Count == 0) return null;
        var count = changes.Count(change => change.After is { RetryAt: not null });
        count += _parked.Values.Count(p => p.DueAt is not null && !changes.Any(change => change.Key == p.Kept.Key));
        return count == 0 ? null : count;
    }

    private void Remember(ParkedChange change)
    {
        if (change.After is not { } after)
        {
            _parked.Remove(change.Key);
            if (_parked.Count == 0 && LastError is ProjectionFailedException) LastError = null;
            _parkedSet = new ParkedSet();
            foreach (var p in _parked.Values) _parkedSet.Set(PartitionOf(p.Kept.Content), p.Kept.Content.After);
            return;
        }

        // If no attempts are counted, it did not fail: it only waits for its turn to go on.
        var pause = after.Attempts == 0 ? TimeSpan.Zero : _retries.PauseAfter(after.Attempts);
        long? due = after.RetryAt is null || pause is null ? null : _clock.GetTimestamp() + (long)(pause.Value.TotalSeconds * _clock.TimestampFrequency);
        _parked[change.Key] = new Parked(new Kept<ParkedRecord>(ControlDocuments.Parked, change.Key, change.Written, after), due);
        if (_parkedSet == ParkedSet.Empty) _parkedSet = new ParkedSet();
        _parkedSet.Set(PartitionOf(after), after.After);
    }

    /// <summary>Builds single documents anew where somebody has ordered it: up to the position of the run, and at one stroke.</summary>
    private async ValueTask RefoldAsOrderedAsync(CancellationToken stop)
    {
        foreach (var order in await _documents.ListAsync<RefoldRecord>(ControlDocuments.Refolds, _subscriber.Name, stop).ConfigureAwait(false))
        {
            if (_subscriber is TableProjection)
            {
                // It has no documents. The order was stored all the same, since whoever gave it need not know the projection.
                await CommitAsync([order.Deletion], null, _position, [], stop).ConfigureAwait(false);
                continue;
            }

            var partition = new Partition(ParkedKind.Document, order.Content.Key);
            var mine = _parked.Values.FirstOrDefault(p => PartitionOf(p.Kept.Content) == partition);
            var model = ((Projection)_subscriber).ModelOf(Generation);
            DocumentChange change = new(model, order.Content.Key, null);
            byte[]? document = null;
            FoldFailure? failure = null;
            var read = new LogRead { UpTo = _position, Filter = _filter.Stored, Limit = Math.Min(PartitionScan, _maxBatchEvents) };
            for (var isEnd = _position == 0; !isEnd && failure is null;)
            {
                using var page = await _store.Storage.ReadLogAsync(read, stop).ConfigureAwait(false);
                var events = new List<FeedEvent>(page.Count);
                for (var i = 0; i < page.Count; i++) FeedEvent.AddTo(events, _store, page.Events[i], _filter);
                var before = document;
                var input = new FoldInput(_store, Generation, IsBuilding, events, (_, keys, _) => ValueTask.FromResult<IReadOnlyList<byte[]?>>([before]), _parkedSet, partition, InOrder: true);
                var fold = await HandleAsync(input, stop).ConfigureAwait(false);
                if (fold.Changes.Count > 0)
                {
                    change = fold.Changes[0];
                    document = change.Data?.ToArray();
                }

                failure = fold.Failures.Count > 0 ? fold.Failures[0] : null;
                read = read with { After = page.Next };
                isEnd = page.IsEnd;
            }

            List<ParkedChange> parked = failure is not null
                ? [mine is null ? Park(failure) : new ParkedChange(mine.Kept, FailedAgain(mine.Kept.Content, failure), null)]
                : mine is null ? [] : [new ParkedChange(mine.Kept, null, null)];
            await CommitAsync([change, order.Deletion], null, _position, parked, stop).ConfigureAwait(false);
        }
    }

    /// <summary>What may belong to a partition: of a stream, what begins with its name.</summary>
    private EventFilter FilterOf(ParkedRecord record) => record.Kind == ParkedKind.Stream ? _filter.InStreams(record.Partition) : _filter;

    private static Partition PartitionOf(ParkedRecord record) => new(record.Kind, record.Partition);

    /// <summary>A parked partition and when it is tried again, as a timestamp of the storage's clock; null if it waits for an order.</summary>
    private sealed record Parked(Kept<ParkedRecord> Kept, long? DueAt);

    /// <summary>A change of what is parked: begun (before is null), gone on with, or ended (after is null).</summary>
    private sealed class ParkedChange(Kept<ParkedRecord>? before, ParkedRecord? after, DocumentChange? skipped)
    {
        private readonly DocumentChange? _change = after is null
            ? null
            : ControlDocuments.Write(ControlDocuments.Parked, before?.Key ?? Guid.CreateVersion7().ToString("N"), after, after.Projection);

        public Kept<ParkedRecord>? Before => before;

        public ParkedRecord? After => after;

        public string Key => before?.Key ?? _change!.Value.Key;

        public ReadOnlyMemory<byte> Written => _change!.Value.Data!.Value;

        public IEnumerable<DocumentChange> Changes
        {
            get
            {
                yield return _change ?? before!.Deletion;
                if (skipped is { } record) yield return record;
            }
        }
    }
}
