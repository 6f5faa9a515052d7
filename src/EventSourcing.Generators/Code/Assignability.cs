using Microsoft.CodeAnalysis;

namespace EventSourcing.Generators;

/// <summary>Determines which of two types is the more specific one.</summary>
internal static class Assignability
{
    /// <summary>Whether every value of a type matches a pattern of the other type.</summary>
    public static bool IsA(this ITypeSymbol type, ITypeSymbol other)
    {
        var same = SymbolEqualityComparer.Default;
        if (same.Equals(type, other) || other.SpecialType == SpecialType.System_Object) return true;
        if (type is ITypeParameterSymbol parameter) return parameter.ConstraintTypes.Any(constraint => constraint.IsA(other));
        return type.Bases().Concat(type.AllInterfaces).Any(b => same.Equals(b, other));
    }

    /// <summary>The base classes of a type, the nearest first.</summary>
    public static IEnumerable<INamedTypeSymbol> Bases(this ITypeSymbol type)
    {
        for (var current = type.BaseType; current is not null; current = current.BaseType) yield return current;
    }

    /// <summary>
    /// The item types of a sequence. There are several if the type is several sequences. Text has none, because it counts as one value.
    /// </summary>
    public static IEnumerable<ITypeSymbol> ItemsOf(this ITypeSymbol type) =>
        type.SpecialType == SpecialType.System_String ? [] : type.AllInterfaces.Concat(new[] { type }.OfType<INamedTypeSymbol>())
            .Where(i => i.OriginalDefinition.SpecialType == SpecialType.System_Collections_Generic_IEnumerable_T)
            .Select(i => i.TypeArguments[0]);

    /// <summary>Whether a type is a sequence whose items are exactly of the other type.</summary>
    public static bool IsSequenceOf(this ITypeSymbol type, SpecialType item) =>
        type.AllInterfaces.Concat(new[] { type }.OfType<INamedTypeSymbol>()).Any(i =>
            i.OriginalDefinition.SpecialType == SpecialType.System_Collections_Generic_IEnumerable_T
            && i.TypeArguments[0].SpecialType == item);

    /// <summary>
    /// Orders by type, the most specific first. A type matches everything that its bases match, and also itself, so it has more matches
    /// than each of its bases. Therefore it is enough to count matches. Types with equally many matches keep their order.
    /// </summary>
    public static IEnumerable<T> MostSpecificFirst<T>(this IReadOnlyCollection<T> items, Func<T, ITypeSymbol> typeOf) =>
        items.OrderByDescending(item => items.Count(other => typeOf(item).IsA(typeOf(other))));
}
