namespace EventSourcing;

/// <summary>
/// Does something outside the store for events: sends mail, calls another service, gives commands to other aggregates. Each event is
/// delivered at least once, in the order of its stream. What fails is tried again and then parked, as with projections. A rebuild never
/// delivers anything. The constructor calls <c>On</c> to say what each event leads to.
/// </summary>
/// <remarks>
/// <para>"At least once" means: after a crash or a failure of the storage, the events delivered since the last commit of its position (at
/// most <see cref="BatchSize"/>) are delivered again. After a stop, the few events by which some streams were ahead of others are delivered
/// again. Each has the same <see cref="Delivery.Id"/> as before. Give that id to a receiver that can recognize a repetition by it, or do
/// something that is harmless when done twice.</para>
/// <para>If an <see cref="Upcaster"/> makes several events of one, they are delivered one after the other. If one of them fails, all of
/// them are delivered again.</para>
/// <para>A process manager is a reactor that keeps its state in a stream or aggregate of its own, and gives commands that
/// are safe to repeat.</para>
/// </remarks>
public abstract class Reactor : Subscriber
{
    private readonly Dictionary<Type, Func<Delivery, CancellationToken, Task>> _handlers = [];
    private Func<Delivery, CancellationToken, Task>? _anyHandler;

    /// <summary>
    /// Where in the log the reactor begins when it is started for the first time; afterwards it goes on where it was. There is no default:
    /// from the beginning it reacts to everything that ever happened, from now to none of it.
    /// </summary>
    public abstract StartFrom Start { get; }

    /// <summary>
    /// The most events delivered between two commits of its position, and thus delivered again after a crash; 32 by default.
    /// </summary>
    public virtual int BatchSize => 32;

    /// <summary>
    /// How many streams it handles at once; 4 by default. The events of one stream are always delivered one after the other.
    /// </summary>
    public virtual int MaxConcurrency => 4;

    internal sealed override int MaxBatchEvents => BatchSize;

    internal sealed override bool HasEffects => true;

    /// <summary>Says what an event leads to.</summary>
    /// <typeparam name="TEvent">The event's type.</typeparam>
    /// <param name="react">Does it; the task completes when it is done. If it throws, the event is delivered again later.</param>
    /// <exception cref="ArgumentException">There is a handler for that event.</exception>
    protected void On<TEvent>(Func<TEvent, Delivery, CancellationToken, Task> react)
        where TEvent : notnull
    {
        ArgumentNullException.ThrowIfNull(react);
        Declare(typeof(TEvent));
        _handlers.Add(typeof(TEvent), (delivery, cancellationToken) => react((TEvent)delivery.Event.Data, delivery, cancellationToken));
    }

    /// <summary>Says what any event leads to that has no handler of its own, for example to pass everything on.</summary>
    /// <param name="react">Does it, as above.</param>
    /// <exception cref="ArgumentException">There is a handler for any event.</exception>
    protected void OnAny(Func<Delivery, CancellationToken, Task> react)
    {
        ArgumentNullException.ThrowIfNull(react);
        DeclareAny();
        _anyHandler = react;
    }

    internal override void Validate(EventStore store)
    {
        base.Validate(store);
        ArgumentOutOfRangeException.ThrowIfNegativeOrZero(BatchSize, nameof(BatchSize));
        ArgumentOutOfRangeException.ThrowIfNegativeOrZero(MaxConcurrency, nameof(MaxConcurrency));
    }

