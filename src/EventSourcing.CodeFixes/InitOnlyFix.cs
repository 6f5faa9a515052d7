using System.Collections.Immutable;
using System.Composition;
using Microsoft.CodeAnalysis;
using Microsoft.CodeAnalysis.CodeFixes;
using Microsoft.CodeAnalysis.CSharp;
using Microsoft.CodeAnalysis.CSharp.Syntax;
using Microsoft.CodeAnalysis.Editing;

namespace EventSourcing.CodeFixes;

/// <summary>Makes an event immutable: setters become <c>init</c>, structs <c>readonly</c>.</summary>
[ExportCodeFixProvider(LanguageNames.CSharp)]
[Shared]
public sealed class InitOnlyFix : SyntaxFix
{
    /// <inheritdoc/>
    public override ImmutableArray<string> FixableDiagnosticIds { get; } = ["ES0107"];

    private protected override async Task<string?> TitleAsync(Document document, Diagnostic diagnostic, CancellationToken cancellationToken)
    {
        var root = await document.GetSyntaxRootAsync(cancellationToken).ConfigureAwait(false);
        return root!.FindNode(diagnostic.Location.SourceSpan) switch
        {
            PropertyDeclarationSyntax property when SettersOf(property).Any() => "Make it 'init'",
            TypeDeclarationSyntax type when IsStruct(type) && !type.Members.OfType<FieldDeclarationSyntax>().Any(IsChangeable) =>
                "Make it readonly",
            _ => null,
        };
    }

    private protected override void Edit(DocumentEditor editor, IReadOnlyList<SyntaxNode> places)
    {
        foreach (var setter in places.SelectMany(SettersIn).Distinct())
        {
            var init = SyntaxFactory.AccessorDeclaration(
                SyntaxKind.InitAccessorDeclaration, setter.AttributeLists, setter.Modifiers, setter.Body, setter.ExpressionBody)
                .WithKeyword(SyntaxFactory.Token(SyntaxKind.InitKeyword).WithTriviaFrom(setter.Keyword))
                .WithSemicolonToken(setter.SemicolonToken);
            editor.ReplaceNode(setter, init);
        }

        foreach (var type in places.OfType<TypeDeclarationSyntax>().Distinct())
            editor.SetModifiers(type, editor.Generator.GetModifiers(type).WithIsReadOnly(true));
    }

    private static bool IsStruct(TypeDeclarationSyntax type) =>
        type is StructDeclarationSyntax || type.IsKind(SyntaxKind.RecordStructDeclaration);

    private static bool IsChangeable(FieldDeclarationSyntax field) =>
        !field.Modifiers.Any(SyntaxKind.ReadOnlyKeyword)
            && !field.Modifiers.Any(SyntaxKind.ConstKeyword)
            && !field.Modifiers.Any(SyntaxKind.StaticKeyword);

    private static IEnumerable<AccessorDeclarationSyntax> SettersIn(SyntaxNode place) => place switch
    {
        PropertyDeclarationSyntax property => SettersOf(property),
        TypeDeclarationSyntax type =>
            type.Members.OfType<PropertyDeclarationSyntax>().Where(
                property => !property.Modifiers.Any(SyntaxKind.StaticKeyword)).SelectMany(SettersOf),
        _ => [],
    };

    private static IEnumerable<AccessorDeclarationSyntax> SettersOf(PropertyDeclarationSyntax property) =>
        property.AccessorList?.Accessors.Where(accessor => accessor.IsKind(SyntaxKind.SetAccessorDeclaration)) ?? [];
}
