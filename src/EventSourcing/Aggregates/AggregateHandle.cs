using System.Diagnostics.CodeAnalysis;
using System.Runtime.CompilerServices;

namespace EventSourcing;

/// <summary>
/// One aggregate of a store, addressed by its id. The handle holds no state and may be kept, copied and shared; every
/// call loads afresh.
/// </summary>
/// <typeparam name="T">The aggregate's class.</typeparam>
public readonly partial struct AggregateHandle<
    [DynamicallyAccessedMembers(DynamicallyAccessedMemberTypes.PublicParameterlessConstructor)] T>
    where T : Aggregate, new()
{
    /// <summary>
    /// The order in which the compiler considers the overloads for a lambda: a command that returns a task must not be taken for an action,
    /// which nobody awaits, and an asynchronous lambda could be either kind of task.
    /// </summary>
    private const int First = 2;

    /// <inheritdoc cref="First"/>
    private const int AfterTask = 1;

    private readonly EventStore _store;

    internal AggregateHandle(EventStore store, string id)
    {
        AggregateFold<T>.ThrowIfFlawed();
        _store = store;
        Id = id;
        Stream = StreamName.For(AggregateFold<T>.CategoryOfStreams, id);
    }

    /// <summary>The aggregate's id.</summary>
    public string Id { get; }

    /// <summary>The name of its stream: the category in camel case, a hyphen, the id.</summary>
    public string Stream { get; }

    /// <summary>A new, empty aggregate under this id, to act on and give to <c>SaveAsync</c>. Nothing is read.</summary>
    /// <returns>The aggregate, at version 0.</returns>
    public T New() => new AggregateFold<T>(Id, Stream, _store).Begin();

    /// <summary>Rebuilds the aggregate from its events.</summary>
    /// <param name="asOf">The point in the past to rebuild it at; by default now.</param>
    /// <param name="cancellationToken">Cancels the load.</param>
    /// <returns>The aggregate.</returns>
    /// <exception cref="AggregateNotFoundException">It has no events, or none yet at that point.</exception>
    /// <exception cref="UnknownEventTypeException">One of its events is not in the store's types.</exception>
    public async Task<T> LoadAsync(AsOf asOf = default, CancellationToken cancellationToken = default)
    {
        var stream = Stream;
        return await FindAsync(asOf, cancellationToken).ConfigureAwait(false)
            ?? throw new AggregateNotFoundException(typeof(T), stream, asOf);
    }

    /// <summary>Rebuilds the aggregate from its events, if it has any.</summary>
    /// <param name="asOf">The point in the past to rebuild it at; by default now.</param>
    /// <param name="cancellationToken">Cancels the load.</param>
    /// <returns>The aggregate, or <see langword="null"/> if it has no events, or none yet at that point.</returns>
    /// <exception cref="UnknownEventTypeException">One of its events is not in the store's types.</exception>
    public async Task<T?> FindAsync(AsOf asOf = default, CancellationToken cancellationToken = default)
    {
        var load = new StateLoad<T>(_store, new AggregateFold<T>(Id, Stream, _store), isForCommand: false);
        await load.LoadAsync(asOf, cancellationToken).ConfigureAwait(false);
        load.Due?.Enqueue();
        return load.Version > 0 ? load.State : null;
    }

    /// <summary>Creates the aggregate: acts on an empty one and appends the events raised, expecting no stream.</summary>
    /// <param name="act">The command.</param>
    /// <param name="metadata">The metadata of the events.</param>
    /// <param name="commandId">
    /// An id of the command's own, the same one whenever it is repeated. The command then takes effect once: every repetition, in any
    /// process and whatever has happened since, does not act and returns the original result. The ids of its events derive from the
    /// command's id, so a UUIDv7 keeps them in the order of time. A command that raised nothing stores nothing, so its repetition acts
    /// again.
    /// </param>
    /// <param name="cancellationToken">Cancels while the append waits for its turn; then nothing was written.</param>
    /// <returns>Where the events stand.</returns>
    /// <exception cref="ArgumentException">The command's id is empty, or an event has an id of its own besides the command's.</exception>
    /// <exception cref="CommandIdReusedException">The id was given to a command with another fingerprint; nothing was written.</exception>
    /// <exception cref="InvalidOperationException">The command raised no event.</exception>
    /// <exception cref="InvalidOperationException">The call comes from within a command on the same stream. It did nothing.</exception>
    /// <exception cref="WrongExpectedVersionException">The aggregate exists already; nothing was written.</exception>
    public Task<AppendResult> CreateAsync(
        Action<T> act, EventMetadata? metadata = null, CommandId? commandId = null, CancellationToken cancellationToken = default) =>
        CreateAsync(Async(act), metadata, commandId, cancellationToken);

    /// <inheritdoc cref="CreateAsync(Action{T}, EventMetadata, CommandId?, CancellationToken)"/>
    [OverloadResolutionPriority(AfterTask)]
    public Task<AppendResult> CreateAsync(
        Func<T, ValueTask> act,
        EventMetadata? metadata = null,
        CommandId? commandId = null,
        CancellationToken cancellationToken = default) =>
        CreateAsync(Async(act), metadata, commandId, cancellationToken);

    /// <inheritdoc cref="CreateAsync(Action{T}, EventMetadata, CommandId?, CancellationToken)"/>
    [OverloadResolutionPriority(First)]
    public Task<AppendResult> CreateAsync(
        Func<T, Task> act, EventMetadata? metadata = null, CommandId? commandId = null, CancellationToken cancellationToken = default) =>
        Command(act, metadata, commandId, cancellationToken).CreateAsync();

    /// <summary>
    /// Loads the aggregate, acts on it and appends the events raised, expecting the version loaded. On a conflict it reads the new events.
    /// If <see cref="Aggregate.ConflictsWith"/> finds no conflict among them, the raised events are appended as they are. Otherwise it acts
    /// again on a fresh instance, up to <see cref="EventStoreOptions.MaxConflictRetries"/> times, so <paramref name="act"/> must do nothing
    /// but act on the aggregate.
    /// </summary>
    /// <param name="act">The command. It may raise nothing; then nothing is appended.</param>
    /// <param name="metadata">The metadata of the events.</param>
    /// <param name="commandId">
    /// An id of the command's own, the same one whenever it is repeated. The command then takes effect once: every repetition, in any
    /// process and whatever has happened since, does not act and returns the original result. The ids of its events derive from the
    /// command's id, so a UUIDv7 keeps them in the order of time. A command that raised nothing stores nothing, so its repetition acts
    /// again.
    /// </param>
    /// <param name="cancellationToken">Cancels the load, or the append while it waits for its turn; then nothing was written.</param>
    /// <returns>Where the events stand; if none was raised, where the aggregate's last event stands.</returns>
    /// <exception cref="AggregateNotFoundException">It has no events.</exception>
    /// <exception cref="ArgumentException">The command's id is empty, or an event has an id of its own besides the command's.</exception>
    /// <exception cref="CommandIdReusedException">The id was given to a command with another fingerprint; nothing was written.</exception>
    /// <exception cref="InvalidOperationException">The call comes from within a command on the same stream. It did nothing.</exception>
    /// <exception cref="WrongExpectedVersionException">Every try met a conflict; nothing was written.</exception>
    public Task<AppendResult> UpdateAsync(
        Action<T> act, EventMetadata? metadata = null, CommandId? commandId = null, CancellationToken cancellationToken = default) =>
        UpdateAsync(Async(act), metadata, commandId, cancellationToken);

    /// <inheritdoc cref="UpdateAsync(Action{T}, EventMetadata, CommandId?, CancellationToken)"/>
    [OverloadResolutionPriority(AfterTask)]
    public Task<AppendResult> UpdateAsync(
        Func<T, ValueTask> act,
        EventMetadata? metadata = null,
        CommandId? commandId = null,
        CancellationToken cancellationToken = default) =>
        UpdateAsync(Async(act), metadata, commandId, cancellationToken);

    /// <inheritdoc cref="UpdateAsync(Action{T}, EventMetadata, CommandId?, CancellationToken)"/>
    [OverloadResolutionPriority(First)]
    public Task<AppendResult> UpdateAsync(
        Func<T, Task> act, EventMetadata? metadata = null, CommandId? commandId = null, CancellationToken cancellationToken = default)
    {
        var stream = Stream;
        return Command(act, metadata, commandId, cancellationToken).UpdateAsync(notFound: () =>
            new AggregateNotFoundException(typeof(T), stream, AsOf.Now));
    }

    /// <summary>
    /// The same as <see cref="UpdateAsync(Action{T}, EventMetadata, CommandId?, CancellationToken)"/>, but an aggregate without
    /// events is acted on as a new one.
    /// </summary>
    /// <param name="act">The command. It may raise nothing; then nothing is appended.</param>
    /// <param name="metadata">The metadata of the events.</param>
    /// <param name="commandId">
    /// An id of the command's own, the same one whenever it is repeated. The command then takes effect once: every repetition, in any
    /// process and whatever has happened since, does not act and returns the original result. The ids of its events derive from the
    /// command's id, so a UUIDv7 keeps them in the order of time. A command that raised nothing stores nothing, so its repetition acts
    /// again.
    /// </param>
    /// <param name="cancellationToken">Cancels the load, or the append while it waits for its turn; then nothing was written.</param>
    /// <returns>Where the events stand; if none was raised, where the aggregate's last event stands.</returns>
    /// <exception cref="ArgumentException">The command's id is empty, or an event has an id of its own besides the command's.</exception>
    /// <exception cref="CommandIdReusedException">The id was given to a command with another fingerprint; nothing was written.</exception>
    /// <exception cref="InvalidOperationException">The call comes from within a command on the same stream. It did nothing.</exception>
    /// <exception cref="WrongExpectedVersionException">Every try met a conflict; nothing was written.</exception>
    public Task<AppendResult> CreateOrUpdateAsync(
        Action<T> act, EventMetadata? metadata = null, CommandId? commandId = null, CancellationToken cancellationToken = default) =>
        CreateOrUpdateAsync(Async(act), metadata, commandId, cancellationToken);

    /// <inheritdoc cref="CreateOrUpdateAsync(Action{T}, EventMetadata, CommandId?, CancellationToken)"/>
    [OverloadResolutionPriority(AfterTask)]
    public Task<AppendResult> CreateOrUpdateAsync(
        Func<T, ValueTask> act,
        EventMetadata? metadata = null,
        CommandId? commandId = null,
        CancellationToken cancellationToken = default) =>
        CreateOrUpdateAsync(Async(act), metadata, commandId, cancellationToken);

    /// <inheritdoc cref="CreateOrUpdateAsync(Action{T}, EventMetadata, CommandId?, CancellationToken)"/>
    [OverloadResolutionPriority(First)]
    public Task<AppendResult> CreateOrUpdateAsync(
        Func<T, Task> act, EventMetadata? metadata = null, CommandId? commandId = null, CancellationToken cancellationToken = default) =>
        Command(act, metadata, commandId, cancellationToken).UpdateAsync(notFound: null);

    private static Func<T, Task> Async(Func<T, ValueTask> act)
    {
        ArgumentNullException.ThrowIfNull(act);
        return aggregate => act(aggregate).AsTask();
    }

    private static Func<T, Task> Async(Action<T> act)
    {
        ArgumentNullException.ThrowIfNull(act);
        return aggregate =>
        {
            act(aggregate);
            return Task.CompletedTask;
        };
    }

    private StreamCommand<T> Command(Func<T, Task> act, EventMetadata? metadata, CommandId? commandId, CancellationToken cancellationToken)
    {
        ArgumentNullException.ThrowIfNull(act);
        return new StreamCommand<T>(_store, new AggregateFold<T>(Id, Stream, _store), Act, metadata, commandId, cancellationToken);

        async ValueTask<IReadOnlyList<object>> Act(T aggregate)
        {
            await MissingAnswer.ThrowIfNull(act(aggregate), "its task").ConfigureAwait(false);
            aggregate.EndCommand();
            return aggregate.UncommittedEvents;
        }
    }
}
