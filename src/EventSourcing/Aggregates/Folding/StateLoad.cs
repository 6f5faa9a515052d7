namespace EventSourcing;

/// <summary>
/// One state while it is folded from events, perhaps from a snapshot, and the version that it has reached. For a command it keeps the
/// decoded events, so that after a conflict only new events are read.
/// </summary>
internal sealed class StateLoad<TState>(EventStore store, StateFold<TState> fold, bool isForCommand)
{
    private readonly List<(Parts<object> Parts, long Version, long Position)> _kept = [];
    private readonly List<(Parts<object> Parts, Guid Id)> _expected = [];
    private StoredSnapshot? _origin;
    private TState? _untouched;
    private Guid _lastId;
    private long _replayed;
    private bool _isActedOn;

    public TState State { get; private set; } = default!;

    /// <summary>The version of the last event read, 0 if there is none.</summary>
    public long Version { get; private set; }

    public long Position { get; private set; }

    /// <summary>The version including the events that are expected.</summary>
    public long ExpectedVersion => Version + _expected.Count;

    /// <summary>Whether a load now would make a snapshot due, or could skip events by using one.</summary>
    public bool IsDueForSnapshot => fold.Snapshots is { } policy && _replayed >= policy.Every;

    /// <summary>The snapshot that this load has made due. It is written when it no longer delays the caller.</summary>
    public DueSnapshot? Due { get; private set; }

    public ValueTask LoadAsync(AsOf asOf, CancellationToken cancellationToken) =>
        store.Diagnostics.OfLoads is { } instruments
            ? LoadMeasuredAsync(instruments, asOf, cancellationToken)
            : LoadUnmeasuredAsync(asOf, cancellationToken);

    /// <summary>Reads the events that were appended since. The state stays as it is until <see cref="Refold"/>.</summary>
    /// <returns>The new events.</returns>
    public async ValueTask<IReadOnlyList<object>> ReadTailAsync(CancellationToken cancellationToken)
    {
        var known = _kept.Count;
        await ReadAsync(new StreamRead(fold.Stream) { After = Version }, isReplay: false, cancellationToken).ConfigureAwait(false);
        var events = new List<object>();
        foreach (var (parts, _, _) in _kept.Skip(known))
        {
            for (var i = 0; i < parts.Count; i++) events.Add(parts[i]);
        }

        return events;
    }

    /// <summary>Folds a fresh state from everything that was read, without reading it again.</summary>
    public void Refold()
    {
        State = !fold.IsChangedByActing ? _untouched! : _origin is { } snapshot ? snapshot.Restore(fold, store.Json) : fold.Begin();
        foreach (var (parts, version, position) in _kept) Apply(parts, version, position);
        for (var i = 0; i < _expected.Count; i++) Apply(_expected[i].Parts, Version + i + 1, Position);
        if (fold.IsChangedByActing) return;
        _untouched = State;
        _kept.Clear();
    }

    /// <summary>
    /// The state to act on next, including the events that are expected. If acting changes the object itself, this is a new object: the
    /// code that acted on the one before may still hold it.
    /// </summary>
    public TState Take()
    {
        if (fold.IsChangedByActing && _isActedOn) Refold();
        _isActedOn = true;
        return State;
    }

    /// <summary>Adds events that are about to be appended, as they will be read back.</summary>
    /// <exception cref="EventSerializationException">One of them cannot be read back. Then none is added.</exception>
    public void Expect(IReadOnlyList<NewEvent> events)
    {
        var known = _expected.Count;
        try
        {
            foreach (var e in events)
            {
                var parts = store.EventReader.DecodeData(new StoredEvent
                {
                    Position = Position + _expected.Count + 1,
                    Stream = fold.Stream,
                    Version = ExpectedVersion + 1,
                    Id = e.Id,
                    Type = e.Type,
                    RecordedAt = default,
                    Data = e.Data,
                    Metadata = e.Metadata,
                    Tags = e.Tags,
                });
                _expected.Add((parts, e.Id));
            }
        }
        catch (Exception)
        {
            _expected.RemoveRange(known, _expected.Count - known);
            throw;
        }

        if (fold.IsChangedByActing) return;
        foreach (var (parts, _) in _expected.Skip(known)) Apply(parts, Version, Position);
    }

    /// <summary>Tells that the expected events are stored, at adjacent positions.</summary>
    /// <param name="position">The position of the last of them.</param>
    public void Settle(long position)
    {
        if (_expected.Count == 0) return;
        var first = position - _expected.Count + 1;
        for (var i = 0; i < _expected.Count; i++)
        {
            if (fold.IsChangedByActing) _kept.Add((_expected[i].Parts, Version + i + 1, first + i));
        }

        (Version, Position, _lastId) = (ExpectedVersion, position, _expected[^1].Id);
        _replayed += _expected.Count;
        _expected.Clear();
        if (!fold.IsChangedByActing) _untouched = State;
    }

    /// <summary>Tells that the expected events are not stored, and reads the events that are stored instead.</summary>
    /// <returns>The new events.</returns>
    public async ValueTask<IReadOnlyList<object>> ForgetAndReadTailAsync(CancellationToken cancellationToken)
    {
        _expected.Clear();
        var tail = await ReadTailAsync(cancellationToken).ConfigureAwait(false);
        if (!fold.IsChangedByActing) Refold();
        return tail;
    }

