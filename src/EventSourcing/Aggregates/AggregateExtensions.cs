using System.Diagnostics.CodeAnalysis;

namespace EventSourcing;

/// <summary>Aggregates on an <see cref="EventStore"/>.</summary>
public static class AggregateExtensions
{
    /// <summary>Addresses one aggregate, which may or may not exist yet. Nothing is read.</summary>
    /// <typeparam name="T">The aggregate's class; its stream is <c>category-id</c>.</typeparam>
    /// <param name="store">The store.</param>
    /// <param name="id">Which one: not empty.</param>
    /// <returns>A handle to create, update and load it.</returns>
    /// <exception cref="ArgumentException">The id is empty, or the stream's name would be longer than 200 characters.</exception>
    public static AggregateHandle<T> Aggregate<
        [DynamicallyAccessedMembers(DynamicallyAccessedMemberTypes.PublicParameterlessConstructor)] T>(this EventStore store, string id)
        where T : Aggregate, new()
    {
        ArgumentNullException.ThrowIfNull(store);
        return new AggregateHandle<T>(store, id);
    }

    /// <summary>Addresses one aggregate by an id that is not a string. Nothing is read.</summary>
    /// <typeparam name="T">The aggregate's class; its stream is <c>category-id</c>.</typeparam>
    /// <param name="store">The store.</param>
    /// <param name="id">Which one: a <see cref="Guid"/>, an integer or another id, written as <see cref="IdText.Of"/> does.</param>
    /// <returns>A handle to create, update and load it.</returns>
    /// <exception cref="ArgumentException">
    /// The id's type has no single text, or the stream's name would be longer than 200 characters.
    /// </exception>
    public static AggregateHandle<T> Aggregate<
        [DynamicallyAccessedMembers(DynamicallyAccessedMemberTypes.PublicParameterlessConstructor)] T>(
        this EventStore store, IFormattable id)
        where T : Aggregate, new() => store.Aggregate<T>(IdText.Of(id));

    /// <summary>
    /// Appends the uncommitted events of several aggregates in one atomic commit, each with the version it was loaded
    /// at. An aggregate without uncommitted events is checked to be still at its version.
    /// </summary>
    /// <param name="store">The store.</param>
    /// <param name="aggregates">The aggregates, each stream once, loaded from this store.</param>
    /// <param name="metadata">The metadata of the events.</param>
    /// <param name="conditions">
    /// Queries that no event after a position may match: what the decision relied on besides the aggregates.
    /// </param>
    /// <param name="commandId">
    /// An id of the command's own, the same one whenever it is repeated. The command then takes effect once: every repetition, in any
    /// process and whatever has happened since, writes nothing and returns the original result. After a repetition the aggregates keep
    /// their uncommitted events, since these are not stored: load them afresh.
    /// </param>
    /// <param name="cancellationToken">Cancels while the append waits for its turn; then nothing was written.</param>
    /// <returns>Where the events stand.</returns>
    /// <exception cref="ArgumentException">
    /// No aggregate has uncommitted events, one is given twice, or did not come from this store; or the command's id is empty, or an event
    /// has an id of its own besides the command's.
    /// </exception>
    /// <exception cref="CommandIdReusedException">The id was given to a command with another fingerprint; nothing was written.</exception>
    /// <exception cref="WrongExpectedVersionException">
    /// One of the aggregates has changed since it was loaded; nothing was written.
    /// </exception>
    /// <exception cref="AppendConditionFailedException">A condition does not hold; nothing was written.</exception>
    public static async Task<AppendResult> SaveAsync(
        this EventStore store,
        IReadOnlyList<Aggregate> aggregates,
        EventMetadata? metadata = null,
        IReadOnlyList<AppendCondition>? conditions = null,
        CommandId? commandId = null,
        CancellationToken cancellationToken = default)
    {
        ArgumentNullException.ThrowIfNull(store);
        ArgumentNullException.ThrowIfNull(aggregates);
        if (aggregates.Count == 0) throw new ArgumentException("No aggregate is given, so there is nothing to append.", nameof(aggregates));
        var appends = AppendsOf(store, aggregates);
        var result = await new LogCommand(store, metadata, commandId, cancellationToken)
            .RunAsync(Decide, maxRetries: 0).ConfigureAwait(false);
        if (commandId is null || !result.WasAlreadyStored) Commit(aggregates, result);
        return result;

        // It is not called for a repetition, which may well have raised nothing on the state that the original has left.
        Task<LogDecision> Decide() => appends.Any(append => append.Events.Count > 0)
            ? Task.FromResult(new LogDecision(appends, conditions, head: 0))
            : throw new ArgumentException(
                "None of the aggregates has raised an event, so there is nothing to append. Nothing was written. "
                + "Call SaveAsync only if one has UncommittedEvents, or use UpdateTogetherAsync, which appends nothing then.",
                nameof(aggregates));
    }