    internal sealed override async ValueTask<Fold> FoldAsync(FoldInput input, CancellationToken cancellationToken)
    {
        var streams = input.Events
            .Where(e => IsToBeDelivered(e, input))
            .GroupBy(e => input.InOrder ? "" : e.Stream, StringComparer.Ordinal)
            .Select(stream => stream.ToList())
            .ToList();
        var delivered = new Delivered[streams.Count];
        var options = new ParallelOptions { MaxDegreeOfParallelism = MaxConcurrency, CancellationToken = CancellationToken.None };
        await Parallel.ForAsync(0, streams.Count, options, async (i, _) =>
            delivered[i] = await DeliverAsync(streams[i], input, cancellationToken).ConfigureAwait(false)).ConfigureAwait(false);

        // If it was told to stop, events that were delivered before the first undelivered one need not be delivered again.
        var left =
            delivered.Zip(streams, (d, stream) => d.Failure is null && d.Count < stream.Count ? stream[d.Count].Position : long.MaxValue)
                .DefaultIfEmpty(long.MaxValue).Min();
        var failures = delivered.Select(d => d.Failure).OfType<FoldFailure>().Where(failure => failure.Event.Position < left).ToList();
        if (left == long.MaxValue) return new Fold([], failures);
        if (input.Only is not null || left == input.Events[0].Position) cancellationToken.ThrowIfCancellationRequested();
        return new Fold([], failures, Reached: left - 1);
    }

    private static bool IsToBeDelivered(FeedEvent e, FoldInput input)
    {
        var stream = new Partition(ParkedKind.Stream, e.Stream);
        return input.Only is { } only ? only == stream : !input.Parked.Holds(stream, e.Position);
    }

    /// <summary>Delivers events one after the other, up to the first failure, or until it is told to stop.</summary>
    private async ValueTask<Delivered> DeliverAsync(List<FeedEvent> events, FoldInput input, CancellationToken cancellationToken)
    {
        for (var i = 0; i < events.Count; i++)
        {
            var e = events[i];
            if (cancellationToken.IsCancellationRequested) return new Delivered(i, null);
            input.Watch?.BeginDelivery(e.Position);
            try
            {
                if (e.Failure is { } undecodable) throw undecodable;
                for (var p = 0; p < e.PartCount; p++)
                {
                    var part = e.Part(p);
                    ThrowIfErased(part.Data);
                    if (HandlerOf(part) is not { } handler) continue;
                    if (input.Scopes is { } scopes) handler = (delivery, token) => DeliverWithinAsync(scopes(this), delivery, token);
                    await (input.Store.Diagnostics.OfSpans is { } instruments
                        ? DeliverAsync(instruments, handler, part, cancellationToken)
                        : handler(new Delivery(Name, part), cancellationToken)).ConfigureAwait(false);
                }
            }
            catch (OperationCanceledException) when (cancellationToken.IsCancellationRequested)
            {
                return new Delivered(i, null);
            }
            catch (Exception failure)
            {
                return new Delivered(i, new FoldFailure(new Partition(ParkedKind.Stream, e.Stream), e, failure));
            }
            finally
            {
                input.Watch?.EndDelivery(e.Position);
            }
        }

        return new Delivered(events.Count, null);
    }

    private Func<Delivery, CancellationToken, Task>? HandlerOf(RecordedEvent e) =>
        _handlers.GetValueOrDefault(e.Data.GetType()) ?? _anyHandler;

    /// <summary>Has another object of this class handle a delivery.</summary>
    private async Task DeliverWithinAsync(DeliveryScope scope, Delivery delivery, CancellationToken cancellationToken)
    {
        try
        {
            if (scope.Reactor.GetType() != GetType())
                throw new InvalidOperationException(
                    $"The delivery scope has given a {scope.Reactor.GetType()} for a {GetType()}. Give one of the same class.");
            await scope.Reactor.HandlerOf(delivery.Event)!(delivery, cancellationToken).ConfigureAwait(false);
        }
        finally
        {
            if (scope.Resources is { } resources) await resources.DisposeAsync().ConfigureAwait(false);
        }
    }

    /// <summary>Calls a handler within a span of its own.</summary>
    private async Task DeliverAsync(
        StoreInstruments instruments, Func<Delivery, CancellationToken, Task> handler, RecordedEvent e, CancellationToken cancellationToken)
    {
        using var span = instruments.BeginReact(Name, e);
        try
        {
            await handler(new Delivery(Name, e), cancellationToken).ConfigureAwait(false);
        }
        catch (Exception error) when (span is not null && !cancellationToken.IsCancellationRequested)
        {
            StoreInstruments.Fail(span, error);
            throw;
        }
    }

    /// <summary>How many events of a stream were delivered, and the failure of the next one, if it failed.</summary>
    private readonly record struct Delivered(int Count, FoldFailure? Failure);
}