    private async ValueTask LoadMeasuredAsync(StoreInstruments instruments, AsOf asOf, CancellationToken cancellationToken)
    {
        var measured = instruments.BeginLoad(fold.Category, fold.Stream);
        try
        {
            await LoadUnmeasuredAsync(asOf, cancellationToken).ConfigureAwait(false);
            instruments.EndLoad(measured, _replayed);
        }
        catch (Exception error)
        {
            instruments.FailLoad(measured, error);
            throw;
        }
    }

    private async ValueTask LoadUnmeasuredAsync(AsOf asOf, CancellationToken cancellationToken)
    {
        var read = await store.EventReader.AsOfAsync(new StreamRead(fold.Stream), asOf, cancellationToken).ConfigureAwait(false);
        State = fold.Begin();
        if (fold.Snapshots is { } policy)
            await LoadBySnapshotAsync(policy, read, isNow: asOf == AsOf.Now, cancellationToken).ConfigureAwait(false);
        else await ReadAsync(read, isReplay: true, cancellationToken).ConfigureAwait(false);
        _untouched = State;
        store.Diagnostics.Prepare();
    }

    private async ValueTask LoadBySnapshotAsync(SnapshotPolicy policy, StreamRead read, bool isNow, CancellationToken cancellationToken)
    {
        var clock = store.Storage.Options.TimeProvider;
        var began = clock.GetTimestamp();
        var cache = SnapshotCache.Of(store);
        var (seen, fingerprint, isKnown) = await cache.LoadAsync(fold, State, cancellationToken).ConfigureAwait(false);
        var outcome = StoredSnapshot.Judge(seen.Document, fold.Stream, fingerprint, read, out var snapshot);
        if (snapshot is not null) outcome = await ReplayFromAsync(snapshot, read, cancellationToken).ConfigureAwait(false);
        if (outcome != SnapshotOutcome.Used) await ReadAsync(read, isReplay: true, cancellationToken).ConfigureAwait(false);
        if (isKnown) cache.Count(fold.Category, fold.Stream, outcome);

        // A read of the past says nothing about the stored snapshot.
        if (!isNow || !isKnown || Version == 0) return;
        var isSlow = policy.SlowLoadMilliseconds > 0 && clock.GetElapsedTime(began).TotalMilliseconds > policy.SlowLoadMilliseconds;
        var isDue = outcome is not (SnapshotOutcome.Used or SnapshotOutcome.Missing) || _replayed >= policy.Every
            || (isSlow && _replayed > 0);
        if (isDue)
        {
            var header = new SnapshotHeader(fingerprint, fold.Stream, Version, Position, _lastId, clock.GetUtcNow())
            {
                ErasedAt = seen.ErasedAt,
            };
            Due = cache.Capture(fold, State, header, seen);
        }
    }

    /// <summary>Replays the events after a snapshot, if the stream has the event at which the snapshot was taken.</summary>
    private async ValueTask<string> ReplayFromAsync(StoredSnapshot snapshot, StreamRead read, CancellationToken cancellationToken)
    {
        var header = snapshot.Header;
        using var page =
            await store.Storage.ReadStreamAsync(read with { After = header.Version - 1 }, cancellationToken).ConfigureAwait(false);
        if (page.Count == 0) return SnapshotOutcome.Ahead;
        if (page.Events[0].Id != header.EventId || page.Events[0].Position != header.Position) return SnapshotOutcome.Foreign;
        try
        {
            State = snapshot.Restore(fold, store.Json);
        }
        catch (Exception)
        {
            // Any exception may be thrown here: the state's own code does the reading.
            return SnapshotOutcome.Corrupt;
        }

        _origin = snapshot;
        (Version, Position, _lastId) = (header.Version, header.Position, header.EventId);
        foreach (ref readonly var stored in page.Events[1..]) Take(stored, isReplay: true);
        if (!page.IsEnd) await ReadAsync(read with { After = page.Next }, isReplay: true, cancellationToken).ConfigureAwait(false);
        return SnapshotOutcome.Used;
    }

    private async ValueTask ReadAsync(StreamRead read, bool isReplay, CancellationToken cancellationToken)
    {
        await foreach (var page in store.Storage.PagesAsync(read, cancellationToken).ConfigureAwait(false))
        {
            foreach (ref readonly var stored in page.Events) Take(stored, isReplay);
        }
    }

    /// <summary>The one place where a stored event becomes an event of a state.</summary>
    private void Take(in StoredEvent stored, bool isReplay)
    {
        var parts = store.EventReader.DecodeData(stored);
        if (isReplay) Apply(parts, stored.Version, stored.Position);
        if (!isReplay || (isForCommand && fold.IsChangedByActing)) _kept.Add((parts, stored.Version, stored.Position));
        (Version, Position, _lastId) = (stored.Version, stored.Position, stored.Id);
        _replayed++;
    }

    private void Apply(Parts<object> parts, long version, long position)
    {
        for (var i = 0; i < parts.Count; i++) State = fold.Apply(State, parts[i]);
        fold.StandAt(State, version, position);
    }
}
