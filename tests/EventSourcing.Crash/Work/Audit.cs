namespace EventSourcing.Crash;

/// <summary>
/// Reads a store and holds it against what its writers were told. What was read once need not be read again: each call
/// goes on where the last ended. Not thread-safe.
/// </summary>
internal sealed class Audit(Tally tally)
{
    private readonly Dictionary<Guid, (long First, int Count)> _stored = [];
    private readonly Dictionary<string, long> _versions = new(StringComparer.Ordinal);
    private readonly Dictionary<Guid, Acknowledgement> _acknowledged = [];
    private readonly List<Acknowledgement> _owed = [];
    private readonly MerkleFrontier _tree = new();
    private (Guid Batch, int Index, int Count) _open;
    private DateTimeOffset _stamp;

    /// <summary>The last position read.</summary>
    public long Head { get; private set; }

    /// <summary>Acknowledgements that are still to be looked up.</summary>
    public IReadOnlyCollection<Acknowledgement> Owed => _owed;

    public IReadOnlyCollection<Acknowledgement> Acknowledged => _acknowledged.Values;

    /// <summary>Reads what is new and checks it, and that every one of these acknowledged appends is there.</summary>
    public async Task CheckAsync(IEventStorage storage, IReadOnlyCollection<Acknowledgement> acknowledged, string when)
    {
        try
        {
            for (var isEnd = false; !isEnd;)
            {
                using var page = await storage.ReadLogAsync(new LogRead { After = Head, WithSeals = true });
                for (var i = 0; i < page.Count; i++) Read(page.Events[i], when);
                isEnd = page.IsEnd;
                if (isEnd && page.Head < Head) tally.AddLost(Head - page.Head, $"{when}: the log ends at {page.Head} and had ended at {Head}");
            }

            // Writers may be at work, so the tree may have grown since; it is compared where it has not.
            var stored = await storage.Ledger.GetFrontierAsync();
            if (stored.Size < Head || (stored.Size == Head && stored.Root() != _tree.Root())) tally.AddUnexplained($"{when}: the tree of {stored.Size} leaves is not that of the log of {Head} events");
        }
        catch (EventSourcingException e)
        {
            tally.AddUnexplained($"{when}: cannot be read: {e.GetType().Name}: {e.Message} ({e.InnerException?.Message})");
            return;
        }

        if (_open.Batch != Guid.Empty)
        {
            tally.AddUnexplained($"{when}: half a batch: the log ends with event {_open.Index + 1} of {_open.Count} of {_open.Batch}");
            _open = default;
        }

        foreach (var a in acknowledged) Check(a, when);
    }

    /// <summary>Remembers an acknowledgement that cannot be looked up now.</summary>
    public void Owe(Acknowledgement acknowledgement) => _owed.Add(acknowledgement);

    private void Check(Acknowledgement a, string when)
    {
        if (_acknowledged.TryAdd(a.Batch, a)) tally.AddAcknowledged(a.Count);
        if (!_stored.TryGetValue(a.Batch, out var stored)) tally.AddLost(a.Count, $"{when}: {a}; the log ends at {Head}");
        else if (stored.First != a.First || stored.Count != a.Count || a.Last != a.First + a.Count - 1) tally.AddUnexplained($"{when}: acknowledged as {a}, stored at {stored}");
    }

    private void Read(in StoredEvent e, string when)
    {
        if (e.Position != Head + 1) tally.AddUnexplained($"{when}: position {e.Position} follows {Head}");
        Head = e.Position;
        _tree.Append(e.ToLeaf().Hash());
        var version = _versions.GetValueOrDefault(e.Stream);
        if (e.Version != version + 1) tally.AddUnexplained($"{when}: version {e.Version} follows {version} in {e.Stream}");
        _versions[e.Stream] = e.Version;
        if (e.RecordedAt < _stamp) tally.AddUnexplained($"{when}: position {e.Position} is stamped {e.RecordedAt:O}, before {_stamp:O}");
        _stamp = e.RecordedAt;
        if (!Batch.TryRead(e.Data.Span, out var batch, out var index, out var count) || e.Id != Batch.EventId(batch, index))
        {
            tally.AddUnexplained($"{when}: the event at {e.Position} is not as it was written");
            return;
        }

        if (index == 0)
        {
            if (_open.Batch != Guid.Empty) tally.AddUnexplained($"{when}: half a batch: {_open.Batch} ends with event {_open.Index + 1} of {_open.Count}");
            if (!_stored.TryAdd(batch, (e.Position, count))) tally.AddDuplicated($"{when}: batch {batch} at {e.Position} and at {_stored[batch].First}");
        }
        else if (_open.Batch != batch || _open.Index != index - 1 || _open.Count != count)
        {
            tally.AddUnexplained($"{when}: position {e.Position} has event {index + 1} of {count} of {batch}, after {_open}");
        }

        _open = index + 1 < count ? (batch, index, count) : default;
    }
}
