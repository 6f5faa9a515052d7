using System.Collections.Immutable;
using System.Composition;
using Microsoft.CodeAnalysis;
using Microsoft.CodeAnalysis.CodeFixes;
using Microsoft.CodeAnalysis.CSharp;
using Microsoft.CodeAnalysis.CSharp.Syntax;
using Microsoft.CodeAnalysis.Editing;

namespace EventSourcing.CodeFixes;

/// <summary>Makes a type partial, and the types around it, so that its members can be generated.</summary>
[ExportCodeFixProvider(LanguageNames.CSharp)]
[Shared]
public sealed class MakePartialFix : SyntaxFix
{
    /// <inheritdoc/>
    public override ImmutableArray<string> FixableDiagnosticIds { get; } = ["ES0106", "ES0001"];

    private protected override Task<string?> TitleAsync(Document document, Diagnostic diagnostic, CancellationToken cancellationToken) =>
        Task.FromResult<string?>("Make it partial");

    private protected override void Edit(DocumentEditor editor, IReadOnlyList<SyntaxNode> places)
    {
        var types = places
            .SelectMany(place => place.AncestorsAndSelf().OfType<TypeDeclarationSyntax>())
            .Where(type => !type.Modifiers.Any(SyntaxKind.PartialKeyword))
            .Distinct();
        foreach (var type in types) editor.SetModifiers(type, editor.Generator.GetModifiers(type).WithPartial(true));
    }
}
