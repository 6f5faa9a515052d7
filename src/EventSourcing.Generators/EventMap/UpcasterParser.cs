using System.Globalization;
using Microsoft.CodeAnalysis;
using Microsoft.CodeAnalysis.CSharp;

namespace EventSourcing.Generators;

/// <summary>Reads methods marked [Upcaster].</summary>
internal static class UpcasterParser
{
    public static Parsed<UpcasterEntry> Parse(GeneratorAttributeSyntaxContext marked)
    {
        var method = (IMethodSymbol)marked.TargetSymbol;
        var attribute = marked.Attributes[0];
        IReadOnlyList<ITypeSymbol>? given = attribute.Named("Into") is { Kind: TypedConstantKind.Array, IsNull: false } types
            ? [.. types.Values.Select(value => value.Value).OfType<ITypeSymbol>()]
            : null;
        var into = given ?? [];

        if (!method.IsStatic || method.IsGenericMethod || method.Parameters.Length != 1 || method.Parameters[0].RefKind != RefKind.None)
            return Failed(method, "it must be a static method of one parameter");
        if (!method.IsInternallyAccessible() || method.ContainingType.IsOpenGeneric())
            return Failed(method, "it and the types around it must be internal or public, and not generic");

        var takesJson = method.Parameters[0].Type.IsJsonObject();
        var name = attribute.ConstructorArguments.FirstOrDefault().Value as string;
        if (takesJson && name is null)
            return Failed(method, "it takes stored JSON, so say of which name and version: [Upcaster(\"…\", 1)]");
        if (!takesJson && name is not null)
            return Failed(method, "it takes an event type, which says of itself what it is: write [Upcaster] without name and version");
        if (takesJson && attribute.ConstructorArguments[1].Value is int version && StoredNames.FlawOf(name!, version) is { } flaw)
            return Failed(method, $"of the stored event that it takes, {flaw}");
        if (takesJson && EventParser.IsReserved(name!))
            return Failed(method, $"'{name}' ends in '@' and digits; give the name without, and the version beside it");
        if (method.ReturnType.IsJsonObject() && !takesJson) return Failed(method, "from an event type it must give events");

        var call = $"{TypeNames.Of(method.ContainingType)}.{Escaped(method.Name)}";
        var from = takesJson ? $"{SymbolDisplay.FormatLiteral(name!, quote: true)}, "
            + $"{Convert.ToString(attribute.ConstructorArguments[1].Value, CultureInfo.InvariantCulture)}, " : "";
        var typesOf = $"[{string.Join(", ", into.Select(type => $"typeof({TypeNames.Of(type)})"))}]";
        return (method.ReturnType.IsSequenceOf(SpecialType.System_Object), takesJson, into.Count) switch
        {
            (true, _, _) when given is null => Failed(
                method, "it gives several events, so say of which types: Into = [typeof(…), …], or Into = [] if it drops them all"),
            (true, true, _) => Of($"Split({from}{typesOf}, {call})"),
            (true, false, _) => Of($"Split<{TypeNames.Of(method.Parameters[0].Type)}>({typesOf}, {call})"),
            (false, true, _) when !method.ReturnType.IsJsonObject() =>
                Failed(method, "from stored JSON it must give a JsonObject, or an IEnumerable<object> of events"),
            (false, true, 0) => Of($"Json({from}{call})"),
            (false, true, 1) => Of($"Json<{TypeNames.Of(into[0])}>({from}{call})"),
            (false, true, _) =>
                Failed(method, "one JsonObject is the JSON of one type; to give several events return an IEnumerable<object>"),
            (false, false, 0) when !method.ReturnsVoid =>
                Of($"Typed<{TypeNames.Of(method.Parameters[0].Type)}, {TypeNames.Of(method.ReturnType)}>({call})"),
            _ => Failed(method, "from one event type to another it needs no Into; to give several events return an IEnumerable<object>"),
        };
    }

    private static bool IsJsonObject(this ITypeSymbol type) => type.Is("System.Text.Json.Nodes", "JsonObject");

    private static string Escaped(string name) => SyntaxFacts.GetKeywordKind(name) == SyntaxKind.None ? name : "@" + name;

    private static Parsed<UpcasterEntry> Of(string call) => Parsed<UpcasterEntry>.Of(new UpcasterEntry(call));

    private static Parsed<UpcasterEntry> Failed(IMethodSymbol method, string reason) =>
        Parsed<UpcasterEntry>.Failed(DiagnosticInfo.Of(GeneratorDiagnostics.UpcasterShape, method, method.Name, reason));
}
