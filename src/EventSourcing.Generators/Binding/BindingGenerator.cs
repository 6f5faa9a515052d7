using EventSourcing.Generators.Analyzers;
using Microsoft.CodeAnalysis;
using Microsoft.CodeAnalysis.CSharp;
using Microsoft.CodeAnalysis.CSharp.Syntax;

namespace EventSourcing.Generators;

/// <summary>Binds the Apply and React methods of partial aggregates, states, projections and reactors to their events.</summary>
[Generator(LanguageNames.CSharp)]
public sealed class BindingGenerator : IIncrementalGenerator
{
    /// <inheritdoc/>
    public void Initialize(IncrementalGeneratorInitializationContext context)
    {
        var types = context.SyntaxProvider.CreateSyntaxProvider(
            static (node, _) => node is TypeDeclarationSyntax { BaseList: not null } type and not InterfaceDeclarationSyntax
                && (type.Modifiers.Any(SyntaxKind.PartialKeyword) || HasApply(type)),
            static (candidate, cancellationToken) =>
                Parse((TypeDeclarationSyntax)candidate.Node, candidate.SemanticModel, cancellationToken));
        context.RegisterOutput(types, Write);
    }

    private static Parsed<BoundType> Parse(TypeDeclarationSyntax declaration, SemanticModel semantics, CancellationToken cancellationToken)
    {
        if (semantics.GetDeclaredSymbol(declaration, cancellationToken) is not { } type || !IsFirst(declaration, type, cancellationToken))
            return Parsed<BoundType>.Nothing;
        return Parsed<BoundType>.Guarded(type, () => Parse(type));
    }

    private static Parsed<BoundType> Parse(INamedTypeSymbol type)
    {
        if (!PartialType.IsPartial(type))
            return LacksHook(type)
                ? Parsed<BoundType>.Failed(DiagnosticInfo.Of(Rules.NotPartial, type, "Apply", type.Name, "Apply(object)"))
                : Parsed<BoundType>.Nothing;
        var parsed = AggregateParser.Parse(type) ?? StateParser.Parse(type) ?? SubscriberParser.Parse(type);
        if (parsed is null) return Parsed<BoundType>.Nothing;
        return PartialType.Obstacle(type) is { } obstacle ? Parsed<BoundType>.Failed(obstacle) : parsed;
    }

    private static bool HasApply(TypeDeclarationSyntax type) =>
        type.Members.Any(member => member is MethodDeclarationSyntax { Identifier.ValueText: "Apply" });

    /// <summary>
    /// Whether a type that is not partial cannot compile without what would be generated. The analyzer reports that too, but
    /// a build that fails for the missing member runs no analyzers.
    /// </summary>
    private static bool LacksHook(INamedTypeSymbol type) => AggregateParser.LacksHook(type) || StateParser.LacksHook(type);

    /// <summary>If several parts of a type have a base list, one of them stands for the type.</summary>
    private static bool IsFirst(TypeDeclarationSyntax declaration, INamedTypeSymbol type, CancellationToken cancellationToken) =>
        type.DeclaringSyntaxReferences.Select(part => part.GetSyntax(cancellationToken)).OfType<TypeDeclarationSyntax>().First(part =>
            part.BaseList is not null) == declaration;

    private static (PartialType Type, string Subject, string Code) Write(BoundType model) => model switch
    {
        AggregateModel aggregate => (model.Type, "Apply", AggregateWriter.Write(aggregate)),
        StateModel state => (model.Type, "State", StateWriter.Write(state)),
        SubscriberModel subscriber => (model.Type, "Bind", SubscriberWriter.Write(subscriber)),
        _ => throw new ArgumentOutOfRangeException(nameof(model)),
    };
}