    /// <summary>
    /// Loads several aggregates, acts on them and appends what they raise in one atomic commit, each with the version it was loaded at:
    /// <c>UpdateAsync</c> for more than one aggregate. On a conflict all are loaded and acted on again, up to
    /// <see cref="EventStoreOptions.MaxConflictRetries"/> times, so <paramref name="act"/> must do nothing but load and act.
    /// </summary>
    /// <param name="store">The store.</param>
    /// <param name="act">
    /// Loads the aggregates from this store, acts on them and returns them, each stream once. If an aggregate has raised nothing, the
    /// commit checks that it is still at its version. If none is returned, nothing is appended.
    /// </param>
    /// <param name="metadata">The metadata of the events.</param>
    /// <param name="commandId">
    /// An id of the command's own, the same one whenever it is repeated. The command then takes effect once: every repetition, in any
    /// process and whatever has happened since, does not act and returns the original result. A command that raised nothing stores nothing,
    /// so its repetition acts again.
    /// </param>
    /// <param name="cancellationToken">
    /// Cancels while the append waits for its turn; then nothing was written. <paramref name="act"/> is given the same token.
    /// </param>
    /// <returns>Where the events stand; if nothing was raised, a result without streams at the head of the log.</returns>
    /// <exception cref="ArgumentException">
    /// An aggregate is given twice or did not come from this store; or the command's id is empty, or an event has an id of its own besides
    /// the command's.
    /// </exception>
    /// <exception cref="CommandIdReusedException">The id was given to a command with another fingerprint; nothing was written.</exception>
    /// <exception cref="WrongExpectedVersionException">Every try met a conflict; nothing was written.</exception>
    public static Task<AppendResult> UpdateTogetherAsync(
        this EventStore store,
        Func<CancellationToken, Task<IReadOnlyList<Aggregate>>> act,
        EventMetadata? metadata = null,
        CommandId? commandId = null,
        CancellationToken cancellationToken = default)
    {
        ArgumentNullException.ThrowIfNull(store);
        ArgumentNullException.ThrowIfNull(act);
        return new LogCommand(store, metadata, commandId, cancellationToken).RunAsync(
            async () =>
            {
                var acting = MissingAnswer.ThrowIfNull(act(cancellationToken), "its task");
                var aggregates = MissingAnswer.ThrowIfNull(await acting.ConfigureAwait(false), "its aggregates");
                var appends = AppendsOf(store, aggregates);
                return appends.All(append => append.Events.Count == 0)
                    ? new LogDecision([], null, await store.GetHeadAsync(cancellationToken).ConfigureAwait(false))
                    : new LogDecision(appends, null, head: 0);
            },
            store.Options.MaxConflictRetries);
    }

    private static StreamAppend[] AppendsOf(EventStore store, IReadOnlyList<Aggregate> aggregates)
    {
        var streams = new StreamAppend[aggregates.Count];
        for (var i = 0; i < streams.Length; i++)
        {
            if (aggregates[i] is null) throw new ArgumentNullException($"{nameof(aggregates)}[{i}]");
            if (aggregates[i].Stream.Length == 0)
                throw new ArgumentException(
                    $"The aggregate {aggregates[i].GetType()} at index {i} did not come from a store. Get it from store.Aggregate<T>(id): "
                    + "LoadAsync, FindAsync or New.",
                    nameof(aggregates));
            if (aggregates[i].Home != store.Storage)
                throw new ArgumentException(
                    $"The aggregate {aggregates[i].GetType()} at index {i}, of the stream '{aggregates[i].Stream}', did not come from this "
                    + "store but from another one, so what it decided on may not be so here. Nothing was written. "
                    + "Load it from this store, and act on it again.",
                    nameof(aggregates));
            streams[i] = new StreamAppend(aggregates[i].Stream, aggregates[i].Version, aggregates[i].UncommittedEvents);
        }

        return streams;
    }

    private static void Commit(IReadOnlyList<Aggregate> aggregates, AppendResult result)
    {
        var position = result.FirstPosition - 1;
        foreach (var aggregate in aggregates)
        {
            var count = aggregate.UncommittedEvents.Count;
            if (count == 0) continue;
            position += count;
            aggregate.Committed(aggregate.Version + count, position);
        }
    }
}
