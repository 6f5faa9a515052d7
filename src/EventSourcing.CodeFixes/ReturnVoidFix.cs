using System.Collections.Immutable;
using System.Composition;
using Microsoft.CodeAnalysis;
using Microsoft.CodeAnalysis.CodeFixes;
using Microsoft.CodeAnalysis.CSharp;
using Microsoft.CodeAnalysis.CSharp.Syntax;
using Microsoft.CodeAnalysis.Editing;

namespace EventSourcing.CodeFixes;

/// <summary>Makes an Apply of an aggregate return nothing, if its body allows that.</summary>
[ExportCodeFixProvider(LanguageNames.CSharp)]
[Shared]
public sealed class ReturnVoidFix : SyntaxFix
{
    /// <inheritdoc/>
    public override ImmutableArray<string> FixableDiagnosticIds { get; } = ["ES0101"];

    private protected override async Task<string?> TitleAsync(Document document, Diagnostic diagnostic, CancellationToken cancellationToken)
    {
        var root = await document.GetSyntaxRootAsync(cancellationToken).ConfigureAwait(false);
        var semantics = await document.GetSemanticModelAsync(cancellationToken).ConfigureAwait(false);
        return root!.FindNode(diagnostic.Location.SourceSpan) is MethodDeclarationSyntax method
            && IsInAggregate(semantics!.GetDeclaredSymbol(method, cancellationToken)!)
            && !method.Modifiers.Any(SyntaxKind.StaticKeyword)
            && !method.Modifiers.Any(SyntaxKind.AsyncKeyword) // an 'async void' method would be called, but not awaited
            && method.ParameterList.Parameters.Count == 1
            && method.ReturnType is not PredefinedTypeSyntax { Keyword.RawKind: (int)SyntaxKind.VoidKeyword }
            && CanReturnNothing(method)
            ? "Return void"
            : null;
    }

    private protected override void Edit(DocumentEditor editor, IReadOnlyList<SyntaxNode> places)
    {
        foreach (var method in places.OfType<MethodDeclarationSyntax>())
        {
            var nothing = SyntaxFactory.PredefinedType(SyntaxFactory.Token(SyntaxKind.VoidKeyword)).WithTriviaFrom(method.ReturnType);
            editor.ReplaceNode(method.ReturnType, nothing);
        }
    }

    private static bool IsInAggregate(IMethodSymbol method)
    {
        for (var type = method.ContainingType.BaseType; type is not null; type = type.BaseType)
        {
            if (type.ToDisplayString() == "EventSourcing.Aggregate") return true;
        }

        return false;
    }

    private static bool CanReturnNothing(MethodDeclarationSyntax method) => method.ExpressionBody is { } arrow
        ? arrow.Expression is AssignmentExpressionSyntax or InvocationExpressionSyntax
            or PostfixUnaryExpressionSyntax { RawKind: (int)SyntaxKind.PostIncrementExpression or (int)SyntaxKind.PostDecrementExpression }
            or PrefixUnaryExpressionSyntax { RawKind: (int)SyntaxKind.PreIncrementExpression or (int)SyntaxKind.PreDecrementExpression }
        : method.Body is { } body
            && !body.DescendantNodes(node => node is not (LambdaExpressionSyntax or LocalFunctionStatementSyntax))
                .OfType<ReturnStatementSyntax>()
                .Any(statement => statement.Expression is not null);
}
