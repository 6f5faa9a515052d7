using System.Collections.Concurrent;

namespace EventSourcing.Hosting.Tests;

[EventType("parcel-sent")]
public sealed record ParcelSent(string To);

[EventType("parcel-arrived")]
public sealed record ParcelArrived(string By);

/// <summary>How many parcels are on their way to somebody.</summary>
public sealed class Pending
{
    public int Count { get; set; }
}

internal static class Parcels
{
    public static EventTypes Types { get; } = new(EventType.Of<ParcelSent>(), EventType.Of<ParcelArrived>());

    public static Task<AppendResult> SendAsync(this EventStore store, string to, string stream = "parcel-1") =>
        store.AppendAsync(stream, ExpectedVersion.Any, [new ParcelSent(to)]);
}

/// <summary>What a test does within the handlers of <see cref="PendingParcels"/> and <see cref="Courier"/>, and when one is disposed.</summary>
public sealed class Script
{
    public Action<string> Fold { get; set; } = _ => { };

    public Func<string, Delivery, CancellationToken, Task> Deliver { get; set; } = (_, _, _) => Task.CompletedTask;

    public ConcurrentQueue<string> Delivered { get; } = [];

    public Action Ended { get; set; } = () => { };
}

public class PendingParcels : Projection<Pending>
{
    public PendingParcels(Script script) => On<ParcelSent>(e => e.To, (pending, e) =>
    {
        script.Fold(e.To);
        return new Pending { Count = (pending?.Count ?? 0) + 1 };
    });

    public override string Name => "pending";
}

/// <summary>A service that lives as long as one delivery.</summary>
public sealed class Trip : IAsyncDisposable
{
    private static int _count;

    public static ConcurrentQueue<int> Ended { get; } = [];

    public int Number { get; } = Interlocked.Increment(ref _count);

    public ValueTask DisposeAsync()
    {
        Ended.Enqueue(Number);
        return ValueTask.CompletedTask;
    }
}

public sealed class Courier : Reactor
{
    public Courier(Script script, Trip trip) => On<ParcelSent>(async (e, delivery, token) =>
    {
        await script.Deliver(e.To, delivery, token);
        script.Delivered.Enqueue($"{e.To} by {trip.Number}");
    });

    public override string Name => "courier";

    public override StartFrom Start => StartFrom.Beginning;
}
