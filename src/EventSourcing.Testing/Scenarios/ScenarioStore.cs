using System.Collections.Immutable;
using System.Globalization;

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
    /// <exception cref="ScenarioException">An event cannot be given.</exception>
    public async ValueTask<(EventStore Store, ScenarioClock Clock)> OpenAsync()
    {
        var clock = new ScenarioClock();
        var store = new EventStore(new InMemoryEventStorage(new EventStorageOptions { TimeProvider = clock }), Types, Options);
        try
        {
            var before = 0;
            foreach (var (at, stream, events) in Steps)
            {
                clock.Now = at;
                await GiveAsync(store, stream(store), events, before).ConfigureAwait(false);
                before += events.Count;
            }
        }
        catch
        {
            await store.DisposeAsync().ConfigureAwait(false);
            throw;
        }

        clock.Now = Now;
        return (store, clock);
    }

    /// <summary>A given event, for messages.</summary>
    /// <param name="number">Its number among those given, from 1.</param>
    public string Describe(long number) => Describe(number, Steps.SelectMany(step => step.Events).ElementAt((int)number - 1));

    private static string Describe(long number, object? e) => string.Create(
        CultureInfo.InvariantCulture, $"The given event {number}, {(e is EventData data ? data.Payload : e)?.GetType().Name ?? "null"},");

    private static async Task GiveAsync(EventStore store, string stream, IReadOnlyList<object> events, int before)
    {
        try
        {
            // An id that was given before would make this a repetition, which stores nothing.
            if (!(await store.AppendAsync(stream, ExpectedVersion.Any, events).ConfigureAwait(false)).WasAlreadyStored) return;
        }
        catch (Exception refused)
        {
            // Any exception: the members and converters of the events run in there.
            throw await RefusalAsync(store, stream, events, before, refused).ConfigureAwait(false);
        }

        throw new ScenarioException(
            $"{Describe(before + 1, events[0])} has an id that was given before, so it would not be stored again. "
            + "Give it another id, or none.");
    }

    /// <summary>Finds the event that was refused, by giving one after the other.</summary>
    private static async Task<ScenarioException> RefusalAsync(
        EventStore store, string stream, IReadOnlyList<object> events, int before, Exception refused)
    {
        for (var i = 0; i < events.Count; i++)
        {
            try
            {
                await store.AppendAsync(stream, ExpectedVersion.Any, [events[i]]).ConfigureAwait(false);
            }
            catch (Exception flaw)
            {
                return Refusal(Describe(before + i + 1, events[i]), flaw);
            }
        }

        return Refusal($"The given events of the stream '{stream}'", refused);
    }

    private static ScenarioException Refusal(string what, Exception flaw) => new(
        $"{what} cannot be stored, so the scenario cannot begin: {flaw.GetType().Name}: {flaw.Message}", flaw);

    private sealed record Step(DateTimeOffset At, Func<EventStore, string> Stream, IReadOnlyList<object> Events);
}
