using System.Diagnostics.CodeAnalysis;
using System.Text.Json;

namespace EventSourcing;

/// <content>The aggregate's past: what it was, how it came about, and what it would be by other rules.</content>
public readonly partial struct AggregateHandle<T>
{
    /// <summary>
    /// Goes through the aggregate's events, oldest first, each with the changes of the public members as JSON shows them. Private state is
    /// not compared.
    /// </summary>
    /// <param name="asOf">The point to end at; by default now.</param>
    /// <param name="cancellationToken">Ends the read.</param>
    /// <returns>The events with their changes; none for an aggregate without events.</returns>
    /// <exception cref="NotSupportedException">JSON cannot handle the aggregate's class.</exception>
    /// <exception cref="UnknownEventTypeException">One of its events is not in the store's types.</exception>
    public IAsyncEnumerable<HistoryStep> HistoryAsync(AsOf asOf = default, CancellationToken cancellationToken = default) =>
        StateHistory.StepsAsync(_store, new AggregateFold<T>(Id, Stream), Show<T>(_store), asOf, cancellationToken);

    /// <summary>Begins the aggregate's history that is read in pieces, of which each is at most one page of events.</summary>
    /// <returns>The history, before its first event. Nothing is read yet.</returns>
    public HistoryReader OpenHistory() =>
        new StateHistoryReader<T>(_store, new AggregateFold<T>(Id, Stream), Show<T>(_store));

    /// <summary>
    /// Compares the aggregate at two points of its history, and returns the public members that differ, as JSON shows them. Before its
    /// first event it counts as a new one.
    /// </summary>
    /// <param name="from">The first point.</param>
    /// <param name="to">The second point; by default now.</param>
    /// <param name="cancellationToken">Cancels the loads.</param>
    /// <returns>The changes; none if the states are equal.</returns>
    /// <exception cref="NotSupportedException">JSON cannot handle the aggregate's class.</exception>
    /// <exception cref="UnknownEventTypeException">One of its events is not in the store's types.</exception>
    public async Task<IReadOnlyList<MemberChange>> CompareAsync(AsOf from, AsOf to = default, CancellationToken cancellationToken = default)
    {
        var (handle, show) = (this, Show<T>(_store));
        var before = await handle.FindAsync(from, cancellationToken).ConfigureAwait(false) ?? handle.New();
        var after = await handle.FindAsync(to, cancellationToken).ConfigureAwait(false) ?? handle.New();
        return MemberChange.Between(show(before), show(after));
    }

    /// <summary>
    /// The aggregate's public members at a point of its history, as JSON shows them and as <see cref="CompareAsync"/> compares them. A
    /// snapshot is used if there is one.
    /// </summary>
    /// <param name="asOf">The point; by default now.</param>
    /// <param name="cancellationToken">Cancels the load.</param>
    /// <returns>The members and the version; those of a new aggregate at version 0 if it has no events at that point.</returns>
    /// <exception cref="NotSupportedException">JSON cannot handle the aggregate's class.</exception>
    /// <exception cref="UnknownEventTypeException">One of its events is not in the store's types.</exception>
    public async Task<StateAt<JsonElement>> ShowAsync(AsOf asOf = default, CancellationToken cancellationToken = default)
    {
        var (handle, show) = (this, Show<T>(_store));
        var aggregate = await handle.FindAsync(asOf, cancellationToken).ConfigureAwait(false) ?? handle.New();
        return new StateAt<JsonElement>(show(aggregate), aggregate.Version);
    }

    /// <summary>
    /// What if: folds the same events by another class, say the next version of this one, and compares the outcomes. Nothing
    /// is stored.
    /// </summary>
    /// <typeparam name="TOther">The other class; its category does not matter.</typeparam>
    /// <param name="asOf">The point to fold up to; by default now.</param>
    /// <param name="cancellationToken">Cancels the read.</param>
    /// <returns>The public members that differ, from this class to the other; none if the outcomes are equal.</returns>
    /// <exception cref="NotSupportedException">JSON cannot handle one of the classes.</exception>
    /// <exception cref="UnknownEventTypeException">One of the events is not in the store's types.</exception>
    public Task<IReadOnlyList<MemberChange>> WhatIfAsync<
        [DynamicallyAccessedMembers(DynamicallyAccessedMemberTypes.PublicParameterlessConstructor)] TOther>(
        AsOf asOf = default, CancellationToken cancellationToken = default)
        where TOther : Aggregate, new() =>
        StateHistory.CompareAsync(
            _store,
            new AggregateFold<T>(Id, Stream),
            Show<T>(_store),
            new AggregateFold<TOther>(Id, Stream),
            Show<TOther>(_store),
            asOf,
            cancellationToken);

    /// <summary>The public members of the aggregate's own; its version and the events raised are not part of its state.</summary>
    private static Func<TAggregate, JsonElement> Show<TAggregate>(EventStore store)
        where TAggregate : Aggregate
    {
        var without = new HashSet<string>(
            new[] { nameof(Id), nameof(Aggregate.Version), nameof(Aggregate.UncommittedEvents) }.Select(name =>
                store.Json.PropertyNamingPolicy?.ConvertName(name) ?? name),
            StringComparer.Ordinal);
        return aggregate => StateJson.Of(aggregate, store.Json, without);
    }
}
