using Microsoft.CodeAnalysis;

namespace EventSourcing.Generators;

/// <summary>Which type is the more specific one.</summary>
internal static class Assignability
{
    /// <summary>Whether every value of a type is one of another, as a pattern sees it.</summary>
    public static bool IsA(this ITypeSymbol type, ITypeSymbol other)
    {
        var same = SymbolEqualityComparer.Default;
        if (same.Equals(type, other) || other.SpecialType == SpecialType.System_Object) return true;
        if (type is ITypeParameterSymbol parameter) return parameter.ConstraintTypes.Any(constraint => constraint.IsA(other));
        return type.Bases().Concat(type.AllInterfaces).Any(b => same.Equals(b, other));
    }

    /// <summary>Its base classes, the nearest first.</summary>
    public static IEnumerable<INamedTypeSymbol> Bases(this ITypeSymbol type)
    {
        for (var current = type.BaseType; current is not null; current = current.BaseType) yield return current;
    }

    /// <summary>What it is a sequence of: several types if it is several sequences; nothing for text, which is one value.</summary>
    public static IEnumerable<ITypeSymbol> ItemsOf(this ITypeSymbol type) => type.SpecialType == SpecialType.System_String ? [] : type.AllInterfaces.Concat(new[] { type }.OfType<INamedTypeSymbol>())
        .Where(i => i.OriginalDefinition.SpecialType == SpecialType.System_Collections_Generic_IEnumerable_T)
        .Select(i => i.TypeArguments[0]);

    /// <summary>Whether it is a sequence of just such items.</summary>
    public static bool IsSequenceOf(this ITypeSymbol type, SpecialType item) => type.AllInterfaces.Concat(new[] { type }.OfType<INamedTypeSymbol>()).Any(i =>
        i.OriginalDefinition.SpecialType == SpecialType.System_Collections_Generic_IEnumerable_T && i.TypeArguments[0].SpecialType == item);

    /// <summary>
    /// Orders by type, the most specific first, and leaves unrelated ones as they are. A type is a case of all that its
    /// bases are cases of, and of these: so it is enough to count.
    /// </summary>
    public static IEnumerable<T> MostSpecificFirst<T>(this IReadOnlyCollection<T> items, Func<T, ITypeSymbol> typeOf) =>
        items.OrderByDescending(item => items.Count(other => typeOf(item).IsA(typeOf(other))));
}
