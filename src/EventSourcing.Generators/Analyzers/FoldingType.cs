using Microsoft.CodeAnalysis;
using Microsoft.CodeAnalysis.CSharp;
using Microsoft.CodeAnalysis.CSharp.Syntax;

namespace EventSourcing.Generators.Analyzers;

/// <summary>The kinds of types that take events by methods named Apply or React.</summary>
internal enum FoldKind
{
    Aggregate,
    State,
    Documents,
    Tables,
    Reactor,
}

/// <summary>An aggregate, a state, a projection or a reactor, as its author has written it: without what the generator has added.</summary>
internal sealed class FoldingType
{
    private FoldingType(INamedTypeSymbol type, FoldKind kind, INamedTypeSymbol? document)
    {
        Type = type;
        Kind = kind;
        Document = document;
    }

    public INamedTypeSymbol Type { get; }

    public FoldKind Kind { get; }

    /// <summary>The document of a projection of documents.</summary>
    public INamedTypeSymbol? Document { get; }

    /// <summary>The method that calls the handlers; it is generated if the author has not written it.</summary>
    public string Hook => Kind switch
    {
        FoldKind.Aggregate or FoldKind.State => "Apply(object)",
        _ => "Bind()",
    };

    public string HandlerName => Kind == FoldKind.Reactor ? "React" : "Apply";

    public IEnumerable<IMethodSymbol> Handlers => Type.GetMembers(HandlerName).OfType<IMethodSymbol>()
        .Where(method => !IsHook(method) && method.MethodKind == MethodKind.Ordinary && !IsGenerated(method));

    /// <summary>Whether the author has written by hand what would be generated. For a class of another assembly this is unknown.</summary>
    public bool IsHandWritten
    {
        get
        {
            var members = Kind is FoldKind.Aggregate or FoldKind.State ? Type.GetMembers() : Type.GetMembers("Bind");
            return members.OfType<IMethodSymbol>().Any(method => IsHook(method) && !IsGenerated(method));
        }
    }

    /// <summary>Whether it can get generated members. The generator checks that the types around it are partial as well.</summary>
    public bool IsPartial => DeclarationsOf(Type).Any(declaration => declaration.Modifiers.Any(SyntaxKind.PartialKeyword));

    public static FoldingType? Of(INamedTypeSymbol? type, LibraryTypes library)
    {
        if (type is not { TypeKind: TypeKind.Class or TypeKind.Struct }) return null;
        for (var b = type.BaseType; b is { SpecialType: SpecialType.None }; b = b.BaseType)
        {
            if (LibraryTypes.Same(b, library.Aggregate)) return new FoldingType(type, FoldKind.Aggregate, null);
            if (LibraryTypes.Same(b, library.TableProjection)) return new FoldingType(type, FoldKind.Tables, null);
            if (LibraryTypes.Same(b, library.Reactor)) return new FoldingType(type, FoldKind.Reactor, null);
            if (LibraryTypes.Same(b.OriginalDefinition, library.DocumentProjection))
                return new FoldingType(type, FoldKind.Documents, b.TypeArguments[0] as INamedTypeSymbol);
        }

        return type.AllInterfaces.Any(i =>
            LibraryTypes.Same(i.OriginalDefinition, library.State) && LibraryTypes.Same(i.TypeArguments[0], type))
            ? new FoldingType(type, FoldKind.State, null)
            : null;
    }

    /// <summary>The declarations that an author has written.</summary>
    public static IEnumerable<TypeDeclarationSyntax> DeclarationsOf(INamedTypeSymbol type) => type.DeclaringSyntaxReferences
        .Where(reference => !IsGenerated(reference.SyntaxTree))
        .Select(reference => reference.GetSyntax())
        .OfType<TypeDeclarationSyntax>();

    /// <summary>Whether a method is the hook itself: <c>Apply(object)</c>, or <c>Bind()</c> of a projection.</summary>
    public bool IsHook(IMethodSymbol method) => Kind switch
    {
        FoldKind.Aggregate => method is { Name: "Apply", IsStatic: false } && TakesObject(method),
        FoldKind.State =>
            TakesObject(method) && (method.Name == "Apply" || method.ExplicitInterfaceImplementations.Any(i => i.Name == "Apply")),
        _ => method is { Name: "Bind", IsOverride: true, Parameters.Length: 0 },
    };

    private static bool TakesObject(IMethodSymbol method) =>
        method.Parameters.Length == 1 && method.Parameters[0].Type.SpecialType == SpecialType.System_Object;

    private static bool IsGenerated(ISymbol symbol) =>
        symbol.DeclaringSyntaxReferences.Length > 0
        && (symbol.DeclaringSyntaxReferences.All(reference => IsGenerated(reference.SyntaxTree))
            || symbol.GetAttributes().Any(a => a.AttributeClass?.Name == "GeneratedCodeAttribute"));

    private static bool IsGenerated(SyntaxTree tree) => tree.FilePath.EndsWith(".g.cs", StringComparison.OrdinalIgnoreCase);
}
