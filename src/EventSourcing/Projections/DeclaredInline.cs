namespace EventSourcing;

/// <summary>The inline projections that a store's options declare.</summary>
internal sealed class DeclaredInline(IReadOnlyList<Projection> projections)
{
    public IReadOnlyList<Projection> Projections => projections;

    /// <summary>Makes them part of a store that is being opened.</summary>
    /// <exception cref="ArgumentException">Two have one name, or one is not valid.</exception>
    public InlineReadModels Open(EventStore store)
    {
        ProjectionExtensions.Validate(store, new ProjectionOptions(), projections);
        return new InlineProjections(store, projections);
    }
}
