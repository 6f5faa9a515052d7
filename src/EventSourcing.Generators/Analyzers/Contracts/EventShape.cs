using System.Globalization;
using System.Text;
using Microsoft.CodeAnalysis;

namespace EventSourcing.Generators.Analyzers;

/// <summary>
/// The stored shape of an event as a text: what System.Text.Json needs to read it back, by the library's defaults and the
/// attributes of the type. The README describes the format byte for byte.
/// </summary>
internal sealed class EventShape
{
    // JsonIgnoreCondition.Always, and the two conditions that leave out one direction.
    private static readonly int[] Ignoring = [1, 4, 5];

    /// <summary>As many levels as System.Text.Json reads by default. A generic type can be nested in ever new forms of itself.</summary>
    private const int MaxDepth = 64;

    private const int MaxObjects = 1_000;

    private readonly List<ITypeSymbol> _around = [];

    /// <summary>The collections that are being written within the innermost object: one may be a collection of itself.</summary>
    private List<ITypeSymbol> _collections = [];

    private readonly bool _showsOnce;

    /// <summary>The types whose objects were written, by their numbers, if each is written once.</summary>
    private readonly Dictionary<ITypeSymbol, int> _shown = new(SymbolEqualityComparer.Default);

    private int _objects;
    private int _depth;

    private EventShape(bool showsOnce) => _showsOnce = showsOnce;

    /// <summary>
    /// Whether so many objects were written that it is better to write each type once: if types refer to each other often, the ways from
    /// one to another are more than can be written.
    /// </summary>
    private bool IsTooLong => !_showsOnce && _objects > MaxObjects;

    public static string Of(INamedTypeSymbol type)
    {
        var shape = new EventShape(showsOnce: false);
        var text = shape.ObjectText(type);
        return shape.IsTooLong ? new EventShape(showsOnce: true).ObjectText(type) : text;
    }

    private string ObjectText(ITypeSymbol type)
    {
        _objects++;
        if (IsTooLong) return "{ }";
        if (_showsOnce)
        {
            if (_shown.TryGetValue(type, out var number)) return $"*{number.ToString(CultureInfo.InvariantCulture)}";
            if (_shown.Count >= MaxObjects) return NameOf(type);
            _shown.Add(type, _shown.Count + 1);
        }

        var collections = _collections;
        _collections = [];
        _around.Add(type);
        var members = MembersOf(type)
            .OrderBy(member => member.Name, StringComparer.Ordinal)
            .Select(member =>
                $"{NameText(member.Name)}{(IsNullable(member.Type) ? "?" : "")}: {TypeText(member.Type, ConverterOf(member.Symbol))}")
            .ToList();
        _around.RemoveAt(_around.Count - 1);
        _collections = collections;
        return members.Count == 0 ? "{ }" : $"{{ {string.Join(", ", members)} }}";
    }

    private string TypeText(ITypeSymbol type, INamedTypeSymbol? converter)
    {
        if (_depth >= MaxDepth) return NameOf(type);
        _depth++;
        var text = TextOf(type, converter);
        _depth--;
        return text;
    }

    private string TextOf(ITypeSymbol type, INamedTypeSymbol? converter)
    {
        type = WithoutNullable(type);
        converter ??= ConverterOf(type);
        if (type.TypeKind == TypeKind.Enum && (converter is null || converter.Name == "JsonStringEnumConverter"))
            return EnumText((INamedTypeSymbol)type, byName: converter is not null);
        if (converter is not null) return $"converted({converter.Name})";
        if (KeywordOf(type) is { } keyword) return keyword;
        if (type is IArrayTypeSymbol { ElementType.SpecialType: SpecialType.System_Byte }) return "bytes";
        if (type is IArrayTypeSymbol array) return $"[{ElementText(array.ElementType)}]";
        if (AroundText(type) is { } around) return around;
        if (type is not INamedTypeSymbol named
            || named.ContainingNamespace.ToDisplayString().StartsWith("System.Text.Json", StringComparison.Ordinal))
            return NameOf(type);
        if (InterfaceOf(named, "IReadOnlyDictionary", "IDictionary") is { } map) return CollectionText(named, () =>
            $"map<{ElementText(map.TypeArguments[0])}, {ElementText(map.TypeArguments[1])}>");
        if (InterfaceOf(named, "IEnumerable") is { } list) return CollectionText(named, () => $"[{ElementText(list.TypeArguments[0])}]");
        if (IsOfSystem(named))
            return named.IsGenericType ? $"{named.Name}<{string.Join(", ", named.TypeArguments.Select(ElementText))}>" : named.Name;
        return DerivedText(named) ?? ObjectText(named);
    }

