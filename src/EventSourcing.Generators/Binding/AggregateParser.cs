using Microsoft.CodeAnalysis;

namespace EventSourcing.Generators;

/// <summary>Reads aggregates whose <c>Apply(object)</c> is to be generated.</summary>
internal static class AggregateParser
{
    public static bool IsAggregate(INamedTypeSymbol type) => type.Bases().Any(IsRoot);

    /// <summary>The model; null if the type is not an aggregate or needs nothing.</summary>
    public static Parsed<BoundType>? Parse(INamedTypeSymbol type)
    {
        if (!IsAggregate(type) || !IsGenerated(type)) return null;
        var model = new AggregateModel(
            PartialType.Of(type),
            EventsOf(type).Select(TypeNames.Of).ToEquatableList(),
            HasImplementation(type.BaseType!),
            type.HasApplyOfErasedEvents(),
            type.Bases().Any(ApplyMethods.HasApplyOfErasedEvents));
        return Parsed<BoundType>.Of(model);
    }

    /// <summary>Whether a class has methods to call, and cannot compile without the hook that calls them.</summary>
    public static bool LacksHook(INamedTypeSymbol type) =>
        IsAggregate(type) && !type.IsAbstract && !type.AppliesByHand() && !HasImplementation(type.BaseType!) && EventsOf(type).Count > 0;

    /// <summary>The base class that forbids a class to have a hook of its own; null if none does.</summary>
    public static INamedTypeSymbol? SealedBy(INamedTypeSymbol type) =>
        type.Bases().FirstOrDefault(b => b.GetMembers("Apply")
            .OfType<IMethodSymbol>().Any(method => method is { IsOverride: true, IsSealed: true } && method.TakesAnyEvent()));

    /// <summary>The event types for which the hook of a class calls a method.</summary>
    private static IReadOnlyList<ITypeSymbol> EventsOf(INamedTypeSymbol type) =>
        type.AppliedEvents(returns: null, method => !IsCalledByBase(method));

    /// <summary>
    /// Whether the hook of a base class calls the method that this one overrides. Then the base class calls this one too, and
    /// a second call would apply the event twice.
    /// </summary>
    private static bool IsCalledByBase(IMethodSymbol method) =>
        method.OverriddenMethod is { } overridden && (HasHook(overridden.ContainingType) || IsCalledByBase(overridden));

    /// <summary>
    /// Whether a class gets an implementation: it has methods to call; or it has none, but is concrete, and then it cannot
    /// compile without one.
    /// </summary>
    private static bool IsGenerated(INamedTypeSymbol type) =>
        PartialType.IsPartial(type)
        && !type.AppliesByHand()
        && SealedBy(type) is null
        && (EventsOf(type).Count > 0 || (!type.IsAbstract && !HasImplementation(type.BaseType!)));

    /// <summary>Whether a base class has an implementation or gets one.</summary>
    private static bool HasImplementation(INamedTypeSymbol type)
    {
        if (IsRoot(type)) return false;
        return HookOf(type) is { } byHand ? !byHand.IsAbstract : IsGenerated(type.OriginalDefinition) || HasImplementation(type.BaseType!);
    }

    /// <summary>Whether a class itself has an implementation or gets one.</summary>
    private static bool HasHook(INamedTypeSymbol type) =>
        HookOf(type) is { } byHand ? !byHand.IsAbstract : IsGenerated(type.OriginalDefinition);

    private static IMethodSymbol? HookOf(INamedTypeSymbol type) =>
        type.GetMembers("Apply").OfType<IMethodSymbol>().FirstOrDefault(method => method.IsOverride && method.TakesAnyEvent());

    private static bool IsRoot(INamedTypeSymbol type) => type.IsOurs("Aggregate");
}
