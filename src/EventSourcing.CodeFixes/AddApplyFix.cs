using System.Collections.Immutable;
using System.Composition;
using Microsoft.CodeAnalysis;
using Microsoft.CodeAnalysis.CodeFixes;
using Microsoft.CodeAnalysis.CSharp;
using Microsoft.CodeAnalysis.CSharp.Syntax;
using Microsoft.CodeAnalysis.Editing;
using Microsoft.CodeAnalysis.Formatting;

namespace EventSourcing.CodeFixes;

/// <summary>Adds an empty Apply for an event that is raised and not applied.</summary>
[ExportCodeFixProvider(LanguageNames.CSharp)]
[Shared]
public sealed class AddApplyFix : SyntaxFix
{
    /// <inheritdoc/>
    public override ImmutableArray<string> FixableDiagnosticIds { get; } = ["ES0100"];

    private protected override async Task<string?> TitleAsync(Document document, Diagnostic diagnostic, CancellationToken cancellationToken)
    {
        var root = await document.GetSyntaxRootAsync(cancellationToken).ConfigureAwait(false);
        var semantics = await document.GetSemanticModelAsync(cancellationToken).ConfigureAwait(false);
        return semantics!.GetTypeInfo(
            root!.FindNode(diagnostic.Location.SourceSpan, getInnermostNodeForTie: true), cancellationToken).Type is { } type
            ? $"Add 'void Apply({type.Name} e)'"
            : null;
    }

    private protected override void Edit(DocumentEditor editor, IReadOnlyList<SyntaxNode> places)
    {
        foreach (var aggregate in places.GroupBy(place => place.FirstAncestorOrSelf<TypeDeclarationSyntax>()))
        {
            if (aggregate.Key is null) continue;
            var end = aggregate.Key.DescendantTrivia().FirstOrDefault(trivia => trivia.IsKind(SyntaxKind.EndOfLineTrivia));
            var events = aggregate
                .Select(place => editor.SemanticModel.GetTypeInfo(place).Type)
                .OfType<INamedTypeSymbol>()
                .Distinct<INamedTypeSymbol>(SymbolEqualityComparer.Default);
            foreach (var e in events)
            {
                var name = e.ToMinimalDisplayString(editor.SemanticModel, aggregate.Key.OpenBraceToken.Span.End);
                var method = SyntaxFactory.ParseMemberDeclaration($"private void Apply({name} e){end}{{{end}}}{end}")!;
                editor.AddMember(aggregate.Key, method.WithLeadingTrivia(end).WithAdditionalAnnotations(Formatter.Annotation));
            }
        }
    }
}
