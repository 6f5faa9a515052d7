using System.Diagnostics.CodeAnalysis;

namespace EventSourcing;

/// <summary>Compares read models, folded on demand, at two points of the log or by two projections. Nothing is stored.</summary>
public static class ProjectionComparison
{
    /// <summary>Compares the read model of a projection at two points of the log.</summary>
    /// <typeparam name="TDocument">The document.</typeparam>
    /// <param name="store">The store.</param>
    /// <param name="projection">The projection.</param>
    /// <param name="from">The first point: a position or an instant.</param>
    /// <param name="to">The second point; by default now.</param>
    /// <param name="key">The only document of interest, or <see langword="null"/> for all.</param>
    /// <param name="cancellationToken">Ends the folds.</param>
    /// <returns>
    /// The documents that differ, by key in ordinal order, each with its changes. If a document is new or gone, all its members count as
    /// changed.
    /// </returns>
    /// <exception cref="ArgumentException">The projection is not valid, or a point is a version.</exception>
    /// <exception cref="ProjectionFailedException">The projection fails on an event.</exception>
    public static async Task<IReadOnlyDictionary<string, IReadOnlyList<MemberChange>>> CompareAsync<
        [DynamicallyAccessedMembers(EventType.JsonMembers)] TDocument>(
        this EventStore store,
        Projection<TDocument> projection,
        AsOf from,
        AsOf to = default,
        string? key = null,
        CancellationToken cancellationToken = default)
        where TDocument : class
    {
        var before = await store.ProjectAsync(projection, key, from, cancellationToken).ConfigureAwait(false);
        var after = await store.ProjectAsync(projection, key, to, cancellationToken).ConfigureAwait(false);
        return Between(store, before, after);
    }

    /// <summary>What if: folds the log by two projections, say the current one and its next version, and compares the outcomes.</summary>
    /// <typeparam name="TDocument">The first one's document.</typeparam>
    /// <typeparam name="TOther">The second one's document.</typeparam>
    /// <param name="store">The store.</param>
    /// <param name="projection">The first projection.</param>
    /// <param name="other">The second one.</param>
    /// <param name="asOf">The point to fold up to; by default now.</param>
    /// <param name="key">The only document of interest, or <see langword="null"/> for all.</param>
    /// <param name="cancellationToken">Ends the folds.</param>
    /// <returns>The documents that differ, by key in ordinal order, each with its changes.</returns>
    /// <exception cref="ArgumentException">A projection is not valid, or the point is a version.</exception>
    /// <exception cref="ProjectionFailedException">A projection fails on an event.</exception>
    public static async Task<IReadOnlyDictionary<string, IReadOnlyList<MemberChange>>> WhatIfAsync<
        [DynamicallyAccessedMembers(EventType.JsonMembers)] TDocument, [DynamicallyAccessedMembers(EventType.JsonMembers)] TOther>(
        this EventStore store,
        Projection<TDocument> projection,
        Projection<TOther> other,
        AsOf asOf = default,
        string? key = null,
        CancellationToken cancellationToken = default)
        where TDocument : class
        where TOther : class
    {
        var first = await store.ProjectAsync(projection, key, asOf, cancellationToken).ConfigureAwait(false);
        var second = await store.ProjectAsync(other, key, AsOf.Position(first.Position), cancellationToken).ConfigureAwait(false);
        return Between(store, first, second);
    }

    private static SortedDictionary<string, IReadOnlyList<MemberChange>> Between<
        [DynamicallyAccessedMembers(EventType.JsonMembers)] TBefore, [DynamicallyAccessedMembers(EventType.JsonMembers)] TAfter>(
        EventStore store, LiveReadModel<TBefore> before, LiveReadModel<TAfter> after)
        where TBefore : class
        where TAfter : class
    {
        var changed = new SortedDictionary<string, IReadOnlyList<MemberChange>>(StringComparer.Ordinal);
        foreach (var key in before.Documents.Keys.Union(after.Documents.Keys, StringComparer.Ordinal))
        {
            var (first, second) = (before.Find(key), after.Find(key));
            var changes = MemberChange.Between(
                first is null ? null : StateJson.Of(first, store.Json), second is null ? null : StateJson.Of(second, store.Json));
            if (changes.Count > 0) changed.Add(key, changes);
        }

        return changed;
    }
}
