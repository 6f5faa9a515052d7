using System.Collections.Immutable;
using System.Composition;
using Microsoft.CodeAnalysis;
using Microsoft.CodeAnalysis.CodeFixes;
using Microsoft.CodeAnalysis.CSharp;
using Microsoft.CodeAnalysis.CSharp.Syntax;
using Microsoft.CodeAnalysis.Editing;

namespace EventSourcing.CodeFixes;

/// <summary>Writes the type's name into the attribute of an event: the event has been stored under that name so far.</summary>
[ExportCodeFixProvider(LanguageNames.CSharp)]
[Shared]
public sealed class KeepNameFix : SyntaxFix
{
    /// <inheritdoc/>
    public override ImmutableArray<string> FixableDiagnosticIds { get; } = ["ES0110"];

    private protected override Task<string?> TitleAsync(Document document, Diagnostic diagnostic, CancellationToken cancellationToken) =>
        Task.FromResult<string?>("Write the name down");

    private protected override void Edit(DocumentEditor editor, IReadOnlyList<SyntaxNode> places)
    {
        foreach (var attribute in places.Select(place => place.FirstAncestorOrSelf<AttributeSyntax>()).OfType<AttributeSyntax>())
        {
            if (attribute.FirstAncestorOrSelf<TypeDeclarationSyntax>() is not { } type) continue;
            var name = (AttributeArgumentSyntax)editor.Generator.AttributeArgument(
                editor.Generator.LiteralExpression(type.Identifier.ValueText));
            var arguments = (attribute.ArgumentList ?? SyntaxFactory.AttributeArgumentList()).Arguments.Insert(0, name);
            editor.ReplaceNode(attribute, attribute.WithArgumentList(SyntaxFactory.AttributeArgumentList(arguments)));
        }
    }
}
