using System.Globalization;
using System.Text;
using System.Text.Json;

namespace EventSourcing.Testing;

/// <summary>The outcome of a scenario. Each call of a <c>Then</c> method runs the whole scenario afresh.</summary>
public class ScenarioOutcome
{
    private readonly ScenarioStore _given;
    private readonly Func<EventStore, TimeProvider, Task> _act;

    internal ScenarioOutcome(ScenarioStore given, Func<EventStore, TimeProvider, Task> act)
    {
        _given = given;
        _act = act;
    }

    /// <summary>Then exactly these events were appended, in this order.</summary>
    /// <param name="events">The events: payloads, compared as JSON; or <see cref="EventData"/> to compare the tags as well.</param>
    /// <returns>A task that completes if the check succeeds.</returns>
    /// <exception cref="ScenarioException">Other events were appended, or the scenario failed.</exception>
    public async Task ThenAsync(params object[] events)
    {
        ArgumentNullException.ThrowIfNull(events);
        var (store, appended, error) = await RunAsync().ConfigureAwait(false);
        await using (store.ConfigureAwait(false))
        {
            if (error is not null)
                throw new ScenarioException(
                    $"The scenario should have appended{List(store, events)}\nbut failed with {error.GetType().Name}: {error.Message}",
                    error);
            var differences = Differences(store, events, appended);
            if (differences.Length > 0)
                throw new ScenarioException(
                    $"The scenario should have appended{List(store, events)}\n"
                    + $"but appended{List(store, [.. appended.Select(e => e.Data)])}\n{differences}");
        }
    }

    /// <summary>Then nothing was appended, and nothing failed.</summary>
    /// <returns>A task that completes if the check succeeds.</returns>
    /// <exception cref="ScenarioException">Something was appended, or the scenario failed.</exception>
    public Task ThenNothingAsync() => ThenAsync();

    /// <summary>Then it failed, and nothing was appended.</summary>
    /// <typeparam name="TException">The type of the error, or a base of it.</typeparam>
    /// <param name="where">A condition that the error must meet as well; null for none.</param>
    /// <returns>The error.</returns>
    /// <exception cref="ScenarioException">The scenario did not fail, or failed in another way.</exception>
    public async Task<TException> ThenThrowsAsync<TException>(Func<TException, bool>? where = null)
        where TException : Exception
    {
        var (store, appended, error) = await RunAsync().ConfigureAwait(false);
        await using (store.ConfigureAwait(false))
        {
            if (error is null)
                throw new ScenarioException(
                    $"The scenario should have failed with {typeof(TException).Name}, "
                    + $"but appended{List(store, [.. appended.Select(e => e.Data)])}");
            if (error is not TException expected)
                throw new ScenarioException(
                    $"The scenario should have failed with {typeof(TException).Name}, "
                    + $"but failed with {error.GetType().Name}: {error.Message}",
                    error);
            if (where is not null && !where(expected))
                throw new ScenarioException(
                    $"The scenario failed with {error.GetType().Name} as expected, "
                    + $"but the condition does not hold for this error: {error.Message}",
                    error);
            return appended.Count == 0 ? expected : throw new ScenarioException(
                $"The scenario failed with {error.GetType().Name}, but before that it had "
                + $"appended{List(store, [.. appended.Select(e => e.Data)])}",
                error);
        }
    }

    /// <summary>Fills a store, acts, and returns what was appended and what was thrown.</summary>
    private protected async Task<(EventStore Store, IReadOnlyList<RecordedEvent> Appended, Exception? Error)> RunAsync()
    {
        var (store, clock) = await _given.OpenAsync().ConfigureAwait(false);
        try
        {
            var before = await store.GetHeadAsync().ConfigureAwait(false);
            var error = await ErrorOfAsync(() => _act(store, clock)).ConfigureAwait(false);
            if (error is ScenarioException wrongScenario) throw new ScenarioException(wrongScenario.Message, wrongScenario);
            var appended = new List<RecordedEvent>();
            await foreach (var e in store.ReadLogAsync(new LogReadOptions { After = before }).ConfigureAwait(false)) appended.Add(e);
            return (store, appended, error);
        }
        catch
        {
            await store.DisposeAsync().ConfigureAwait(false);
            throw;
        }
    }

