namespace EventSourcing;

/// <summary>
/// The events of a log from a position on, without end: catching up and following live are one sequence over one cursor, in which no event
/// is lost, repeated or out of order. Enumerate it once, with <c>await foreach</c>. It ends by cancellation or by an exception, never
/// silently. It reads in pages, and only as fast as it is enumerated.
/// </summary>
public sealed class Subscription : IAsyncEnumerable<RecordedEvent>
{
    private const int PageEvents = 512;
    private readonly EventStore _store;
    private readonly StartFrom _from;
    private readonly EventFilter _filter;
    private readonly UnknownEvents _unknownEvents;
    private long _position;
    private int _isTaken;

    internal Subscription(EventStore store, StartFrom from, EventFilter filter, UnknownEvents unknownEvents)
    {
        _store = store;
        _from = from;
        _filter = filter;
        _unknownEvents = unknownEvents;
    }

    /// <summary>
    /// The position up to which every event has either been left out by the filter, or been handed out and handled: asking for the next
    /// event counts as having handled the one before. If an <see cref="Upcaster"/> makes several events of one, all of them count. Keep the
    /// position to go on from there by <see cref="StartFrom.After"/>. It also moves while nothing matches; it may be read from any thread.
    /// </summary>
    public long Position => Volatile.Read(ref _position);

    /// <summary>
    /// Whether everything that was in the log at the last look has been handed out; already true while the last event is handled.
    /// </summary>
    public bool IsCaughtUp { get; private set; }

    /// <summary>Starts the subscription.</summary>
    /// <param name="cancellationToken">Ends the subscription.</param>
    /// <returns>The events, by position.</returns>
    /// <exception cref="InvalidOperationException">The subscription has been enumerated before.</exception>
    public async IAsyncEnumerator<RecordedEvent> GetAsyncEnumerator(CancellationToken cancellationToken = default)
    {
        if (Interlocked.Exchange(ref _isTaken, 1) == 1)
            throw new InvalidOperationException(
                "A subscription is enumerated once. Subscribe again, from the position that this one has reached.");
        Volatile.Write(ref _position, await _from.PositionAsync(_store, cancellationToken).ConfigureAwait(false));
        while (true)
        {
            var read = new LogRead { After = _position, Filter = _filter.Stored, Limit = PageEvents };
            using (var page = await _store.Storage.ReadLogAsync(read, cancellationToken).ConfigureAwait(false))
            {
                for (var i = 0; i < page.Count; i++)
                {
                    var parts = _store.EventReader.Decode(page.Events[i], _unknownEvents, _filter);
                    for (var p = 0; p < parts.Count; p++)
                    {
                        IsCaughtUp = page.IsEnd && i == page.Count - 1 && p == parts.Count - 1;
                        yield return parts[p];
                    }

                    Volatile.Write(ref _position, page.Events[i].Position);
                }

                Volatile.Write(ref _position, page.Next);
                IsCaughtUp = page.IsEnd;
            }

            if (IsCaughtUp) await _store.Storage.WaitForEventsAsync(_position, cancellationToken).ConfigureAwait(false);
        }
    }
}

/// <summary>Subscriptions to an <see cref="EventStore"/>.</summary>
public static class SubscriptionExtensions
{
    /// <summary>Subscribes to the log, from a position on and without end.</summary>
    /// <param name="store">The store.</param>
    /// <param name="from">Where in the log to begin; by default at the beginning.</param>
    /// <param name="filter">The events to hand out, filtered by the storage; by default all.</param>
    /// <param name="unknownEvents">
    /// What to do with events whose name is not in the store's types; by default they end the subscription with an error.
    /// </param>
    /// <returns>The subscription, to enumerate with <c>await foreach</c>.</returns>
    public static Subscription Subscribe(
        this EventStore store, StartFrom from = default, EventQuery? filter = null, UnknownEvents unknownEvents = UnknownEvents.Throw)
    {
        ArgumentNullException.ThrowIfNull(store);
        return new Subscription(store, from, store.EventReader.FilterOf(filter ?? EventQuery.All, unknownEvents), unknownEvents);
    }
}
