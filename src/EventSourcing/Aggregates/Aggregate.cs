namespace EventSourcing;

/// <summary>
/// The base of domain objects whose state is the fold of their events. Commands are methods that check and
/// <see cref="Raise"/>; all change of state is in <see cref="Apply"/>, a pure function of state and event. Not
/// thread-safe: an instance belongs to one load–act–append.
/// </summary>
public abstract class Aggregate
{
    private readonly List<object> _uncommitted = [];

    /// <summary>Which one of its kind this is: the part of the stream's name after the category.</summary>
    public string Id { get; private set; } = "";

    /// <summary>
    /// The version of the stream that this state is based on, 0 for a new one. Uncommitted events do not count; they
    /// are appended with this as the expected version.
    /// </summary>
    public long Version { get; private set; }

    /// <summary>The events raised since the aggregate was loaded, not yet appended, as they were raised.</summary>
    public IReadOnlyList<object> UncommittedEvents => _uncommitted;

    internal string Stream { get; private set; } = "";

    /// <summary>The position of the last event of this state in the log, 0 for a new aggregate.</summary>
    internal long Position { get; private set; }

    /// <summary>Records that something happened. It is applied at once, so that the rest of the command sees its effect.</summary>
    /// <param name="event">
    /// What happened; or <see cref="EventData"/> around it, to give the event an id, tags or metadata, which
    /// <see cref="Apply"/> does not see. If applying it throws, it has not been raised.
    /// </param>
    protected void Raise(object @event)
    {
        ArgumentNullException.ThrowIfNull(@event);
        Apply(@event is EventData data ? data.Payload : @event);
        _uncommitted.Add(@event);
    }

    /// <summary>
    /// Changes the state by one event: one switch over the event's type. It must not fail, decide, read the clock or
    /// do I/O, since it is run again over the same events for ever.
    /// </summary>
    /// <param name="event">What happened.</param>
    protected abstract void Apply(object @event);

    internal void Attach(string id, string stream)
    {
        Id = id;
        Stream = stream;
    }

    internal void Replay(Parts<object> parts, long version, long position)
    {
        for (var i = 0; i < parts.Count; i++) Apply(parts[i]);
        Version = version;
        Position = position;
    }

    internal void Committed(long version, long position)
    {
        _uncommitted.Clear();
        Version = version;
        Position = position;
    }
}
