using System.Globalization;

namespace EventSourcing;

/// <summary>One erasure: finds what there is to erase, and appends the records that erase it.</summary>
internal sealed class Erasure
{
    private readonly EventStore _store;
    private readonly string _reason;
    private readonly string? _by;
    private readonly EventStorageLimits _limits;
    private readonly EventIdGenerator _ids;
    private readonly SortedSet<long> _positions = [];
    private readonly HashSet<string> _streams = new(StringComparer.Ordinal);
    private readonly Dictionary<long, string> _streamOf = [];
    private readonly SortedSet<long> _erased = [];
    private long _recordedAt;

    public Erasure(EventStore store, string reason, string? by)
    {
        ArgumentException.ThrowIfNullOrWhiteSpace(reason);
        if (Names.TextFlaw(reason) is { } flaw) throw new ArgumentException($"The reason {flaw}.", nameof(reason));
        if (by is not null && Names.TextFlaw(by) is { } flawOfBy) throw new ArgumentException($"Who asked for it {flawOfBy}.", nameof(by));
        store.ThrowIfReadOnly("erase payloads");
        _store = store;
        _reason = reason;
        _by = by;
        _limits = store.Storage.Options.Limits;
        _ids = new EventIdGenerator(store.Storage.Options.TimeProvider);
    }

    public Task<ErasureResult> OfAsync(IReadOnlyCollection<long> positions, CancellationToken cancellationToken)
    {
        foreach (var position in positions) ArgumentOutOfRangeException.ThrowIfNegativeOrZero(position, nameof(positions));
        return RunAsync(FindAsync, cancellationToken);

        async Task FindAsync()
        {
            foreach (var position in positions.Order())
            {
                using var page = await _store.Storage.ReadAtAsync(position, cancellationToken).ConfigureAwait(false);
                if (page.Count == 0) throw new ErasureRefusedException(position, page.Head);
                Add(page.Events[0], page.Head);
            }
        }
    }

    public Task<ErasureResult> OfAsync(StreamRead read, CancellationToken cancellationToken)
    {
        return RunAsync(FindAsync, cancellationToken);

        async Task FindAsync()
        {
            await foreach (var page in _store.Storage.PagesAsync(read, cancellationToken, PageScope.OneView).ConfigureAwait(false))
            {
                foreach (ref readonly var stored in page.Events) Add(stored, stored.Position);
            }
        }
    }

    /// <summary>
    /// Finds what there is to erase, and erases it; again if another erasure came in between, which may have erased the same.
    /// </summary>
    private async Task<ErasureResult> RunAsync(Func<Task> find, CancellationToken cancellationToken)
    {
        while (true)
        {
            var records = await CountRecordsAsync(cancellationToken).ConfigureAwait(false);
            await find().ConfigureAwait(false);
            try
            {
                await EraseAsync(records, cancellationToken).ConfigureAwait(false);
                var streams = _streamOf.Where(of => _erased.Contains(of.Key)).Select(of => of.Value);
                return new ErasureResult([.. _erased], [.. streams.Distinct(StringComparer.Ordinal)], _recordedAt);
            }
            catch (WrongExpectedVersionException)
            {
                _positions.Clear();
                _streams.Clear();
            }
        }
    }

    /// <summary>
    /// The version of the stream of records: each erasure makes it grow. A page beyond its end tells it by one statement.
    /// </summary>
    private async Task<long> CountRecordsAsync(CancellationToken cancellationToken)
    {
        var beyond = new StreamRead(PayloadsErased.StreamName) { After = long.MaxValue, Limit = 1 };
        using var page = await _store.Storage.ReadStreamAsync(beyond, cancellationToken).ConfigureAwait(false);
        return page.Head;
    }

    private void Add(in StoredEvent stored, long head)
    {
        if (stored.Type == PayloadsErased.TypeName) throw new ErasureRefusedException(stored.Position, head);
        if (stored.IsErased) return;
        _positions.Add(stored.Position);
        _streams.Add(stored.Stream);
        _streamOf[stored.Position] = stored.Stream;
    }

    private async Task EraseAsync(long version, CancellationToken cancellationToken)
    {
        foreach (var records in Records().Chunk(_limits.MaxEventsPerAppend))
        {
            var events = records.Select(record => new NewEvent(_ids.Next(), PayloadsErased.TypeName, record.ToBytes())).ToList();
            var request = new AppendRequest([new StreamWrite(PayloadsErased.StreamName, version, events)])
            {
                Erase = [.. records.SelectMany(record => record.Positions)],
                ReadModels = (transaction, token) => SnapshotCache.Of(_store).BuryAsync(transaction, _streams, token),
            };
            _recordedAt = (await _store.Appender.AppendAsync(request, cancellationToken).ConfigureAwait(false)).Position;
            version += events.Count;
            _erased.UnionWith(request.Erase);
        }
    }

    /// <summary>As few records as the size limit of an event's data allows: usually one.</summary>
    private IEnumerable<PayloadsErased> Records()
    {
        var room = _limits.MaxDataBytes - new PayloadsErased([], _reason, _by).ToBytes().Length;
        if (room < long.MaxValue.ToString(CultureInfo.InvariantCulture).Length)
            throw new ArgumentException(
                $"The reason is too long: a record of the erasure would be larger than {_limits.MaxDataBytes} bytes, "
                + "the limit for an event's data. Nothing was erased.");

        var positions = new List<long>();
        var length = 0;
        foreach (var position in _positions)
        {
            var digits = position.ToString(CultureInfo.InvariantCulture).Length + 1;
            if (length + digits > room)
            {
                yield return new PayloadsErased([.. positions], _reason, _by);
                positions.Clear();
                length = 0;
            }

            positions.Add(position);
            length += digits;
        }

        if (positions.Count > 0) yield return new PayloadsErased(positions, _reason, _by);
    }
}
