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

    private readonly List<ITypeSymbol> _around = [];

    private EventShape()
    {
    }

    public static string Of(INamedTypeSymbol type) => new EventShape().ObjectText(type);

    private string ObjectText(ITypeSymbol type)
    {
        _around.Add(type);
        var members = MembersOf(type)
            .OrderBy(member => member.Name, StringComparer.Ordinal)
            .Select(member =>
                $"{NameText(member.Name)}{(IsNullable(member.Type) ? "?" : "")}: {TypeText(member.Type, ConverterOf(member.Symbol))}")
            .ToList();
        _around.RemoveAt(_around.Count - 1);
        return members.Count == 0 ? "{ }" : $"{{ {string.Join(", ", members)} }}";
    }

    private string TypeText(ITypeSymbol type, INamedTypeSymbol? converter)
    {
        type = WithoutNullable(type);
        converter ??= ConverterOf(type);
        if (type.TypeKind == TypeKind.Enum && (converter is null || converter.Name == "JsonStringEnumConverter"))
            return EnumText((INamedTypeSymbol)type, byName: converter is not null);
        if (converter is not null) return $"converted({converter.Name})";
        if (KeywordOf(type) is { } keyword) return keyword;
        if (type is IArrayTypeSymbol { ElementType.SpecialType: SpecialType.System_Byte }) return "bytes";
        if (type is IArrayTypeSymbol array) return $"[{ElementText(array.ElementType)}]";
        var depth = _around.FindLastIndex(around => SymbolEqualityComparer.Default.Equals(around, type));
        if (depth >= 0) return $"^{_around.Count - depth}";
        if (type is not INamedTypeSymbol named
            || named.ContainingNamespace.ToDisplayString().StartsWith("System.Text.Json", StringComparison.Ordinal))
            return type.Name;
        if (InterfaceOf(named, "IReadOnlyDictionary", "IDictionary") is { } map)
            return $"map<{ElementText(map.TypeArguments[0])}, {ElementText(map.TypeArguments[1])}>";
        if (InterfaceOf(named, "IEnumerable") is { } list) return $"[{ElementText(list.TypeArguments[0])}]";
        if (IsOfSystem(named))
            return named.IsGenericType ? $"{named.Name}<{string.Join(", ", named.TypeArguments.Select(ElementText))}>" : named.Name;
        return DerivedText(named) ?? ObjectText(named);
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
            .Select(d => $"{NameText(d.Discriminator)}: {ObjectText(d.Type!)}")
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
            : $"\"{name.Replace("\\", "\\\\").Replace("\"", "\\\"")}\"";
}
