using Microsoft.CodeAnalysis;

namespace EventSourcing.Generators;

/// <summary>The methods of a type that are bound to events.</summary>
internal static class ApplyMethods
{
    /// <summary>
    /// Methods of a name that can be called with what a handler is given. Inherited methods are bound in the class that
    /// declares them.
    /// </summary>
    public static IEnumerable<IMethodSymbol> Handlers(this INamedTypeSymbol type, string name) =>
        type.GetMembers(name).OfType<IMethodSymbol>().Where(method =>
            method is { MethodKind: MethodKind.Ordinary, IsGenericMethod: false, Parameters.Length: > 0 }
            && method.Parameters.All(parameter => parameter.RefKind is RefKind.None or RefKind.In && !parameter.Type.IsRefLikeType));

    /// <summary>The types for which a fold has methods, the most specific first.</summary>
    /// <param name="type">The aggregate or state.</param>
    /// <param name="returns">What its methods return; null if nothing.</param>
    /// <param name="counts">Which of its methods count; null for all.</param>
    public static IReadOnlyList<ITypeSymbol> AppliedEvents(
        this INamedTypeSymbol type, ITypeSymbol? returns, Func<IMethodSymbol, bool>? counts = null)
    {
        var events = type.Handlers("Apply")
            .Where(method => !method.IsStatic && method.Parameters.Length == 1
                && (returns is null ? method.ReturnsVoid : SymbolEqualityComparer.Default.Equals(method.ReturnType, returns)))
            .Where(method => counts?.Invoke(method) ?? true)
            .Select(method => method.Parameters[0].Type)
            .Where(IsPattern)
            .ToList();
        return [.. events.MostSpecificFirst(e => e)];
    }

    /// <summary>
    /// Whether a fold handles events whose payload was erased, by a method of its own or of a base class. If it does not,
    /// such an event must not be skipped if the fold has a method for its type.
    /// </summary>
    public static bool AppliesErasedEvents(this INamedTypeSymbol type) =>
        type.Bases().Prepend(type).Any(HasApplyOfErasedEvents);

    /// <summary>Whether a class itself has a method for erased events.</summary>
    public static bool HasApplyOfErasedEvents(this INamedTypeSymbol type) =>
        type.Handlers("Apply").Any(method => method.Parameters.Length == 1 && method.Parameters[0].Type.IsOurs("ErasedEvent"));

    /// <summary>Whether a type has its hook already: a method that takes any event.</summary>
    public static bool AppliesByHand(this INamedTypeSymbol type) => type.GetMembers("Apply").OfType<IMethodSymbol>().Any(TakesAnyEvent);

    /// <summary>Whether a method is the hook.</summary>
    public static bool TakesAnyEvent(this IMethodSymbol method) =>
        method is { IsStatic: false, IsGenericMethod: false, Parameters.Length: 1 }
        && method.Parameters[0].Type.SpecialType == SpecialType.System_Object;

    private static bool IsPattern(ITypeSymbol type) =>
        type.SpecialType != SpecialType.System_Object
        && type.OriginalDefinition.SpecialType != SpecialType.System_Nullable_T
        && type.TypeKind is TypeKind.Class or TypeKind.Struct or TypeKind.Interface or TypeKind.TypeParameter or TypeKind.Enum
            or TypeKind.Array;
}
