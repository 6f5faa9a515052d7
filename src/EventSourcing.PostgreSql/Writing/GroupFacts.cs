namespace EventSourcing;

/// <summary>
/// The facts on which the appends of a group are decided: those that were read under the lock or are believed, and on top of them what
/// the group has so far. Only the leader of the group commit uses it.
/// </summary>
internal sealed class GroupFacts(GroupRows rows, RecentEvents recent) : ILogFacts
{
    private readonly Dictionary<string, StreamEnd> _ends = new(StringComparer.Ordinal);
    private readonly Dictionary<Guid, StoredEvent> _stored = [];
    private readonly Dictionary<long, ErasableEvent> _erasable = [];
    private readonly Dictionary<(AppendRequest Request, int Condition), long> _matches = [];
    private AppendWork? _work;

    /// <summary>Whether all facts were read under the lock.</summary>
    public bool IsCertain { get; set; }

    /// <summary>The head of the log before the group.</summary>
    public long StoredHead { get; set; }

    /// <summary>When the last event before the group was recorded, in ticks.</summary>
    public long LastTicks { get; set; }

    /// <summary>Whether the last decision needed a fact that is not known.</summary>
    public bool IsUnsure { get; private set; }

    public long Head => StoredHead + rows.Count;

    public DateTimeOffset LastRecordedAt => new(rows.Count > 0 ? Math.Max(LastTicks, rows.Now) : LastTicks, TimeSpan.Zero);

    public void Clear()
    {
        _ends.Clear();
        _stored.Clear();
        _erasable.Clear();
        _matches.Clear();
    }

    /// <summary>Begins the decision on an append.</summary>
    public void Begin(AppendWork work)
    {
        _work = work;
        IsUnsure = false;
    }

    public void Add(string stream, StreamEnd end) => _ends[stream] = end;

    public void Add(in StoredEvent stored) => _stored[stored.Id] = stored;

    public void Add(in ErasableEvent erasable) => _erasable[erasable.Position] = erasable;

    /// <summary>Adds the first match of a condition before the group; 0 if there is none.</summary>
    public void Add(AppendRequest request, int condition, long match) => _matches[(request, condition)] = match;

    /// <summary>The end of a stream before the group; the default if it is absent.</summary>
    public StreamEnd EndOf(string stream) => _ends.GetValueOrDefault(stream);

    public bool Knows(string stream) => _ends.ContainsKey(stream);

    /// <summary>An event that is to be erased; null if it was not there when the facts were read.</summary>
    public ErasableEvent? ErasableAt(long position) => _erasable.TryGetValue(position, out var found) ? found : null;

    public long VersionOf(string stream) => rows.Streams.TryGetValue(stream, out var pending) ? pending.Version : EndOf(stream).Version;

    public bool TryFind(Guid id, out StoredEvent stored)
    {
        if (_stored.TryGetValue(id, out stored)) return true;
        IsUnsure |= !IsCertain;
        if (rows.IndexOf(id) is not (>= 0 and var index)) return false;
        var pending = rows.Events[index];
        stored = new StoredEvent
        {
            Position = StoredHead + index + 1,
            Stream = pending.Stream,
            Version = pending.Version,
            Id = id,
            Type = pending.Event.Type,
            RecordedAt = LastRecordedAt,
            Data = pending.Event.Data,
            Tags = pending.Event.Tags,
        };
        return true;
    }

    public long FirstMatch(AppendRequest request, int condition)
    {
        var (query, after) = request.Conditions[condition];
        var known = _work!.Scouted![condition];
        if (known.Match > 0) return known.Match;
        if (IsCertain)
        {
            if (_matches.GetValueOrDefault((request, condition)) is > 0 and var match) return match;
        }
        else if (rows.ExpectedHead > known.UpTo)
        {
            if (!recent.TryMatch(query, Math.Max(after, known.UpTo), rows.ExpectedHead, out var match)) IsUnsure = true;
            else if (match > 0) return match;
        }

        for (var i = 0; i < rows.Count; i++)
        {
            var pending = rows.Events[i];
            if (StoredHead + i + 1 > after && query.Matches(pending.Event.Type, pending.Stream, pending.Event.Tags))
                return StoredHead + i + 1;
        }

        return 0;
    }

    public bool CanErase(long position) => _erasable.TryGetValue(position, out var found) && found.CanBeErased;
}

/// <summary>An event that is to be erased.</summary>
/// <param name="Position">Its position.</param>
/// <param name="CanBeErased">Whether it may be erased.</param>
/// <param name="Commitment">The commitment to its data, which is kept in place of its salt; null if it is erased already.</param>
internal readonly record struct ErasableEvent(long Position, bool CanBeErased, byte[]? Commitment);

/// <summary>
/// The last events that this process has appended, as far as conditions look at them. If others have appended between them, only the
/// events since then count.
/// </summary>
internal sealed class RecentEvents
{
    private const int Capacity = 4096;
    private readonly Queue<PendingEvent> _events = new();
    private long _head = -1;

    /// <summary>Whether any condition was met so far; without conditions nothing is kept.</summary>
    public bool IsUsed { get; set; }

    /// <summary>Forgets the events: the log may have lost them.</summary>
    public void Clear()
    {
        _events.Clear();
        _head = -1;
    }

    /// <summary>Adds what was committed after a head.</summary>
    public void Add(long headBefore, ReadOnlySpan<PendingEvent> events)
    {
        if (!IsUsed) return;
        if (_head != headBefore) _events.Clear();
        foreach (ref readonly var e in events)
        {
            if (_events.Count == Capacity) _events.Dequeue();
            _events.Enqueue(e with { Event = e.Event with { Data = default, Metadata = default } });
        }

        _head = headBefore + events.Length;
    }

    /// <summary>The first match in a range of positions; false if not all of it is known.</summary>
    public bool TryMatch(EventQuery query, long after, long upTo, out long match)
    {
        match = 0;
        if (upTo <= after) return true;
        if (_head < upTo || _head - _events.Count > after) return false;
        var position = _head - _events.Count;
        foreach (var e in _events)
        {
            position++;
            if (position <= after) continue;
            if (position > upTo) break;
            if (!query.Matches(e.Event.Type, e.Stream, e.Event.Tags)) continue;
            match = position;
            break;
        }

        return true;
    }
}
