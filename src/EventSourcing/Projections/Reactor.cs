namespace EventSourcing;

/// <summary>
/// Does something in the world for events: sends mail, calls another service, gives commands to other aggregates. Each
/// event is delivered at least once, in the order of its stream; what fails is tried again and then parked, as with
/// projections. No rebuild ever delivers anything. The constructor says by <c>On</c> what each event leads to.
/// </summary>
/// <remarks>
/// <para>"At least once" means: after a crash, the events delivered since the last checkpoint (at most
/// <see cref="BatchSize"/>) are delivered again, each with the same <see cref="Delivery.Id"/>. Give that id to whoever can
/// tell a repetition by it, or do what does no harm when done twice.</para>
/// <para>A process manager is a reactor that keeps its state in a stream or aggregate of its own, and gives commands that
/// are safe to repeat.</para>
/// </remarks>
public abstract class Reactor : Subscriber
{
    private readonly Dictionary<Type, Func<Delivery, CancellationToken, Task>> _handlers = [];

    /// <summary>
    /// Where in the log it begins when it is started for the first time; afterwards it goes on where it was. There is no
    /// default: at the beginning it reacts to all that ever happened, now to none of it.
    /// </summary>
    public abstract StartFrom Start { get; }

    /// <summary>The most events delivered between two checkpoints, and so again after a crash; 32 by default.</summary>
    public virtual int BatchSize => 32;

    /// <summary>How many streams it reacts to at once; 4 by default. The events of one stream are always delivered one after the other.</summary>
    public virtual int MaxConcurrency => 4;

    internal sealed override int MaxBatchEvents => BatchSize;

    internal sealed override bool HasEffects => true;

    /// <summary>Says what an event leads to.</summary>
    /// <typeparam name="TEvent">The event's type.</typeparam>
    /// <param name="react">Does it; completes when it is done. If it throws, the event is delivered again later.</param>
    /// <exception cref="ArgumentException">There is a handler for that event.</exception>
    protected void On<TEvent>(Func<TEvent, Delivery, CancellationToken, Task> react)
        where TEvent : notnull
    {
        ArgumentNullException.ThrowIfNull(react);
        Declare(typeof(TEvent));
        _handlers.Add(typeof(TEvent), (delivery, cancellationToken) => react((TEvent)delivery.Event.Data, delivery, cancellationToken));
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
        var failures = new FoldFailure?[streams.Count];
        var options = new ParallelOptions { MaxDegreeOfParallelism = MaxConcurrency, CancellationToken = cancellationToken };
        await Parallel.ForAsync(0, streams.Count, options, async (i, token) => failures[i] = await DeliverAsync(streams[i], token).ConfigureAwait(false)).ConfigureAwait(false);
        return new Fold([], [.. failures.OfType<FoldFailure>()]);
    }

    private static bool IsToBeDelivered(FeedEvent e, FoldInput input)
    {
        var stream = new Partition(ParkedKind.Stream, e.Stream);
        return input.Only is { } only ? only == stream : !input.Parked.Holds(stream, e.Position);
    }

    /// <summary>Delivers events one after the other, up to the first failure.</summary>
    private async ValueTask<FoldFailure?> DeliverAsync(List<FeedEvent> events, CancellationToken cancellationToken)
    {
        foreach (var e in events)
        {
            try
            {
                if (e.Recorded is not { } recorded) throw e.Failure!;
                await _handlers[recorded.Data.GetType()](new Delivery(Name, recorded), cancellationToken).ConfigureAwait(false);
            }
            catch (Exception failure) when (!(failure is OperationCanceledException && cancellationToken.IsCancellationRequested))
            {
                return new FoldFailure(new Partition(ParkedKind.Stream, e.Stream), e, failure);
            }
        }

        return null;
    }
}