    private static async Task<Exception?> ErrorOfAsync(Func<Task> act)
    {
        try
        {
            await act().ConfigureAwait(false);
            return null;
        }
        catch (Exception error)
        {
            return error;
        }
    }

    private static string Differences(EventStore store, object[] expected, IReadOnlyList<RecordedEvent> appended)
    {
        var text = new StringBuilder();
        for (var i = 0; i < Math.Max(expected.Length, appended.Count); i++)
        {
            if (i >= appended.Count) Say(i, $"{PayloadOf(expected[i]).GetType().Name} was not appended");
            else if (i >= expected.Length) Say(i, $"{appended[i].Data.GetType().Name} was appended, but is not expected");
            else if (PayloadOf(expected[i]).GetType() is var type && type != appended[i].Data.GetType())
                Say(i, $"should be a {type.Name}, but is a {appended[i].Data.GetType().Name}");
            else
            {
                foreach (var change in MemberChange.Between(Json(store, PayloadOf(expected[i])), Json(store, appended[i].Data)))
                    Say(i, change.ToString());
                if (expected[i] is EventData { Tags: var tags } && !tags.ToHashSet(StringComparer.Ordinal).SetEquals(appended[i].Tags))
                    Say(i, $"should have the tags [{string.Join(", ", tags)}], but has [{string.Join(", ", appended[i].Tags)}]");
            }
        }

        return text.ToString().TrimEnd('\n');

        void Say(int index, string difference) => text.Append(CultureInfo.InvariantCulture, $"  event {index + 1}: {difference}\n");
    }

    private static object PayloadOf(object @event) => @event is EventData data
        ? data.Payload
        : @event ?? throw new ArgumentNullException(nameof(@event), "An event of the scenario is null.");

    private static string List(EventStore store, object[] events) =>
        events.Length == 0 ? " nothing" : ":" + string.Concat(events.Select((e, i) => string.Create(
            CultureInfo.InvariantCulture, $"\n  {i + 1}. {PayloadOf(e).GetType().Name} {Json(store, PayloadOf(e)).GetRawText()}")));

    private static JsonElement Json(EventStore store, object payload) =>
        JsonSerializer.SerializeToElement(payload, store.Json.GetTypeInfo(payload.GetType()));
}

/// <summary>The outcome of a scenario that has a state. Each call of a <c>Then</c> method runs the whole scenario afresh.</summary>
/// <typeparam name="TState">The aggregate, or the state of a decider.</typeparam>
public sealed class ScenarioOutcome<TState> : ScenarioOutcome
{
    private readonly Func<EventStore, Task<TState>> _load;

    internal ScenarioOutcome(ScenarioStore given, Func<EventStore, TimeProvider, Task> act, Func<EventStore, Task<TState>> load)
        : base(given, act) => _load = load;

    /// <summary>Then the state, loaded afresh from all events, is as expected.</summary>
    /// <param name="check">Throws if the state is not as expected, for example by an assertion of a test framework.</param>
    /// <returns>A task that completes if the check succeeds.</returns>
    /// <exception cref="ScenarioException">The scenario failed.</exception>
    public async Task ThenStateAsync(Action<TState> check)
    {
        ArgumentNullException.ThrowIfNull(check);
        var (store, _, error) = await RunAsync().ConfigureAwait(false);
        await using (store.ConfigureAwait(false))
        {
            if (error is not null)
                throw new ScenarioException(
                    $"The scenario should have succeeded, but failed with {error.GetType().Name}: {error.Message}", error);
            check(await _load(store).ConfigureAwait(false));
        }
    }
}
