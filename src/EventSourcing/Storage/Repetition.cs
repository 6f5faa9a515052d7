namespace EventSourcing;

/// <summary>
/// For storages: decides rule 4 of <see cref="IEventStorage"/> for an append of which at least one id is stored: is it
/// a repetition, and of what result? Feed it every event of the request in order, as stored.
/// </summary>
public sealed class Repetition
{
    private readonly AppendRequest _request;
    private readonly Guid _storedId;
    private readonly long _storedAt;
    private readonly List<AppendedStream> _streams = [];
    private string? _stream;
    private long _firstPosition;
    private long _lastPosition;

    /// <summary>Begins the comparison.</summary>
    /// <param name="request">The append that may be a repetition.</param>
    /// <param name="storedId">One of its ids that is stored.</param>
    /// <param name="storedAt">The position of that one.</param>
    public Repetition(AppendRequest request, Guid storedId, long storedAt)
    {
        _request = request;
        _storedId = storedId;
        _storedAt = storedAt;
    }

    /// <summary>The error for an event of the request that is not stored.</summary>
    /// <param name="e">The event.</param>
    /// <returns>The error to throw.</returns>
    public DuplicateEventIdException Missing(NewEvent e) =>
        new(_storedId, _storedAt, $"the event {e.Id} ('{e.Type}') of the same append is not stored.");

    /// <summary>Compares the next event of the request with the one stored under its id.</summary>
    /// <param name="stream">The stream that the request has it for.</param>
    /// <param name="e">The event as requested.</param>
    /// <param name="stored">The event as stored.</param>
    /// <exception cref="DuplicateEventIdException">They differ, or stand in another order.</exception>
    public void Next(string stream, NewEvent e, in StoredEvent stored)
    {
        if (stored.Stream != stream) throw Different(stored, $"it stands in stream '{stored.Stream}', not in '{stream}'.");
        if (stored.Type != e.Type) throw Different(stored, $"it is stored as '{stored.Type}', not as '{e.Type}'.");
        if (!stored.IsErased && !stored.Data.Span.SequenceEqual(e.Data.Span)) throw Different(stored, "its data is not the same.");
        if (!stored.Tags.ToHashSet(StringComparer.Ordinal).SetEquals(e.Tags)) throw Different(stored, "its tags are not the same.");
        if (_lastPosition > 0 && stored.Position != _lastPosition + 1)
            throw Different(stored, $"the event before it in the append stands at position {_lastPosition}, so they were not stored together in this order.");
        if (_firstPosition == 0) _firstPosition = stored.Position;
        _lastPosition = stored.Position;
        if (_stream == stream)
        {
            _streams[^1] = _streams[^1] with { LastVersion = stored.Version };
        }
        else
        {
            _stream = stream;
            _streams.Add(new AppendedStream(stream, stored.Version, stored.Version));
        }
    }

    /// <summary>The result of the original append, once every event was compared.</summary>
    /// <returns>The result, marked as already stored.</returns>
    public AppendResult OriginalResult() => new(_streams, _firstPosition, _lastPosition, wasAlreadyStored: true);

    private static DuplicateEventIdException Different(in StoredEvent stored, string difference) => new(stored.Id, stored.Position, difference);
}
