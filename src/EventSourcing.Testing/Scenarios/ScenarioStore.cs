using System.Collections.Immutable;

namespace EventSourcing.Testing;

/// <summary>The events that a scenario begins with, each at its time. Immutable; each run fills a store of its own.</summary>
internal sealed record ScenarioStore(EventTypes Types, EventStoreOptions? Options)
{
    private static readonly DateTimeOffset Start = new(2000, 1, 1, 0, 0, 0, TimeSpan.Zero);

    private ImmutableList<Step> Steps { get; init; } = [];

    /// <summary>What the clock shows.</summary>
    public DateTimeOffset Now { get; private init; } = Start;

    public ScenarioStore Given(Func<EventStore, string> stream, IReadOnlyList<object> events)
    {
        ArgumentNullException.ThrowIfNull(events);
        return events.Count == 0 ? this : this with { Steps = Steps.Add(new Step(Now, stream, events)) };
    }

    public ScenarioStore At(DateTimeOffset now) => now >= Now
        ? this with { Now = now }
        : throw new ArgumentOutOfRangeException(nameof(now), now, $"The scenario has come to {Now:O}; its clock goes forwards only.");

    /// <summary>A store that holds the events, and its clock, which shows the time after them.</summary>
    public async ValueTask<(EventStore Store, ScenarioClock Clock)> OpenAsync()
    {
        var clock = new ScenarioClock();
        var store = new EventStore(new InMemoryEventStorage(new EventStorageOptions { TimeProvider = clock }), Types, Options);
        foreach (var (at, stream, events) in Steps)
        {
            clock.Now = at;
            await store.AppendAsync(stream(store), ExpectedVersion.Any, events).ConfigureAwait(false);
        }

        clock.Now = Now;
        return (store, clock);
    }

    private sealed record Step(DateTimeOffset At, Func<EventStore, string> Stream, IReadOnlyList<object> Events);
}
