using System.Collections.Immutable;
using System.Composition;
using EventSourcing.Generators.Analyzers;
using Microsoft.CodeAnalysis;
using Microsoft.CodeAnalysis.CodeFixes;
using Microsoft.CodeAnalysis.CSharp.Syntax;
using Microsoft.CodeAnalysis.Editing;

namespace EventSourcing.CodeFixes;

/// <summary>Gives an event type a name in the store; the type may be anywhere in the solution.</summary>
[ExportCodeFixProvider(LanguageNames.CSharp)]
[Shared]
public sealed class NameEventFix : Fix
{
    /// <inheritdoc/>
    public override ImmutableArray<string> FixableDiagnosticIds { get; } = ["ES0109"];

    private protected override async Task<string?> TitleAsync(
        Document document, Diagnostic diagnostic, CancellationToken cancellationToken) =>
        await DeclarationAsync(document, diagnostic, cancellationToken).ConfigureAwait(false) is { } declaration
            ? $"Mark {declaration.Identifier.ValueText} [EventType(\"{KebabCase.Of(declaration.Identifier.ValueText)}\")]"
            : null;

    private protected override async Task<Solution> FixAsync(
        Solution solution, IReadOnlyList<(Document Document, Diagnostic Diagnostic)> places, CancellationToken cancellationToken)
    {
        var declarations = new HashSet<TypeDeclarationSyntax>();
        foreach (var (document, diagnostic) in places)
        {
            if (await DeclarationAsync(document, diagnostic, cancellationToken).ConfigureAwait(false) is { } declaration)
                declarations.Add(declaration);
        }

        foreach (var file in declarations.GroupBy(declaration => solution.GetDocumentId(declaration.SyntaxTree)))
        {
            if (file.Key is null || solution.GetDocument(file.Key) is not { } document) continue;
            var editor = await DocumentEditor.CreateAsync(document, cancellationToken).ConfigureAwait(false);
            foreach (var declaration in file)
            {
                var isImported = editor.SemanticModel.LookupNamespacesAndTypes(declaration.SpanStart, name: "EventTypeAttribute").Any();
                var name = editor.Generator.LiteralExpression(KebabCase.Of(declaration.Identifier.ValueText));
                editor.AddAttribute(declaration, editor.Generator.Attribute(isImported ? "EventType" : "EventSourcing.EventType", name));
            }

            solution = solution.WithDocumentSyntaxRoot(document.Id, editor.GetChangedRoot());
        }

        return solution;
    }

    /// <summary>The declaration of the type; null if no project of the solution declares it.</summary>
    private static async Task<TypeDeclarationSyntax?> DeclarationAsync(
        Document document, Diagnostic diagnostic, CancellationToken cancellationToken)
    {
        var root = await document.GetSyntaxRootAsync(cancellationToken).ConfigureAwait(false);
        var semantics = await document.GetSemanticModelAsync(cancellationToken).ConfigureAwait(false);
        var type = semantics!.GetTypeInfo(
            root!.FindNode(diagnostic.Location.SourceSpan, getInnermostNodeForTie: true), cancellationToken).Type;
        return type?.DeclaringSyntaxReferences.FirstOrDefault() is { } reference
            ? await reference.GetSyntaxAsync(cancellationToken).ConfigureAwait(false) as TypeDeclarationSyntax
            : null;
    }
}
