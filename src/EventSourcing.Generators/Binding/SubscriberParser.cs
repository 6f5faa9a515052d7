using Microsoft.CodeAnalysis;

namespace EventSourcing.Generators;

/// <summary>Reads projections and reactors whose <c>Bind()</c> is to be generated.</summary>
internal static class SubscriberParser
{
    public static Parsed<BoundType>? Parse(INamedTypeSymbol type)
    {
        if (type.Bases().FirstOrDefault(b =>
            b.IsOurs("Projection", arity: 1) || b.IsOurs("TableProjection") || b.IsOurs("Reactor")) is not { } kind)
            return null;
        if (type.GetMembers("Bind").OfType<IMethodSymbol>().Any(method => method.Parameters.IsEmpty)) return null;
        var shapes = kind.Name switch
        {
            "Reactor" => type.Handlers("React").Select(HandlerShape.OfReactor),
            "TableProjection" => type.Handlers("Apply").Select(HandlerShape.OfTables),
            _ => type.Handlers("Apply").Select(method => HandlerShape.OfDocument(method, kind.TypeArguments[0])),
        };
        var bound = shapes.OfType<HandlerShape>().Where(shape => !IsBoundByBase(shape.Method)).ToList();
        if (bound.Count == 0) return null;

        var failures = bound.Where(shape => NotConcrete(shape.Event) is not null).Select(shape => DiagnosticInfo.Of(
            GeneratorDiagnostics.HandlerOfNoEvent, shape.Method, shape.Method.Name, shape.Event!.Name, NotConcrete(shape.Event)!)).ToList();
        if (failures.Count > 0) return Parsed<BoundType>.Failed(failures);

        var keys = KeyMethod.AllOf(type);
        if (kind.Name == "Projection")
        {
            var nullable = bound.Select(shape => KeyMethod.For(shape.Event, keys)).OfType<KeyMethod>()
                .Where(key => key.MayBeNull).Distinct().ToList();
            if (nullable.Count > 0) return Parsed<BoundType>.Failed(nullable.Select(key => key.NullFlaw(type)).ToList());
        }

        var handlers = bound.Select(shape =>
            new Handler(shape.Event is null ? null : TypeNames.Of(shape.Event), ArgumentsOf(shape, kind, keys).ToEquatableList()));
        return Parsed<BoundType>.Of(new SubscriberModel(PartialType.Of(type), handlers.ToEquatableList()));
    }

    private static IEnumerable<string> ArgumentsOf(HandlerShape shape, INamedTypeSymbol kind, IReadOnlyList<KeyMethod> keys) =>
        kind.Name switch
        {
            "Reactor" => [Lambda([.. EventOf(shape), "delivery", "cancellationToken"], shape.Call)],
            "TableProjection" => [Lambda(["tables", .. EventOf(shape), "recorded", "cancellationToken"], shape.Call)],
            _ => DocumentArguments(shape, KeyMethod.For(shape.Event, keys)),
        };

    /// <summary>
    /// The keys, if they are not the stream's id, and the method; by the overload of <c>On</c> that passes exactly what they
    /// take.
    /// </summary>
    private static IEnumerable<string> DocumentArguments(HandlerShape shape, KeyMethod? key)
    {
        if (shape.Event is null)
            return
            [
                Lambda(["recorded"], key is null ? "[recorded.StreamId]" : key.CallForMany(null)),
                Lambda(["document", "key", "recorded"], shape.Call),
            ];

        if (key is null && !shape.TakesKey)
            return [Lambda(shape.TakesRecorded ? ["document", "e", "recorded"] : ["document", "e"], shape.Call)];
        var takesRecorded = shape.TakesRecorded || key is null or { TakesRecorded: true };
        string[] given = takesRecorded ? ["e", "recorded"] : ["e"];
        return key is { IsMany: false } && !shape.TakesKey
            ? [Lambda(given, key.Call(shape.Event)), Lambda(["document", .. given], shape.Call)]
            : [Lambda(given, key?.CallForMany(shape.Event) ?? "[recorded.StreamId]"), Lambda(["document", "key", .. given], shape.Call)];
    }

    private static string[] EventOf(HandlerShape shape) => shape.Event is null ? [] : ["e"];

    private static string Lambda(string[] parameters, string body) =>
        $"{(parameters.Length == 1 ? parameters[0] : $"({string.Join(", ", parameters)})")} => {body}";

    private static string? NotConcrete(ITypeSymbol? type) => type switch
    {
        null or ITypeParameterSymbol => null,
        { TypeKind: TypeKind.Interface } => "an interface",
        { SpecialType: SpecialType.System_Object } => "any object",
        { TypeKind: TypeKind.Class, IsAbstract: true } => "abstract",
        _ => null,
    };

    /// <summary>Whether a method overrides one that its base class has bound; the base class then calls it.</summary>
    private static bool IsBoundByBase(IMethodSymbol method)
    {
        if (method.OverriddenMethod is not { } overridden) return false;
        return overridden.ContainingType is var type && (type.DeclaringSyntaxReferences.IsEmpty || PartialType.IsPartial(type))
            || IsBoundByBase(overridden);
    }
}
