using Microsoft.CodeAnalysis;

namespace EventSourcing.Generators;

/// <summary>
/// A method of a projection that says which documents an event changes: <c>string Key(TEvent)</c>, or
/// <c>IEnumerable&lt;string&gt; Keys(TEvent)</c>; instead of strings, ids of other types that can be formatted are possible.
/// </summary>
/// <param name="Name">Its name.</param>
/// <param name="Event">The event; null if it takes any event, as it was recorded.</param>
/// <param name="IsMany">Whether it returns several keys.</param>
/// <param name="TakesRecorded">Whether it takes the event's record.</param>
/// <param name="IsText">Whether it returns strings, and not ids that have to be formatted.</param>
/// <param name="MayBeNull">Whether it may return null, or a sequence with null in it.</param>
/// <param name="Method">The method.</param>
internal sealed record KeyMethod(
    string Name, ITypeSymbol? Event, bool IsMany, bool TakesRecorded, bool IsText, bool MayBeNull, IMethodSymbol Method)
{
    private const string Format = "global::EventSourcing.IdText.Of";

    /// <summary>
    /// Types whose equal values may be formatted differently, or whose values may be formatted differently in another place.
    /// </summary>
    private static readonly HashSet<string> NotCanonical =
    [
        "Decimal", "Double", "Single", "Half", "DateTime", "DateTimeOffset", "FormattableString",
    ];

    /// <summary>
    /// The methods of a projection and then of its base classes, in the order in which the compiler would look for them; for
    /// each class, the most specific first.
    /// </summary>
    public static IReadOnlyList<KeyMethod> AllOf(INamedTypeSymbol type)
    {
        var all = new List<KeyMethod>();
        for (var current = type; current is not null; current = current.BaseType)
        {
            var methods = current.Handlers("Key").Concat(current.Handlers("Keys"))
                .Where(method => !method.IsOverride
                    && (method.DeclaredAccessibility != Accessibility.Private || SymbolEqualityComparer.Default.Equals(current, type)))
                .Select(Of).OfType<KeyMethod>().ToList();
            all.AddRange(methods.Where(method => method.Event is not null).ToList().MostSpecificFirst(method => method.Event!));
            all.AddRange(methods.Where(method => method.Event is null));
        }

        return all;
    }

    /// <summary>The method for an event: for its type, for a base or interface of its type, or for any event.</summary>
    public static KeyMethod? For(ITypeSymbol? type, IReadOnlyList<KeyMethod> methods) =>
        methods.FirstOrDefault(method => type is not null && method.Event is not null && type.IsA(method.Event))
            ?? methods.FirstOrDefault(method => method.Event is null);

    public string Call(ITypeSymbol? type)
    {
        var call = CallOfMethod(type);
        return IsText ? call : IsMany ? $"global::System.Linq.Enumerable.Select({call}, id => {Format}(id))" : $"{Format}({call})";
    }

    private string CallOfMethod(ITypeSymbol? type)
    {
        if (Event is null) return $"{Name}(recorded)";

        // If several methods would match, the cast says which one is meant.
        var e = SymbolEqualityComparer.Default.Equals(type, Event) ? "e" : $"({TypeNames.Of(Event)})e";
        return TakesRecorded ? $"{Name}({e}, recorded)" : $"{Name}({e})";
    }

    public string CallForMany(ITypeSymbol? type) => IsMany ? Call(type) : $"[{Call(type)}]";

    /// <summary>Whether an id of a type can be a key: it is text, or it can always be formatted in the same way.</summary>
    public static bool IsKey(ITypeSymbol type) => type.SpecialType == SpecialType.System_String || IsId(NotNull(type));

    /// <summary>The error that the method may return null.</summary>
    public DiagnosticInfo NullFlaw(INamedTypeSymbol projection)
    {
        var returned = Method.ReturnType;
        var id = IsMany ? returned.ItemsOf().First(IsKey) : returned;
        var shown = NotNull(id).WithNullableAnnotation(NullableAnnotation.NotAnnotated)
            .ToDisplayString(SymbolDisplayFormat.MinimallyQualifiedFormat);
        return DiagnosticInfo.Of(
            GeneratorDiagnostics.KeyMayBeNull,
            Method.Locations.Any(location => location.IsInSource) ? Method : projection,
            Name,
            projection.Name,
            IsMany ? $"a sequence of '{shown}'" : $"'{shown}'",
            shown);
    }

    /// <summary>The method as one that returns keys; null if it does not have that form.</summary>
    public static KeyMethod? Of(IMethodSymbol method)
    {
        var any = method.Parameters[0].Type.IsRecordedEvent();
        var takesRecorded = any || (method.Parameters.Length == 2 && method.Parameters[1].Type.IsRecordedEvent());
        if (method.Parameters.Length != (takesRecorded && !any ? 2 : 1)) return null;
        var isMany = method.Name == "Keys";
        var id = isMany ? method.ReturnType.ItemsOf().FirstOrDefault(IsKey) : method.ReturnType;
        return id is not null && IsKey(id)
            ? new KeyMethod(
                method.Name,
                any ? null : method.Parameters[0].Type,
                isMany,
                takesRecorded,
                id.SpecialType == SpecialType.System_String,
                IsNullable(id) || IsNullable(method.ReturnType),
                method)
            : null;
    }

    private static bool IsNullable(ITypeSymbol type) =>
        type.NullableAnnotation == NullableAnnotation.Annotated || type.OriginalDefinition.SpecialType == SpecialType.System_Nullable_T;

    private static ITypeSymbol NotNull(ITypeSymbol type) =>
        type is INamedTypeSymbol { OriginalDefinition.SpecialType: SpecialType.System_Nullable_T } nullable
            ? nullable.TypeArguments[0]
            : type;

    private static bool IsId(ITypeSymbol type)
    {
        if (type is ITypeParameterSymbol parameter)
            return parameter.ConstraintTypes.Any(constraint => constraint.Is("System", "IFormattable") || IsId(constraint));
        if (type.ContainingNamespace is { Name: "System", ContainingNamespace.IsGlobalNamespace: true } && NotCanonical.Contains(type.Name))
            return false;
        return type.TypeKind is TypeKind.Enum || type.AllInterfaces.Any(i => i.Is("System", "IFormattable"));
    }
}
