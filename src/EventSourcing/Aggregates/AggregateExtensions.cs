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
    public static AggregateHandle<T> Aggregate<[DynamicallyAccessedMembers(DynamicallyAccessedMemberTypes.PublicParameterlessConstructor)] T>(this EventStore store, string id)
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
    /// <exception cref="ArgumentException">The id's type has no single text, or the stream's name would be longer than 200 characters.</exception>
    public static AggregateHandle<T> Aggregate<[DynamicallyAccessedMembers(DynamicallyAccessedMemberTypes.PublicParameterlessConstructor)] T>(this EventStore store, IFormattable id)
        where T : Aggregate, new() => store.Aggregate<T>(IdText.Of(id));

    /// <summary>
    /// Appends the uncommitted events of several aggregates in one atomic commit, each with the version it was loaded
    /// at. An aggregate without uncommitted events is checked to be still at its version.
    /// </summary>
    /// <param name="store">The store.</param>
    /// <param name="aggregates">The aggregates, each stream once, loaded from this store.</param>
    /// <param name="metadata">The metadata of the events.</param>
    /// <param name="conditions">Queries that no event after a position may match: what the decision relied on beside the aggregates.</param>
    /// <param name="cancellationToken">Cancels while the append waits for its turn; then nothing was written.</param>
    /// <returns>Where the events stand.</returns>
    /// <exception cref="ArgumentException">No aggregate has uncommitted events, or one is given twice.</exception>
    /// <exception cref="WrongExpectedVersionException">One of them has changed since; nothing was written.</exception>
    /// <exception cref="AppendConditionFailedException">A condition does not hold; nothing was written.</exception>
    public static async Task<AppendResult> SaveAsync(
        this EventStore store,
        IReadOnlyList<Aggregate> aggregates,
        EventMetadata? metadata = null,
        IReadOnlyList<AppendCondition>? conditions = null,
        CancellationToken cancellationToken = default)
    {
        ArgumentNullException.ThrowIfNull(store);
        ArgumentNullException.ThrowIfNull(aggregates);
        var streams = new StreamAppend[aggregates.Count];
        for (var i = 0; i < streams.Length; i++)
        {
            if (aggregates[i].Stream.Length == 0) throw new ArgumentException($"The aggregate {aggregates[i].GetType()} at index {i} did not come from a store. Get it from store.Aggregate<T>(id): LoadAsync, FindAsync or New.", nameof(aggregates));
            streams[i] = new StreamAppend(aggregates[i].Stream, aggregates[i].Version, aggregates[i].UncommittedEvents);
        }

        var result = await store.AppendAsync(streams, metadata, conditions, cancellationToken).ConfigureAwait(false);
        var position = result.FirstPosition - 1;
        foreach (var aggregate in aggregates)
        {
            var count = aggregate.UncommittedEvents.Count;
            if (count == 0) continue;
            position += count;
            aggregate.Committed(aggregate.Version + count, position);
        }

        return result;
    }
}
