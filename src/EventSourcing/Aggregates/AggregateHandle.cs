using System.Diagnostics.CodeAnalysis;
using System.Reflection;
using System.Text.Json;

namespace EventSourcing;

/// <summary>
/// One aggregate of a store, addressed by its id. The handle holds no state and may be kept, copied and shared; every
/// call loads afresh.
/// </summary>
/// <typeparam name="T">The aggregate's class.</typeparam>
public readonly partial struct AggregateHandle<[DynamicallyAccessedMembers(DynamicallyAccessedMemberTypes.PublicParameterlessConstructor)] T>
    where T : Aggregate, new()
{
    private static readonly string Category =
        typeof(T).GetCustomAttribute<AggregateCategoryAttribute>(inherit: false)?.Category ?? JsonNamingPolicy.CamelCase.ConvertName(typeof(T).Name);

    private readonly EventStore _store;

    internal AggregateHandle(EventStore store, string id)
    {
        _store = store;
        Id = id;
        Stream = StreamName.For(Category, id);
    }

    /// <summary>The aggregate's id.</summary>
    public string Id { get; }

    /// <summary>The name of its stream: the category in camel case, a hyphen, the id.</summary>
    public string Stream { get; }

    /// <summary>A new, empty aggregate under this id, to act on and give to <c>SaveAsync</c>. Nothing is read.</summary>
    /// <returns>The aggregate, at version 0.</returns>
    public T New()
    {
        var aggregate = new T();
        aggregate.Attach(Id, Stream);
        return aggregate;
    }

    /// <summary>Rebuilds the aggregate from its events.</summary>
    /// <param name="asOf">The point in the past to rebuild it at; by default now.</param>
    /// <param name="cancellationToken">Cancels the load.</param>
    /// <returns>The aggregate.</returns>
    /// <exception cref="AggregateNotFoundException">It has no events, or none yet at that point.</exception>
    /// <exception cref="UnknownEventTypeException">One of its events is not in the store's types.</exception>
    public async Task<T> LoadAsync(AsOf asOf = default, CancellationToken cancellationToken = default)
    {
        var stream = Stream;
        return await FindAsync(asOf, cancellationToken).ConfigureAwait(false) ?? throw new AggregateNotFoundException(typeof(T), stream, asOf);
    }

    /// <summary>Rebuilds the aggregate from its events, if it has any.</summary>
    /// <param name="asOf">The point in the past to rebuild it at; by default now.</param>
    /// <param name="cancellationToken">Cancels the load.</param>
    /// <returns>The aggregate, or <see langword="null"/> where it has no events, or none yet at that point.</returns>
    /// <exception cref="UnknownEventTypeException">One of its events is not in the store's types.</exception>
    public async Task<T?> FindAsync(AsOf asOf = default, CancellationToken cancellationToken = default)
    {
        var aggregate = New();
        var store = _store;
        var read = await store.BoundAsync(new StreamRead(Stream), asOf, cancellationToken).ConfigureAwait(false);
        while (true)
        {
            using var page = await store.Storage.ReadStreamAsync(read, cancellationToken).ConfigureAwait(false);
            foreach (ref readonly var stored in page.Events) aggregate.Replay(store.DecodeData(stored), stored.Version, stored.Position);
            if (page.IsEnd) return aggregate.Version > 0 ? aggregate : null;
            read = read with { After = page.Next };
        }
    }

    /// <summary>Creates the aggregate: acts on an empty one and appends what it raises, expecting no stream.</summary>
    /// <param name="act">The command.</param>
    /// <param name="metadata">The metadata of the events.</param>
    /// <param name="cancellationToken">Cancels while the append waits for its turn; then nothing was written.</param>
    /// <returns>Where the events stand.</returns>
    /// <exception cref="InvalidOperationException">The command raised no event.</exception>
    /// <exception cref="WrongExpectedVersionException">The aggregate exists already; nothing was written.</exception>
    public Task<AppendResult> CreateAsync(Action<T> act, EventMetadata? metadata = null, CancellationToken cancellationToken = default) =>
        CreateAsync(Async(act), metadata, cancellationToken);

    /// <inheritdoc cref="CreateAsync(Action{T}, EventMetadata, CancellationToken)"/>
    public async Task<AppendResult> CreateAsync(Func<T, Task> act, EventMetadata? metadata = null, CancellationToken cancellationToken = default)
    {
        ArgumentNullException.ThrowIfNull(act);
        var aggregate = New();
        var store = _store;
        await act(aggregate).ConfigureAwait(false);
        return aggregate.UncommittedEvents.Count > 0
            ? await store.SaveAsync([aggregate], metadata, conditions: null, cancellationToken).ConfigureAwait(false)
            : throw new InvalidOperationException($"The command that was to create '{aggregate.Stream}' raised no event, so there is nothing to create it by.");
    }

    /// <summary>
    /// Loads the aggregate, acts on it and appends what it raises, expecting the version loaded. On a conflict it loads
    /// again and acts again, up to <see cref="EventStoreOptions.MaxConflictRetries"/> times, so <paramref name="act"/>
    /// must do nothing but act on the aggregate.
    /// </summary>
    /// <param name="act">The command. It may raise nothing; then nothing is appended.</param>
    /// <param name="metadata">The metadata of the events.</param>
    /// <param name="cancellationToken">Cancels the load, or the append while it waits for its turn; then nothing was written.</param>
    /// <returns>Where the events stand; where none was raised, where the aggregate's last event stands.</returns>
    /// <exception cref="AggregateNotFoundException">It has no events.</exception>
    /// <exception cref="WrongExpectedVersionException">Every try met a conflict; nothing was written.</exception>
    public Task<AppendResult> UpdateAsync(Action<T> act, EventMetadata? metadata = null, CancellationToken cancellationToken = default) =>
        UpdateAsync(Async(act), metadata, cancellationToken);

    /// <inheritdoc cref="UpdateAsync(Action{T}, EventMetadata, CancellationToken)"/>
    public Task<AppendResult> UpdateAsync(Func<T, Task> act, EventMetadata? metadata = null, CancellationToken cancellationToken = default)
    {
        var handle = this;
        return ActAsync(() => handle.LoadAsync(AsOf.Now, cancellationToken), act, metadata, cancellationToken);
    }

    /// <summary>
    /// The same as <see cref="UpdateAsync(Action{T}, EventMetadata, CancellationToken)"/>, but an aggregate without
    /// events is acted on as a new one.
    /// </summary>
    /// <param name="act">The command. It may raise nothing; then nothing is appended.</param>
    /// <param name="metadata">The metadata of the events.</param>
    /// <param name="cancellationToken">Cancels the load, or the append while it waits for its turn; then nothing was written.</param>
    /// <returns>Where the events stand; where none was raised, where the aggregate's last event stands.</returns>
    /// <exception cref="WrongExpectedVersionException">Every try met a conflict; nothing was written.</exception>
    public Task<AppendResult> CreateOrUpdateAsync(Action<T> act, EventMetadata? metadata = null, CancellationToken cancellationToken = default) =>
        CreateOrUpdateAsync(Async(act), metadata, cancellationToken);

    /// <inheritdoc cref="CreateOrUpdateAsync(Action{T}, EventMetadata, CancellationToken)"/>
    public Task<AppendResult> CreateOrUpdateAsync(Func<T, Task> act, EventMetadata? metadata = null, CancellationToken cancellationToken = default)
    {
        var handle = this;
        return ActAsync(async () => await handle.FindAsync(AsOf.Now, cancellationToken).ConfigureAwait(false) ?? handle.New(), act, metadata, cancellationToken);
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

    private async Task<AppendResult> ActAsync(Func<Task<T>> load, Func<T, Task> act, EventMetadata? metadata, CancellationToken cancellationToken)
    {
        ArgumentNullException.ThrowIfNull(act);
        var store = _store;
        for (var conflicts = 0; ; conflicts++)
        {
            var aggregate = await load().ConfigureAwait(false);
            await act(aggregate).ConfigureAwait(false);
            if (aggregate.UncommittedEvents.Count == 0)
                return new AppendResult([new AppendedStream(aggregate.Stream, aggregate.Version, aggregate.Version)], aggregate.Position, aggregate.Position, wasAlreadyStored: false);

            try
            {
                return await store.SaveAsync([aggregate], metadata, conditions: null, cancellationToken).ConfigureAwait(false);
            }
            catch (WrongExpectedVersionException) when (conflicts < store.Options.MaxConflictRetries)
            {
                await ConflictPause.AfterAsync(conflicts, cancellationToken).ConfigureAwait(false);
            }
        }
    }
}
