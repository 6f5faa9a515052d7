using System.Diagnostics;

namespace EventSourcing.Storage;

/// <summary>
/// The events in memory and their indexes. Changed only under the storage's commit lock. Published data is immutable, so the
/// log itself may be scanned without the lock. An erased payload is gone once the garbage collector has freed the memory of the
/// append that stored it.
/// </summary>
internal sealed class InMemoryLog : ILogFacts
{
    private const int ChunkLength = 4096;
    private readonly Dictionary<string, List<long>> _positionsByStream = new(StringComparer.Ordinal);
    private readonly Dictionary<string, List<long>> _positionsByType = new(StringComparer.Ordinal);
    private readonly Dictionary<string, List<long>> _positionsByTag = new(StringComparer.Ordinal);
    private readonly Dictionary<Guid, long> _positionById = [];
    private readonly List<string> _streams = [];
    private readonly SaltSource _salts = new();
    private StoredEvent[][] _chunks = [];
    private long _head;
    private volatile Published _published = new([], 0);

    public long Head => _published.Head;

    /// <inheritdoc/>
    public DateTimeOffset LastRecordedAt => _head == 0 ? DateTimeOffset.MinValue : At(_head).RecordedAt;

    public long VersionOf(string stream) => _positionsByStream.TryGetValue(stream, out var positions) ? positions.Count : 0;

    public long PositionOf(Guid id) => _positionById.GetValueOrDefault(id);

    /// <summary>The names of the streams in the order of their first appends, without the first <paramref name="count"/>.</summary>
    public IReadOnlyList<string> StreamsAfter(int count) => _streams.GetRange(count, _streams.Count - count);

    public StreamSummary SummaryOf(string stream)
    {
        var positions = _positionsByStream[stream];
        return new StreamSummary(stream, positions.Count, positions[^1], At(positions[^1]).RecordedAt);
    }

    public IEnumerable<EventTypeSummary> Types() =>
        _positionsByType.Select(type => new EventTypeSummary(type.Key, type.Value.Count, type.Value[0], type.Value[^1]));

    /// <summary>Under the lock: appends the events that the decision says to write.</summary>
    public void Append(AppendRequest request, in AppendDecision decision)
    {
        var memory = EventMemory.For(request);
        var position = _head;
        for (var w = 0; w < request.Writes.Count; w++)
        {
            var write = request.Writes[w];
            if (write.Events.Count == 0) continue;
            var positions = PositionsOf(write.Stream);
            for (var i = 0; i < write.Events.Count; i++)
            {
                var e = write.Events[i];
                Add(++position, new StoredEvent
                {
                    Position = position,
                    Stream = write.Stream,
                    Version = positions.Count + 1,
                    Id = e.Id,
                    Type = e.Type,
                    RecordedAt = decision.RecordedAt,
                    Data = memory.Copy(e.Data.Span),
                    Metadata = memory.Copy(e.Metadata.Span),
                    Seal = memory.NewSalt(_salts),
                    Tags = e.Tags,
                });
                positions.Add(position);
            }
        }

        if (request.Erase.Count > 0) Erase(request.Erase);
        Debug.Assert(position == decision.Outcome?.Position, "What was written is not what was decided.");
        Publish(position);
    }

    /// <summary>Under the lock: appends imported events, once they were found to fit.</summary>
    /// <returns>The new head.</returns>
    public long Import(ImportRequest request)
    {
        var position = _head;
        for (var i = 0; i < request.Events.Count; i++)
        {
            var e = request.Events[i];
            var positions = PositionsOf(e.Stream);
            var memory = new EventMemory(e.Data.Length + e.Metadata.Length + Math.Max(e.Seal.Length, LedgerLeaf.SaltLength));
            Add(++position, e with
            {
                Position = position,
                Version = positions.Count + 1,
                RecordedAt = e.RecordedAt.ToUniversalTime(),
                Data = memory.Copy(e.Data.Span),
                Metadata = memory.Copy(e.Metadata.Span),
                Seal = e.Seal.IsEmpty ? memory.NewSalt(_salts) : memory.Copy(e.Seal.Span),
                Tags = [.. e.Tags],
            });
            positions.Add(position);
        }

        if (request.PositionsToErase() is { Count: > 0 } erasures) Erase(erasures);
        Publish(position);
        return position;
    }

    /// <inheritdoc/>
    public bool CanErase(long position) => position <= _head && At(position).Type != PayloadsErased.TypeName;

    /// <inheritdoc/>
    public bool TryFind(Guid id, out StoredEvent stored)
    {
        var isFound = _positionById.TryGetValue(id, out var position);
        stored = isFound ? Unsealed(At(position)) : default;
        return isFound;
    }

    /// <inheritdoc/>
    public long FirstMatch(AppendRequest request, int condition) =>
        FirstMatch(request.Conditions[condition].Query, request.Conditions[condition].After);

