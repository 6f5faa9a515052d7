namespace EventSourcing.Tests.Concurrency;

/// <summary>How an operation on a stream ended.</summary>
public enum Outcome
{
    /// <summary>A read; the ids are those it saw.</summary>
    Read,

    /// <summary>An append that wrote its events; the version is that of the last.</summary>
    Stored,

    /// <summary>An append that returned the result of an earlier one; the version is that of the last event.</summary>
    Repeated,

    /// <summary>An append refused for the version it expected; the version is the actual one.</summary>
    Conflict,

    /// <summary>An append refused since some of its ids are stored and some are not.</summary>
    Duplicate,

    /// <summary>An append cancelled before it began, which so has written nothing.</summary>
    Cancelled,

    /// <summary>An append whose caller has not learnt its outcome.</summary>
    Unknown,
}

/// <summary>One operation on one stream, with its result. Events are numbers, which stand for their ids.</summary>
/// <param name="Stream">The stream.</param>
/// <param name="Expected">The version that an append expects, or null for any.</param>
/// <param name="Ids">The events appended or seen.</param>
/// <param name="Outcome">How it ended.</param>
/// <param name="Version">The version returned or reported.</param>
public sealed record StreamOperation(string Stream, long? Expected, IReadOnlyList<int> Ids, Outcome Outcome, long Version = 0)
{
    /// <summary>The position of the last event that an append has stored; 0 where nothing is known of it.</summary>
    public long Position { get; init; }

    public static StreamOperation Read(string stream, params IReadOnlyList<int> ids) => new(stream, null, ids, Outcome.Read, ids.Count);

    public override string ToString() => Outcome == Outcome.Read
        ? $"read {Stream}: version {Version} [{string.Join(' ', Ids)}]"
        : $"append to {Stream} expecting {Expected?.ToString(System.Globalization.CultureInfo.InvariantCulture) ?? "any"} [{string.Join(' ', Ids)}]: {Outcome} {Version}{(Position > 0 ? $" at position {Position}" : "")}";
}

/// <summary>
/// A stream as the contract describes it, at its plainest: the ids of its events, append by append. Immutable; each state shares all but
/// its last event with the one before.
/// </summary>
public sealed class StreamState : IEquatable<StreamState>
{
    private readonly StreamState? _before;
    private readonly int _id;
    private readonly long _append;
    private readonly int _hash;

    private StreamState()
    {
    }

    private StreamState(StreamState before, int id, long append)
    {
        _before = before;
        _id = id;
        _append = append;
        _hash = HashCode.Combine(before._hash, id);
        Version = before.Version + 1;
    }

    public static StreamState Empty { get; } = new();

    public long Version { get; }

    /// <summary>The state after an operation, or null where it cannot have had its result in this state.</summary>
    public StreamState? After(StreamOperation operation)
    {
        switch (operation.Outcome)
        {
            case Outcome.Read: return operation.Version == Version && Holds(operation.Ids) ? this : null;
            case Outcome.Cancelled: return this;
        }

        var stored = operation.Ids.Select(EndingWith).ToList();
        if (stored.Exists(end => end.Version > 0))
        {
            // Whether events side by side that came by two appends may be repeated as one, the contract leaves open.
            var isSideBySide = stored[0].Version > 0 && stored.Select((end, i) => end.Version - i).Distinct().Count() == 1;
            var isOneAppend = isSideBySide && stored.Select(end => end._append).Distinct().Count() == 1;
            return operation.Outcome switch
            {
                Outcome.Unknown => this,
                Outcome.Repeated when isSideBySide && operation.Version == stored[^1].Version => this,
                Outcome.Duplicate when !isOneAppend => this,
                _ => null,
            };
        }

        var isAsExpected = operation.Expected is null || operation.Expected == Version;
        return operation.Outcome switch
        {
            Outcome.Unknown => isAsExpected ? With(operation.Ids) : this,
            Outcome.Stored when isAsExpected && operation.Version == Version + operation.Ids.Count => With(operation.Ids),
            Outcome.Conflict when !isAsExpected && operation.Version == Version => this,
            _ => null,
        };
    }

    public bool Equals(StreamState? other)
    {
        if (other is null || other.Version != Version || other._hash != _hash) return false;
        for (var (mine, theirs) = (this, other); !ReferenceEquals(mine, theirs); (mine, theirs) = (mine._before!, theirs._before!))
        {
            if (mine._id != theirs._id || mine._append != theirs._append) return false;
        }

        return true;
    }

    public override bool Equals(object? obj) => Equals(obj as StreamState);

    public override int GetHashCode() => _hash;

    private StreamState With(IReadOnlyList<int> ids) => ids.Aggregate(this, (state, id) => new StreamState(state, id, append: Version + 1));

    /// <summary>The state right after an event, or the empty one where it is not stored.</summary>
    private StreamState EndingWith(int id)
    {
        var state = this;
        while (state._before is not null && state._id != id) state = state._before;
        return state;
    }

    private bool Holds(IReadOnlyList<int> ids)
    {
        if (ids.Count != Version) return false;
        var state = this;
        for (var i = ids.Count - 1; i >= 0; i--, state = state._before!)
        {
            if (state._id != ids[i]) return false;
        }

        return true;
    }
}
