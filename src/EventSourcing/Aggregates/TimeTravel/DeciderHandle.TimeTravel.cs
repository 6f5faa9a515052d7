using System.Text.Json;

namespace EventSourcing;

/// <content>The state's past: what it was, how it came about, and what it would be by other functions.</content>
public readonly partial struct DeciderHandle<TState, TCommand>
{
    /// <summary>Goes through the stream's events, oldest first, each with the changes of the state as JSON shows them.</summary>
    /// <param name="asOf">The point to end at; by default now.</param>
    /// <param name="cancellationToken">Ends the read.</param>
    /// <returns>The events with their changes; none for a stream without events.</returns>
    /// <exception cref="NotSupportedException">JSON cannot handle the state.</exception>
    /// <exception cref="UnknownEventTypeException">One of the events is not in the store's types.</exception>
    public IAsyncEnumerable<HistoryStep> HistoryAsync(AsOf asOf = default, CancellationToken cancellationToken = default)
    {
        var store = _store;
        return StateHistory.StepsAsync(
            store, new DeciderFold<TState, TCommand>(_decider, Stream), state => StateJson.Of(state!, store.Json), asOf, cancellationToken);
    }

    /// <summary>Begins the stream's history that is read in pieces, of which each is at most one page of events.</summary>
    /// <returns>The history, before its first event. Nothing is read yet.</returns>
    public HistoryReader OpenHistory()
    {
        var store = _store;
        return new StateHistoryReader<TState>(
            store, new DeciderFold<TState, TCommand>(_decider, Stream), state => StateJson.Of(state!, store.Json));
    }

    /// <summary>Compares the state at two points of the stream's history, as JSON shows it.</summary>
    /// <param name="from">The first point.</param>
    /// <param name="to">The second point; by default now.</param>
    /// <param name="cancellationToken">Cancels the loads.</param>
    /// <returns>The members that differ; none if the states are equal.</returns>
    /// <exception cref="NotSupportedException">JSON cannot handle the state.</exception>
    /// <exception cref="UnknownEventTypeException">One of the events is not in the store's types.</exception>
    public async Task<IReadOnlyList<MemberChange>> CompareAsync(AsOf from, AsOf to = default, CancellationToken cancellationToken = default)
    {
        var (handle, store) = (this, _store);
        var before = await handle.LoadAsync(from, cancellationToken).ConfigureAwait(false);
        var after = await handle.LoadAsync(to, cancellationToken).ConfigureAwait(false);
        return MemberChange.Between(StateJson.Of(before.State!, store.Json), StateJson.Of(after.State!, store.Json));
    }

    /// <summary>
    /// The state at a point of the stream's history, as JSON shows it and as <see cref="CompareAsync"/> compares it. A snapshot is used if
    /// there is one.
    /// </summary>
    /// <param name="asOf">The point; by default now.</param>
    /// <param name="cancellationToken">Cancels the load.</param>
    /// <returns>The state and its version; the initial one at version 0 if the stream has no events at that point.</returns>
    /// <exception cref="NotSupportedException">JSON cannot handle the state.</exception>
    /// <exception cref="UnknownEventTypeException">One of the events is not in the store's types.</exception>
    public async Task<StateAt<JsonElement>> ShowAsync(AsOf asOf = default, CancellationToken cancellationToken = default)
    {
        var store = _store;
        var (state, version) = await LoadAsync(asOf, cancellationToken).ConfigureAwait(false);
        return new StateAt<JsonElement>(StateJson.Of(state!, store.Json), version);
    }

    /// <summary>
    /// What if: folds the same events by another decider, say the next version of this one, and compares the outcomes. Nothing is stored.
    /// </summary>
    /// <typeparam name="TOther">The other state.</typeparam>
    /// <typeparam name="TOtherCommand">The other decider's commands.</typeparam>
    /// <param name="other">The other decider; its category does not matter.</param>
    /// <param name="asOf">The point to fold up to; by default now.</param>
    /// <param name="cancellationToken">Cancels the read.</param>
    /// <returns>The members that differ, from this decider's state to the other's; none if the outcomes are equal.</returns>
    /// <exception cref="NotSupportedException">JSON cannot handle one of the states.</exception>
    /// <exception cref="UnknownEventTypeException">One of the events is not in the store's types.</exception>
    public Task<IReadOnlyList<MemberChange>> WhatIfAsync<TOther, TOtherCommand>(
        Decider<TOther, TOtherCommand> other, AsOf asOf = default, CancellationToken cancellationToken = default)
    {
        ArgumentNullException.ThrowIfNull(other);
        var store = _store;
        return StateHistory.CompareAsync(
            store,
            new DeciderFold<TState, TCommand>(_decider, Stream),
            state => StateJson.Of(state!, store.Json),
            new DeciderFold<TOther, TOtherCommand>(other, Stream),
            state => StateJson.Of(state!, store.Json),
            asOf,
            cancellationToken);
    }
}