    /// <summary>The first position after another whose event matches; 0 if there is none.</summary>
    private long FirstMatch(EventQuery query, long after)
    {
        if (query.IsAll) return after < _head ? after + 1 : 0;
        var first = long.MaxValue;
        foreach (var item in query.Items)
        {
            foreach (var candidates in CandidatesFor(item))
            {
                for (var i = IndexAfter(candidates, after); i < candidates.Count && candidates[i] < first; i++)
                {
                    ref readonly var e = ref At(candidates[i]);
                    if (item.Matches(e.Type, e.Stream, e.Tags)) first = e.Position;
                }
            }

            if (item.Tags.Count > 0 || item.Types.Count > 0) continue;
            for (var position = after + 1; position <= _head && position < first; position++)
            {
                ref readonly var e = ref At(position);
                if (item.Matches(e.Type, e.Stream, e.Tags)) first = position;
            }
        }

        return first == long.MaxValue ? 0 : first;
    }

    public EventPage ReadStream(StreamRead read)
    {
        var positions = _positionsByStream.GetValueOrDefault(read.Stream) ?? [];
        var version = positions.Count;
        var upTo = Math.Min(Math.Min(read.UpTo, version), IndexAfter(positions, read.UpToPosition));
        var page = new EventPage(read.Limit);
        if (read.Direction == ReadDirection.Forwards)
        {
            var v = read.After;
            while (v < upTo && page.Count < read.Limit) page.Add(Unsealed(At(positions[(int)v++])));
            page.Complete(v, v >= upTo, version);
        }
        else
        {
            var v = upTo;
            while (v > read.After && page.Count < read.Limit) page.Add(Unsealed(At(positions[(int)--v])));
            page.Complete(v, v <= read.After, version);
        }

        return page;
    }

    public EventPage ReadLog(LogRead read)
    {
        var published = _published;
        var head = published.Head;
        var upTo = Math.Min(read.UpTo, head);
        var page = new EventPage(read.Limit);
        if (read.Direction == ReadDirection.Forwards)
        {
            var p = read.After;
            while (p < upTo && page.Count < read.Limit) AddMatch(++p);
            page.Complete(p, p >= upTo, head);
        }
        else
        {
            var p = upTo;
            while (p > read.After && page.Count < read.Limit) AddMatch(p--);
            page.Complete(p, p <= read.After, head);
        }

        return page;

        void AddMatch(long position)
        {
            ref readonly var e = ref At(published.Chunks, position);
            if (read.Filter.Matches(e.Type, e.Stream, e.Tags)) page.Add(read.WithSeals ? e : Unsealed(e));
        }
    }

    /// <summary>Shows the whole batch to readers, together with its erasures.</summary>
    private void Publish(long head)
    {
        _head = head;
        _published = new Published(_chunks, head);
    }

    private List<long> PositionsOf(string stream)
    {
        if (_positionsByStream.TryGetValue(stream, out var positions)) return positions;
        _positionsByStream.Add(stream, positions = []);
        _streams.Add(stream);
        return positions;
    }

    private static StoredEvent Unsealed(in StoredEvent e) => e with { Seal = default };

    private static int IndexAfter(List<long> positions, long position)
    {
        var index = positions.BinarySearch(position);
        return index < 0 ? ~index : index + 1;
    }

    /// <summary>
    /// The shortest lists of positions that together contain every event the item could match; none if the item has only a
    /// prefix.
    /// </summary>
    private IEnumerable<List<long>> CandidatesFor(EventQueryItem item)
    {
        if (item.Tags.Count > 0)
            return [item.Tags.Select(tag => _positionsByTag.GetValueOrDefault(tag) ?? []).MinBy(positions => positions.Count)!];
        return item.Types.Select(type => _positionsByType.GetValueOrDefault(type) ?? []);
    }

    /// <summary>The event at a position up to the head. It may be erased meanwhile; the returned one does not change.</summary>
    public ref readonly StoredEvent At(long position) => ref At(_chunks, position);

    private static ref readonly StoredEvent At(StoredEvent[][] chunks, long position)
    {
        var index = position - 1;
        return ref chunks[index / ChunkLength][index % ChunkLength];
    }

    /// <summary>Replaces events by erased ones, in copies: readers continue with the data they have begun with.</summary>
    private void Erase(IReadOnlyCollection<long> positions)
    {
        var chunks = _chunks.ToArray();
        foreach (var position in positions)
        {
            var (chunk, index) = ((position - 1) / ChunkLength, (position - 1) % ChunkLength);
            if (chunks[chunk] == _chunks[chunk]) chunks[chunk] = [.. _chunks[chunk]];
            ref var e = ref chunks[chunk][index];
            if (!e.IsErased)
                e = e with { Data = default, Seal = LedgerLeaf.CommitToData(e.Seal.Span, e.Data.Span).Bytes.ToArray(), IsErased = true };
        }

        _chunks = chunks;
    }

    private void Add(long position, in StoredEvent stored)
    {
        var index = position - 1;
        if (index / ChunkLength == _chunks.Length) _chunks = [.. _chunks, new StoredEvent[ChunkLength]];
        _chunks[index / ChunkLength][index % ChunkLength] = stored;
        _positionById.Add(stored.Id, position);
        ListFor(_positionsByType, stored.Type).Add(position);
        for (var i = 0; i < stored.Tags.Count; i++) ListFor(_positionsByTag, stored.Tags[i]).Add(position);

        static List<long> ListFor(Dictionary<string, List<long>> lists, string key)
        {
            if (!lists.TryGetValue(key, out var list)) lists.Add(key, list = []);
            return list;
        }
    }

    /// <summary>The part that readers see.</summary>
    private sealed record Published(StoredEvent[][] Chunks, long Head);
}
