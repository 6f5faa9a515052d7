namespace EventSourcing;

/// <summary>
/// What this process knows of the log by its own commits, and what it tells others of them. Only the leader of the group commit uses it,
/// but for the era.
/// </summary>
internal sealed class KnownLog(
    StoreServer server, StoreNames names, StreamEnds ends, TileKeeper tiles, HeadSignal signal, ReadModelTables tables, GroupRows rows)
{
    /// <summary>For how long conditions are checked under the lock after another process has written, in milliseconds.</summary>
    private const int OthersWriteFor = 200;

    private long _othersWroteAt = long.MinValue / 2;
    private volatile int _era;

    /// <summary>The head after the last commit of this process; -1 if there was none.</summary>
    public long Head { get; private set; } = -1;

    /// <summary>Changes when the server may be another one, which may lack what was committed before.</summary>
    public int Era => _era;

    /// <summary>Whether another process has written lately.</summary>
    public bool OthersWrite => Environment.TickCount64 - _othersWroteAt < OthersWriteFor;

    /// <summary>Whether this process has written, and no other one lately.</summary>
    public bool IsAlone => Head >= 0 && !OthersWrite;

    /// <summary>The last events that this process has appended.</summary>
    public RecentEvents Recent { get; } = new();

    /// <summary>
    /// Forgets what this process has committed without acknowledging it: another server has taken the place of the one that had it, and
    /// gives its positions and numbers to others. What was acknowledged or read is there, or the storage serves nothing any more.
    /// </summary>
    public void ForgetWhatMayBeLost()
    {
        _era++;
        Head = -1;
        Recent.Clear();
        ends.Clear();
        names.Clear();
        tables.Clear();
        tiles.Forget();
    }

    /// <summary>Takes note that another process has written.</summary>
    public void OthersWrote() => _othersWroteAt = Environment.TickCount64;

    /// <summary>Takes note of what was committed. The positions of the decision are counted from a head that was believed.</summary>
    /// <param name="place">Where the rows were written.</param>
    /// <param name="believedHead">The head that was believed.</param>
    /// <param name="group">The appends whose rows they are.</param>
    /// <param name="isAcknowledged">Whether the callers are told: otherwise it may yet be lost.</param>
    public void Committed(in GroupPlace place, long believedHead, List<AppendWork> group, bool isAcknowledged)
    {
        if (Head >= 0 && place.Head != Head) OthersWrote();
        var shift = place.Head - believedHead;
        if (shift != 0)
        {
            foreach (var work in group)
                work.Outcome = new AppendResult(work.Outcome!.Streams, work.Outcome.FirstPosition + shift, work.Outcome.Position + shift,
                    wasAlreadyStored: false);
        }

        foreach (var (name, stream) in rows.Streams) Learn(name, stream.EndAfter(place.Head));
        Advance(place, rows.Events, isAcknowledged);
    }

    /// <summary>The rows that were written at a place, but not committed yet: others take their place in memory meanwhile.</summary>
    public UncommittedRows Kept(in GroupPlace place)
    {
        var head = place.Head;
        return new UncommittedRows(place, [.. rows.Streams.Select(pair => (pair.Key, pair.Value.EndAfter(head)))], rows.Events.ToArray());
    }

    /// <summary>Takes note that such rows were committed.</summary>
    public void Committed(UncommittedRows kept, bool isAcknowledged)
    {
        if (Head >= 0 && kept.Place.Head != Head) OthersWrote();
        foreach (var (name, end) in kept.Ends) Learn(name, end);
        Advance(kept.Place, kept.Events, isAcknowledged);
    }

    private void Learn(string stream, StreamEnd end)
    {
        if (end.Id == 0) return;
        ends.Learn(stream, end);
        names.AddStream(end.Id, stream);
    }

    private void Advance(in GroupPlace place, ReadOnlySpan<PendingEvent> events, bool isAcknowledged)
    {
        Recent.Add(place.Head, events);
        Head = place.Head + events.Length;
        tiles.Add(place.Head, place.Recorded, place.Leaves);
        if (!isAcknowledged) return;
        server.Seen.Learn(Head, events[^1].Event.Id);
        signal.Advance(Head);
    }
}

/// <summary>Rows of a transaction that is not committed yet.</summary>
/// <param name="Place">Where they were written.</param>
/// <param name="Ends">The ends of their streams after them.</param>
/// <param name="Events">Their events.</param>
internal sealed record UncommittedRows(GroupPlace Place, (string Stream, StreamEnd End)[] Ends, PendingEvent[] Events);