    /// <summary>The reference to an object around; null if a type is not that of one.</summary>
    private string? AroundText(ITypeSymbol type)
    {
        var index = _around.FindLastIndex(around => SymbolEqualityComparer.Default.Equals(around, type));
        return index < 0 ? null : $"^{(_around.Count - index).ToString(CultureInfo.InvariantCulture)}";
    }

    private string CollectionText(INamedTypeSymbol type, Func<string> text)
    {
        if (_collections.Contains(type, SymbolEqualityComparer.Default)) return "^0";
        _collections.Add(type);
        var written = text();
        _collections.RemoveAt(_collections.Count - 1);
        return written;
    }

    private string ElementText(ITypeSymbol type) => TypeText(type, converter: null) + (IsNullable(type) ? "?" : "");

    private static string EnumText(INamedTypeSymbol type, bool byName)
    {
        var members = type.GetMembers().OfType<IFieldSymbol>().Where(field => field.HasConstantValue);
        var texts = byName
            ? members.Select(field => field.Name).OrderBy(name => name, StringComparer.Ordinal)
            : members.OrderBy(field => Convert.ToDecimal(field.ConstantValue, CultureInfo.InvariantCulture))
                .ThenBy(field => field.Name, StringComparer.Ordinal)
                .Select(field => $"{field.Name} = {Convert.ToString(field.ConstantValue, CultureInfo.InvariantCulture)}");
        return $"enum({string.Join(", ", texts)})";
    }

    /// <summary>What <c>[JsonDerivedType]</c> lists: a shape for each discriminator.</summary>
    private string? DerivedText(INamedTypeSymbol type)
    {
        var derived = type.GetAttributes()
            .Where(a => a.AttributeClass?.Name == "JsonDerivedTypeAttribute" && a.ConstructorArguments.Length == 2)
            .Select(a => (
                Discriminator: Convert.ToString(a.ConstructorArguments[1].Value, CultureInfo.InvariantCulture),
                Type: a.ConstructorArguments[0].Value as INamedTypeSymbol))
            .Where(d => d.Type is not null)
            .OrderBy(d => d.Discriminator, StringComparer.Ordinal)
            .Select(d => $"{NameText(d.Discriminator)}: {AroundText(d.Type!) ?? ObjectText(d.Type!)}")
            .ToList();
        return derived.Count == 0 ? null : $"oneof({string.Join(", ", derived)})";
    }

    private static IEnumerable<(string Name, ITypeSymbol Type, ISymbol Symbol)> MembersOf(ITypeSymbol type)
    {
        var seen = new HashSet<string>(StringComparer.Ordinal);
        foreach (var declaring in DeclaringTypesOf(type))
        {
            foreach (var member in declaring.GetMembers().Where(member => IsStored(member, type) && seen.Add(member.Name)))
            {
                var memberType = member is IPropertySymbol property ? property.Type : ((IFieldSymbol)member).Type;
                yield return (
                    AttributeOf(member, "JsonPropertyNameAttribute")?.ConstructorArguments.FirstOrDefault().Value as string
                        ?? CamelCase(member.Name), memberType, member);
            }
        }
    }

    private static IEnumerable<ITypeSymbol> DeclaringTypesOf(ITypeSymbol type)
    {
        if (type.TypeKind == TypeKind.Interface) return type.AllInterfaces.Prepend(type);
        var types = new List<ITypeSymbol>();
        for (var b = type; b is { SpecialType: SpecialType.None }; b = b.BaseType) types.Add(b);
        return types;
    }

