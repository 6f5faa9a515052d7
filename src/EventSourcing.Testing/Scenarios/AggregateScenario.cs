using System.Diagnostics.CodeAnalysis;
using System.Runtime.CompilerServices;

namespace EventSourcing.Testing;

/// <summary>A scenario of one aggregate. Immutable: what several tests share can be given once and extended by each.</summary>
/// <typeparam name="T">The aggregate's class.</typeparam>
public sealed class AggregateScenario<[DynamicallyAccessedMembers(DynamicallyAccessedMemberTypes.PublicParameterlessConstructor)] T>
    where T : Aggregate, new()
{
    /// <summary>The id that the aggregate has in scenarios.</summary>
    public const string Id = "1";

    // A lambda that throws alone fits each of them: then that of a task is meant, and not that of a ValueTask.
    private const int First = 2;
    private const int AfterTask = 1;

    private readonly ScenarioStore _store;

    internal AggregateScenario(ScenarioStore store) => _store = store;

    /// <summary>Events that the aggregate has.</summary>
    /// <param name="events">The events in order: payloads, or <see cref="EventData"/> around them.</param>
    /// <returns>The scenario with them.</returns>
    public AggregateScenario<T> Given(params object[] events) => new(_store.Given(static store => store.Aggregate<T>(Id).Stream, events));

    /// <summary>Sets the clock for everything given and done after this.</summary>
    /// <param name="now">The instant; not before the one last set. The clock begins with the year 2000.</param>
    /// <returns>The scenario at that time.</returns>
    public AggregateScenario<T> At(DateTimeOffset now) => new(_store.At(now));

    /// <summary>Moves the clock on for everything given and done after this.</summary>
    /// <param name="time">How far; not negative.</param>
    /// <returns>The scenario at that time.</returns>
    public AggregateScenario<T> After(TimeSpan time) => new(_store.At(_store.Now + time));

    /// <summary>Acts on the aggregate, loaded from the given events; if none were given, on a new one.</summary>
    /// <param name="act">The command.</param>
    /// <returns>The outcome, to state what is expected of it.</returns>
    public ScenarioOutcome<T> When(Action<T> act)
    {
        ArgumentNullException.ThrowIfNull(act);
        return When((aggregate, _) =>
        {
            act(aggregate);
            return Task.CompletedTask;
        });
    }

    /// <inheritdoc cref="When(Action{T})"/>
    [OverloadResolutionPriority(AfterTask)]
    public ScenarioOutcome<T> When(Func<T, ValueTask> act)
    {
        ArgumentNullException.ThrowIfNull(act);
        return When((aggregate, _) => act(aggregate).AsTask());
    }

    /// <inheritdoc cref="When(Action{T})"/>
    [OverloadResolutionPriority(First)]
    public ScenarioOutcome<T> When(Func<T, Task> act)
    {
        ArgumentNullException.ThrowIfNull(act);
        return When((aggregate, _) => act(aggregate));
    }

    /// <summary>Acts on the aggregate, with the scenario's clock for commands that need to know the time.</summary>
    /// <param name="act">The command.</param>
    /// <returns>The outcome, to state what is expected of it.</returns>
    public ScenarioOutcome<T> When(Action<T, TimeProvider> act)
    {
        ArgumentNullException.ThrowIfNull(act);
        return When((aggregate, clock) =>
        {
            act(aggregate, clock);
            return Task.CompletedTask;
        });
    }

    /// <inheritdoc cref="When(Action{T, TimeProvider})"/>
    [OverloadResolutionPriority(AfterTask)]
    public ScenarioOutcome<T> When(Func<T, TimeProvider, ValueTask> act)
    {
        ArgumentNullException.ThrowIfNull(act);
        return When((aggregate, clock) => act(aggregate, clock).AsTask());
    }

    /// <inheritdoc cref="When(Action{T, TimeProvider})"/>
    [OverloadResolutionPriority(First)]
    public ScenarioOutcome<T> When(Func<T, TimeProvider, Task> act)
    {
        ArgumentNullException.ThrowIfNull(act);
        return new(
            _store,
            (store, command) => store.Aggregate<T>(Id).CreateOrUpdateAsync(aggregate =>
                command.CallAsync(() => act(aggregate, command.Clock))),
            async (store, asOf) => await store.Aggregate<T>(Id).FindAsync(asOf).ConfigureAwait(false) ?? store.Aggregate<T>(Id).New());
    }
}
