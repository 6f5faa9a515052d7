namespace EventSourcing.Testing;

/// <summary>
/// A scenario of a decision over a query: what it reads is its boundary. Immutable. Given events must lie inside that boundary, so that no
/// test passes because of an event which the real decision would not see.
/// </summary>
public sealed class DecisionScenario
{
    private readonly ScenarioStore _store;
    private readonly IReadOnlyList<(string Stream, int Count, bool Inside)> _given;

    internal DecisionScenario(ScenarioStore store, IReadOnlyList<(string Stream, int Count, bool Inside)>? given = null)
    {
        _store = store;
        _given = given ?? [];
    }

    /// <summary>Events of a stream that the decision sees.</summary>
    /// <param name="stream">The stream's name.</param>
    /// <param name="events">The events in order: payloads, or <see cref="EventData"/> to give tags.</param>
    /// <returns>The scenario with them.</returns>
    public DecisionScenario Given(string stream, params object[] events) => With(stream, events, inside: true);

    /// <summary>Events of a stream that the decision does not see, and so cannot depend on.</summary>
    /// <param name="stream">The stream's name.</param>
    /// <param name="events">The events in order: payloads, or <see cref="EventData"/> to give tags.</param>
    /// <returns>The scenario with them.</returns>
    public DecisionScenario GivenOutside(string stream, params object[] events) => With(stream, events, inside: false);

    /// <summary>Sets the clock for everything given and done after this.</summary>
    /// <param name="now">The instant; not before the one last set. The clock begins with the year 2000.</param>
    /// <returns>The scenario at that time.</returns>
    public DecisionScenario At(DateTimeOffset now) => new(_store.At(now), _given);

    /// <summary>Moves the clock on for everything given and done after this.</summary>
    /// <param name="time">How far; not negative.</param>
    /// <returns>The scenario at that time.</returns>
    public DecisionScenario After(TimeSpan time) => new(_store.At(_store.Now + time), _given);

    /// <summary>Decides, as <see cref="DecisionExtensions.DecideAsync"/> does.</summary>
    /// <param name="query">The events that matter to the decision.</param>
    /// <param name="decide">Returns what to append, from the events.</param>
    /// <returns>The outcome, to state what is expected of it.</returns>
    public ScenarioOutcome When(EventQuery query, Func<IReadOnlyList<RecordedEvent>, IReadOnlyList<StreamAppend>> decide)
    {
        ArgumentNullException.ThrowIfNull(query);
        ArgumentNullException.ThrowIfNull(decide);
        return new ScenarioOutcome(_store, async (store, command) =>
        {
            await HoldBoundaryAsync(store, query).ConfigureAwait(false);
            await store.DecideAsync(query, events => command.Call(() => decide(events))).ConfigureAwait(false);
        });
    }

    private DecisionScenario With(string stream, object[] events, bool inside)
    {
        ArgumentNullException.ThrowIfNull(events);
        return new(_store.Given(_ => stream, events), [.. _given, (stream, events.Length, inside)]);
    }

    /// <summary>Checks that each given event lies on the side of the boundary for which it was given.</summary>
    private async ValueTask HoldBoundaryAsync(EventStore store, EventQuery query)
    {
        var seen = (await store.QueryAsync(query).ConfigureAwait(false)).Events.Select(e => e.Position).ToHashSet();
        var position = 0L;
        foreach (var (_, count, inside) in _given)
        {
            for (var i = 0; i < count; i++)
            {
                if (seen.Contains(++position) == inside) continue;
                await foreach (var e in store.ReadLogAsync(new LogReadOptions { After = position - 1, Limit = 1 }).ConfigureAwait(false))
                {
                    throw new ScenarioException(inside
                        ? $"The event {e} lies outside the boundary of the decision, which is {query}: the decision cannot see it. "
                            + "Widen the query if the decision depends on it, or give it by GivenOutside."
                        : $"The event {e} was given as one outside the boundary of the decision, which is {query}, but lies inside. "
                            + "Narrow the query, or give it by Given.");
                }
            }
        }
    }
}
