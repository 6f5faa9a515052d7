namespace EventSourcing.Testing;

/// <summary>The outcome of a scenario. Each call of a <c>Then</c> method runs the whole scenario afresh.</summary>
public class ScenarioOutcome
{
    private readonly ScenarioStore _given;
    private readonly Func<EventStore, ScenarioCommand, Task> _act;

    internal ScenarioOutcome(ScenarioStore given, Func<EventStore, ScenarioCommand, Task> act)
    {
        _given = given;
        _act = act;
    }

    /// <summary>Then exactly these events were appended, in this order. To which streams is not compared.</summary>
    /// <param name="events">
    /// The events: payloads, compared as JSON; or <see cref="EventData"/> to compare the tags as well, and the id and the metadata if it
    /// has them.
    /// </param>
    /// <returns>A task that completes if the check succeeds.</returns>
    /// <exception cref="ScenarioException">Other events were appended, or the scenario failed.</exception>
    public Task ThenAsync(params object[] events) => HoldAsync(stream: null, events);

    /// <summary>Then exactly these events were appended to a stream, in this order, whatever was appended to others.</summary>
    /// <param name="stream">The stream's name.</param>
    /// <param name="events">The events; see <see cref="ThenAsync"/>.</param>
    /// <returns>A task that completes if the check succeeds.</returns>
    /// <exception cref="ScenarioException">Other events were appended to the stream, or the scenario failed.</exception>
    public Task ThenInStreamAsync(string stream, params object[] events)
    {
        ArgumentException.ThrowIfNullOrEmpty(stream);
        return HoldAsync(stream, events);
    }

    /// <summary>Then nothing was appended, and nothing failed.</summary>
    /// <returns>A task that completes if the check succeeds.</returns>
    /// <exception cref="ScenarioException">Something was appended, or the scenario failed.</exception>
    public Task ThenNothingAsync() => ThenAsync();

    /// <summary>
    /// Then the command failed, and nothing was appended. An error before the command is called proves nothing about the command, nor does
    /// one because the store cannot store what the command gave: these are a <see cref="ScenarioException"/>. A conflict that the store
    /// finds, such as a <see cref="WrongExpectedVersionException"/>, counts as a failure of the command.
    /// </summary>
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
                    + $"but appended{ScenarioDifferences.List(store, [.. appended.Select(e => e.Data)])}");
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
                + $"appended{ScenarioDifferences.List(store, [.. appended.Select(e => e.Data)])}",
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
            var command = new ScenarioCommand(clock);
            var error = await ErrorOfAsync(() => _act(store, command)).ConfigureAwait(false);
            if (error is not null) await ThrowUnlessOfCommandAsync(store, before, command, error).ConfigureAwait(false);
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

    private async Task HoldAsync(string? stream, object[] events)
    {
        ArgumentNullException.ThrowIfNull(events);
        var (store, all, error) = await RunAsync().ConfigureAwait(false);
        await using (store.ConfigureAwait(false))
        {
            var to = stream is null ? "" : $" to '{stream}'";
            if (error is not null)
                throw new ScenarioException(
                    $"The scenario should have appended{to}{ScenarioDifferences.List(store, events)}\n"
                    + $"but failed with {error.GetType().Name}: {error.Message}",
                    error);
            var appended = all.Where(e => stream is null || e.Stream == stream).ToList();
            var differences = ScenarioDifferences.Of(store, events, appended);
            if (differences.Length == 0) return;
            var others = all.Except(appended).Select(e => $"'{e.Stream}'").Distinct().ToList();
            throw new ScenarioException(
                $"The scenario should have appended{to}{ScenarioDifferences.List(store, events)}\n"
                + $"but appended{ScenarioDifferences.List(store, [.. appended.Select(e => e.Data)])}\n{differences}"
                + (others.Count == 0 ? "" : $"\nIt has also appended to {string.Join(", ", others)}."));
        }
    }

    /// <summary>Folds the given events up to a point, as the command does before it is called.</summary>
    private protected virtual Task FoldAsync(EventStore store, AsOf asOf) => Task.CompletedTask;

    /// <summary>Only an error of the command itself, or a conflict, is an outcome. Of another one the test would prove nothing.</summary>
    /// <param name="store">The store.</param>
    /// <param name="given">How many events were given.</param>
    /// <param name="command">What is known of the command.</param>
    /// <param name="error">The error.</param>
    private async Task ThrowUnlessOfCommandAsync(EventStore store, long given, ScenarioCommand command, Exception error)
    {
        if (error is ScenarioException wrongScenario) throw new ScenarioException(wrongScenario.Message, wrongScenario);
        if (command.HasFailed || (command.IsCalled && error is EventSourcingException)) return;
        if (command.IsCalled)
            throw new ScenarioException(
                $"The command did not fail, but what it gave cannot be appended: {error.GetType().Name}: {error.Message}", error);
        for (var number = 1L; number <= given; number++)
        {
            if (await ErrorOfAsync(() => FoldAsync(store, AsOf.Position(number))).ConfigureAwait(false) is { } flaw)
                throw new ScenarioException(
                    $"{_given.Describe(number)} cannot be applied, so the command was not called: {flaw.GetType().Name}: {flaw.Message}",
                    flaw);
        }

        throw new ScenarioException($"The command was not called, because of this before: {error.GetType().Name}: {error.Message}", error);
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
}

/// <summary>The outcome of a scenario that has a state. Each call of a <c>Then</c> method runs the whole scenario afresh.</summary>
/// <typeparam name="TState">The aggregate, or the state of a decider.</typeparam>
public sealed class ScenarioOutcome<TState> : ScenarioOutcome
{
    private readonly Func<EventStore, AsOf, Task<TState>> _load;

    internal ScenarioOutcome(
        ScenarioStore given, Func<EventStore, ScenarioCommand, Task> act, Func<EventStore, AsOf, Task<TState>> load)
        : base(given, act) => _load = load;

    /// <summary>Then the state, loaded afresh from all events, is as expected.</summary>
    /// <param name="check">Throws if the state is not as expected, for example by an assertion of a test framework.</param>
    /// <returns>A task that completes if the check succeeds.</returns>
    /// <exception cref="ScenarioException">The scenario failed.</exception>
    public Task ThenStateAsync(Action<TState> check)
    {
        ArgumentNullException.ThrowIfNull(check);
        return ThenStateAsync(state =>
        {
            check(state);
            return Task.CompletedTask;
        });
    }

    /// <inheritdoc cref="ThenStateAsync(Action{TState})"/>
    public async Task ThenStateAsync(Func<TState, Task> check)
    {
        ArgumentNullException.ThrowIfNull(check);
        var (store, _, error) = await RunAsync().ConfigureAwait(false);
        await using (store.ConfigureAwait(false))
        {
            if (error is not null)
                throw new ScenarioException(
                    $"The scenario should have succeeded, but failed with {error.GetType().Name}: {error.Message}", error);
            await check(await _load(store, AsOf.Now).ConfigureAwait(false)).ConfigureAwait(false);
        }
    }

    private protected override Task FoldAsync(EventStore store, AsOf asOf) => _load(store, asOf);
}
