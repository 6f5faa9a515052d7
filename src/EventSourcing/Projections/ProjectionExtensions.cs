using System.Diagnostics.CodeAnalysis;

namespace EventSourcing;

/// <summary>Projections on an <see cref="EventStore"/>.</summary>
public static class ProjectionExtensions
{
    /// <summary>Starts projections in the background: each goes on from its checkpoint and stays level with the log.</summary>
    /// <param name="store">The store.</param>
    /// <param name="projections">The projections, each name once.</param>
    /// <returns>The running projections; dispose them before the store.</returns>
    /// <exception cref="ArgumentException">There is none, or two of one name, or a name is not valid.</exception>
    /// <exception cref="NotSupportedException">JSON cannot handle a projection's document.</exception>
    public static RunningProjections StartProjections(this EventStore store, params IReadOnlyList<Projection> projections)
    {
        ArgumentNullException.ThrowIfNull(store);
        ArgumentNullException.ThrowIfNull(projections);
        if (projections.Count == 0) throw new ArgumentException("There is no projection to start.", nameof(projections));
        foreach (var projection in projections) Names.ThrowIfInvalid(projection.Name, "A projection's name", nameof(projections));
        if (projections.GroupBy(projection => projection.Name, StringComparer.Ordinal).FirstOrDefault(group => group.Count() > 1) is { } twice)
            throw new ArgumentException($"Two projections are named '{twice.Key}': {string.Join(" and ", twice.Select(projection => projection.GetType()))}. The name is that of the read model, so give each its own.", nameof(projections));

        foreach (var projection in projections) projection.ThrowIfJsonCannotHandleIt(store);
        return new RunningProjections(store, projections);
    }

    /// <summary>The stored read model of a projection, whether or not the projection is running.</summary>
    /// <typeparam name="TDocument">The document.</typeparam>
    /// <param name="store">The store.</param>
    /// <param name="projection">The projection.</param>
    /// <returns>The read model, to query.</returns>
    public static ReadModel<TDocument> ReadModel<[DynamicallyAccessedMembers(EventType.JsonMembers)] TDocument>(this EventStore store, Projection<TDocument> projection)
        where TDocument : class
    {
        ArgumentNullException.ThrowIfNull(store);
        ArgumentNullException.ThrowIfNull(projection);
        return new ReadModel<TDocument>(store, projection.Name);
    }
}
