using Microsoft.CodeAnalysis;

namespace EventSourcing.Generators;

/// <summary>Reads aggregates whose <c>Apply(object)</c> is to be generated.</summary>
internal static class AggregateParser
{
    public static bool IsAggregate(INamedTypeSymbol type) => type.Bases().Any(IsRoot);

    /// <summary>The model; null for what is no aggregate or needs nothing.</summary>
    public static Parsed<BoundType>? Parse(INamedTypeSymbol type)
    {
        if (!IsAggregate(type) || !IsGenerated(type)) return null;
        var events = type.AppliedEvents(returns: null);
        var model = new AggregateModel(PartialType.Of(type), events.Select(TypeNames.Of).ToEquatableList(), HasImplementation(type.BaseType!), type.AppliesErasedEvents());
        return Parsed<BoundType>.Of(model);
    }

    /// <summary>Whether a class has methods to call, and must have the hook that calls them to be a class.</summary>
    public static bool LacksHook(INamedTypeSymbol type) =>
        IsAggregate(type) && !type.IsAbstract && !type.AppliesByHand() && !HasImplementation(type.BaseType!) && type.AppliedEvents(returns: null).Count > 0;

    /// <summary>
    /// Whether a class gets an implementation: it has methods to call; or none, but it is concrete, and then it needs one
    /// to be a class at all.
    /// </summary>
    private static bool IsGenerated(INamedTypeSymbol type) =>
        PartialType.IsPartial(type)
        && !type.AppliesByHand()
        && !type.Bases().SelectMany(b => b.GetMembers("Apply")).OfType<IMethodSymbol>().Any(method => method is { IsOverride: true, IsSealed: true } && method.TakesAnyEvent())
        && (type.AppliedEvents(returns: null).Count > 0 || (!type.IsAbstract && !HasImplementation(type.BaseType!)));

    /// <summary>Whether a base class has an implementation or gets one.</summary>
    private static bool HasImplementation(INamedTypeSymbol type)
    {
        if (IsRoot(type)) return false;
        var byHand = type.GetMembers("Apply").OfType<IMethodSymbol>().FirstOrDefault(method => method.IsOverride && method.TakesAnyEvent());
        return byHand is not null ? !byHand.IsAbstract : IsGenerated(type.OriginalDefinition) || HasImplementation(type.BaseType!);
    }

    private static bool IsRoot(INamedTypeSymbol type) => type.IsOurs("Aggregate");
}