    /// <summary>Whether a member is both written and read. A computed member is written too, but never read.</summary>
    private static bool IsStored(ISymbol member, ITypeSymbol type)
    {
        if (member.IsStatic || AttributeOf(member, "JsonExtensionDataAttribute") is not null) return false;
        if (AttributeOf(member, "JsonIgnoreAttribute") is { } ignore)
        {
            var condition = ignore.NamedArguments.FirstOrDefault(argument => argument.Key == "Condition");
            if (condition.Key is null || (condition.Value.Value is int value && Ignoring.Contains(value))) return false;
        }

        var isIncluded = AttributeOf(member, "JsonIncludeAttribute") is not null;
        if (member is IFieldSymbol { IsImplicitlyDeclared: false }) return isIncluded;
        if (member is not IPropertySymbol { IsIndexer: false, GetMethod: { } getter } property
            || (getter.DeclaredAccessibility != Accessibility.Public && !isIncluded))
            return false;
        return type.TypeKind == TypeKind.Interface
            || (property.SetMethod is { } setter && (setter.DeclaredAccessibility == Accessibility.Public || isIncluded))
            || (type is INamedTypeSymbol named && named.InstanceConstructors.Any(constructor =>
                constructor.Parameters.Any(parameter => string.Equals(parameter.Name, property.Name, StringComparison.OrdinalIgnoreCase))));
    }

    private static AttributeData? AttributeOf(ISymbol symbol, string name) =>
        symbol.GetAttributes().FirstOrDefault(a => a.AttributeClass?.Name == name);

    private static INamedTypeSymbol? ConverterOf(ISymbol symbol) =>
        AttributeOf(symbol, "JsonConverterAttribute")?.ConstructorArguments.FirstOrDefault().Value as INamedTypeSymbol;

    private static bool IsNullable(ITypeSymbol type) =>
        type.NullableAnnotation == NullableAnnotation.Annotated || type.OriginalDefinition.SpecialType == SpecialType.System_Nullable_T;

    private static ITypeSymbol WithoutNullable(ITypeSymbol type) =>
        type is INamedTypeSymbol { OriginalDefinition.SpecialType: SpecialType.System_Nullable_T } nullable
            ? nullable.TypeArguments[0]
            : type.WithNullableAnnotation(NullableAnnotation.NotAnnotated);

    private static INamedTypeSymbol? InterfaceOf(INamedTypeSymbol type, params string[] names) =>
        type.AllInterfaces.Prepend(type).FirstOrDefault(i =>
            i is { TypeKind: TypeKind.Interface, IsGenericType: true } && names.Contains(i.Name) && IsOfSystem(i));

    private static bool IsOfSystem(ITypeSymbol type)
    {
        var space = type.ContainingNamespace.ToDisplayString();
        return space == "System" || space.StartsWith("System.", StringComparison.Ordinal);
    }

    /// <summary>The name of a type. A pointer, for example, has none, and a line needs one to be read again.</summary>
    private static string NameOf(ITypeSymbol type) => type.Name.Length > 0 ? type.Name : type.TypeKind.ToString();

    private static string? KeywordOf(ITypeSymbol type) => type.SpecialType switch
    {
        SpecialType.System_Boolean => "bool",
        SpecialType.System_Byte => "byte",
        SpecialType.System_SByte => "sbyte",
        SpecialType.System_Int16 => "short",
        SpecialType.System_UInt16 => "ushort",
        SpecialType.System_Int32 => "int",
        SpecialType.System_UInt32 => "uint",
        SpecialType.System_Int64 => "long",
        SpecialType.System_UInt64 => "ulong",
        SpecialType.System_Single => "float",
        SpecialType.System_Double => "double",
        SpecialType.System_Decimal => "decimal",
        SpecialType.System_Char => "char",
        SpecialType.System_String => "string",
        SpecialType.System_Object => "object",
        _ => null,
    };

    /// <summary>Like JsonNamingPolicy.CamelCase: lowers the capitals at the beginning, except the one that starts the next word.</summary>
    internal static string CamelCase(string name)
    {
        var text = new StringBuilder(name);
        for (var i = 0; i < text.Length; i++)
        {
            if (!char.IsUpper(text[i]) || (i > 0 && i + 1 < text.Length && !char.IsUpper(text[i + 1]))) break;
            text[i] = char.ToLowerInvariant(text[i]);
        }

        return text.ToString();
    }

    /// <summary>A name as it is, or in quotes if it could not be told apart from what surrounds it.</summary>
    private static string NameText(string name) =>
        name.Length > 0 && name.All(c => char.IsLetterOrDigit(c) || c is '_' or '-' or '$' or '@' or '.')
            ? name
            : QuotedName.Of(name);
}
