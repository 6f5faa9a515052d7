namespace EventSourcing;

/// <summary>
/// The base of domain objects whose state is the fold of their events. Commands are methods that check and
/// <see cref="Raise"/>; all change of state is in <see cref="Apply"/>, a pure function of state and event. Not
/// thread-safe: an instance belongs to one load–act–append.
/// </summary>
public abstract class Aggregate
{
    private readonly List<object> _uncommitted = [];
    private bool _hasEnded;

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

    /// <summary>
    /// Whether a class in this aggregate's inheritance has a method <c>Apply(ErasedEvent)</c>. If none has, the generated
    /// <see cref="Apply"/> refuses an erased event that it would otherwise have applied. Generated.
    /// </summary>
    protected virtual bool AppliesErasedEvents => false;

    /// <summary>Records that something happened. The event is applied at once, so that the rest of the command sees its effect.</summary>
    /// <param name="event">
    /// What happened; or <see cref="EventData"/> around it, to give the event an id, tags or metadata, which <see cref="Apply"/> does not
    /// see. If applying the event throws, the event has not been raised.
    /// </param>
    /// <exception cref="InvalidOperationException">
    /// The command has ended: its code was not awaited to the end, so the event would not be stored.
    /// </exception>
    protected void Raise(object @event)
    {
        ArgumentNullException.ThrowIfNull(@event);
        if (_hasEnded)
            throw new InvalidOperationException(
                $"The command on '{Stream}' has ended, so the event {@event.GetType()} that it raises now was not stored. Await all that "
                + "the command does before it returns.");
        Apply(@event is EventData data ? data.Payload : @event);
        _uncommitted.Add(@event);
    }

    /// <summary>
    /// Changes the state by one event: one switch over the event's type. It must not fail, decide, read the clock or do I/O, since the same
    /// events are applied again for ever.
    /// </summary>
    /// <param name="event">What happened.</param>
    protected abstract void Apply(object @event);

    /// <summary>
    /// Whether an event that was about to be appended conflicts with one that another writer has appended since the aggregate was loaded.
    /// If no pair conflicts, the events are appended as they are after the other writer's, without acting again. Override it only for
    /// events whose order makes no difference, and whose command would have decided the same after the other event: this method sees the
    /// two events, never the state.
    /// </summary>
    /// <example>
    /// <code>
    /// protected override bool ConflictsWith(object raised, object committed) =&gt;
    ///     (raised, committed) is not (MoneyDeposited, MoneyDeposited or MoneyWithdrawn);
    /// </code>
    /// </example>
    /// <param name="raised">An event raised by the command, without <see cref="EventData"/> around it.</param>
    /// <param name="committed">An event that another writer has appended since.</param>
    /// <returns>
    /// <see langword="true"/>, unless overridden: every event of another writer is a conflict, and the command acts again.
    /// </returns>
    protected virtual bool ConflictsWith(object raised, object committed) => true;

    internal bool IsInConflict(object raised, object committed) => ConflictsWith(raised, committed);

    /// <summary>The storage of the store that it was loaded from, or is to be created in; null if it is to be saved nowhere.</summary>
    internal IEventStorage? Home { get; private set; }

    internal void Attach(string id, string stream, IEventStorage? home)
    {
        Id = id;
        Stream = stream;
        Home = home;
    }

    /// <summary>Nothing can be raised any more: it would not be stored.</summary>
    internal void EndCommand() => _hasEnded = true;

    internal void Replay(object @event) => Apply(@event);

    internal void StandAt(long version, long position)
    {
        Version = version;
        Position = position;
    }

    internal void Committed(long version, long position)
    {
        _uncommitted.Clear();
        StandAt(version, position);
    }
}
