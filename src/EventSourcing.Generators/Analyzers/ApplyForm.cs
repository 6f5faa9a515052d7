using Microsoft.CodeAnalysis;

namespace EventSourcing.Generators.Analyzers;

/// <summary>The form of Apply and React methods that the generator calls, and how a method deviates from it.</summary>
/// <param name="Event">The parameter that takes the event, if there is one.</param>
/// <param name="Flaw">What is wrong, as the end of a sentence; null if nothing is.</param>
internal readonly record struct ApplyForm(IParameterSymbol? Event, string? Flaw)
{
    public static ApplyForm Of(IMethodSymbol method, FoldingType type, LibraryTypes library)
    {
        if (method.IsGenericMethod) return Wrong("it is generic");
        if (method.Parameters.FirstOrDefault(p => p.RefKind is RefKind.Ref or RefKind.Out) is { } byRef)
            return Wrong($"its parameter '{byRef.Name}' is {(byRef.RefKind == RefKind.Ref ? "ref" : "out")}");
        return type.Kind switch
        {
            FoldKind.Documents => OfDocuments(method, type, library),
            FoldKind.Tables => OfTables(method, library),
            FoldKind.Reactor => OfReactor(method, library),
            _ => OfState(method, type, library),
        };
    }

    /// <summary>How the method should look, for messages.</summary>
    public static string Expected(FoldingType type) => type.Kind switch
    {
        FoldKind.Aggregate => "void Apply(TEvent e)",
        FoldKind.State => $"{type.Type.Name} Apply(TEvent e)",
        FoldKind.Documents =>
            $"{type.Document?.Name}? Apply({type.Document?.Name}? document, [string key,] TEvent e[, RecordedEvent recorded])",
        FoldKind.Reactor => "Task React(TEvent e[, Delivery delivery][, CancellationToken cancellationToken])",
        _ => "ValueTask Apply(ProjectionTables tables, TEvent e[, RecordedEvent recorded][, CancellationToken cancellationToken])",
    };

    private static ApplyForm OfState(IMethodSymbol method, FoldingType type, LibraryTypes library)
    {
        if (method.IsStatic) return Wrong("it is static");
        if (method.Parameters.Any(p => LibraryTypes.Same(p.Type, library.RecordedEvent)))
            return Wrong(
                "an event is applied as soon as it is raised, and is not recorded then; what Apply needs, such as the time, "
                + "belongs into the event");
        if (method.Parameters.Length != 1) return Wrong($"it has {method.Parameters.Length} parameters");
        if (method.IsAsync) return Wrong("it is async");
        if (type.Kind == FoldKind.Aggregate ? !method.ReturnsVoid : !LibraryTypes.Same(method.ReturnType, type.Type))
            return Returns(method);
        return OfEvent(method.Parameters[0], library);
    }

    private static ApplyForm OfDocuments(IMethodSymbol method, FoldingType type, LibraryTypes library)
    {
        if (!LibraryTypes.Same(method.ReturnType, type.Document)) return Returns(method);
        var parameters = method.Parameters.ToList();
        if (parameters.Count == 0 || !LibraryTypes.Same(parameters[0].Type, type.Document))
            return Wrong("its first parameter is not the document");
        parameters.RemoveAt(0);
        if (parameters.Count > 0 && parameters[0].Type.SpecialType == SpecialType.System_String) parameters.RemoveAt(0);
        if (parameters.Count == 0) return Wrong("it takes no event");
        if (parameters.Count > 1 && LibraryTypes.Same(parameters[1].Type, library.RecordedEvent)) parameters.RemoveAt(1);
        if (parameters.Count > 1) return Wrong($"it has a parameter '{parameters[1].Name}'");
        return new ApplyForm(parameters[0], null);
    }

    private static ApplyForm OfTables(IMethodSymbol method, LibraryTypes library)
    {
        if (method.ReturnType is not INamedTypeSymbol { Name: "ValueTask", IsGenericType: false }) return Returns(method);
        if (method.Parameters.Length < 2 || !LibraryTypes.Same(method.Parameters[0].Type, library.ProjectionTables))
            return Wrong("its first parameter is not the tables");
        return Extra(method, 2, library.RecordedEvent) ?? new ApplyForm(method.Parameters[1], null);
    }

    private static ApplyForm OfReactor(IMethodSymbol method, LibraryTypes library)
    {
        if (method.ReturnType is not INamedTypeSymbol { Name: "Task", IsGenericType: false }) return Returns(method);
        if (method.Parameters.Length == 0) return Wrong("it takes no event");
        return Extra(method, 1, library.Delivery) ?? new ApplyForm(method.Parameters[0], null);
    }

    /// <summary>What is wrong with the parameters after the event; null if nothing is.</summary>
    private static ApplyForm? Extra(IMethodSymbol method, int start, INamedTypeSymbol? recorded) =>
        method.Parameters.Skip(start).FirstOrDefault(p =>
            !LibraryTypes.Same(p.Type, recorded) && p.Type.Name != "CancellationToken") is { } extra
            ? Wrong($"it has a parameter '{extra.Name}'")
            : null;

    private static ApplyForm Returns(IMethodSymbol method) => Wrong($"it returns {NameOf(method.ReturnType)}");

    private static string NameOf(ITypeSymbol type) => type.ToDisplayString(SymbolDisplayFormat.CSharpShortErrorMessageFormat);

    /// <summary>
    /// Any class or struct can be an event, except a type that is not the app's own, or that is only a base without events.
    /// For projections the generator reports these, since it needs their events to be concrete.
    /// </summary>
    private static ApplyForm OfEvent(IParameterSymbol parameter, LibraryTypes library)
    {
        var type = parameter.Type;
        var isOfTheApp =
            type is INamedTypeSymbol { SpecialType: SpecialType.None, TypeKind: TypeKind.Class or TypeKind.Struct, IsAbstract: false }
            && !IsOfSystem(type);
        return isOfTheApp || type is ITypeParameterSymbol || library.IsBaseOfEvents(type)
            ? new ApplyForm(parameter, null)
            : new ApplyForm(parameter, $"{NameOf(type)} is neither an event nor a base or interface of one");
    }

    private static bool IsOfSystem(ITypeSymbol type)
    {
        var space = type.ContainingNamespace;
        while (space is { ContainingNamespace.IsGlobalNamespace: false }) space = space.ContainingNamespace;
        return space?.Name is "System";
    }

    private static ApplyForm Wrong(string flaw) => new(null, flaw);
}
