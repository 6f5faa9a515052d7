using Microsoft.CodeAnalysis;
using Microsoft.CodeAnalysis.CSharp;
using Microsoft.CodeAnalysis.CSharp.Syntax;

namespace EventSourcing.Generators;

/// <summary>A type that gets another part, by what is needed to write it.</summary>
/// <param name="Namespace">Its namespace; null for the global one.</param>
/// <param name="Declarations">The heads of its containing types and its own, from the outermost: <c>partial record struct Money</c>.</param>
/// <param name="FullName">Its name in metadata, which is the only one of its kind.</param>
internal sealed record PartialType(string? Namespace, EquatableList<string> Declarations, string FullName)
{
    public static PartialType Of(INamedTypeSymbol type) => new(
        type.ContainingNamespace.IsGlobalNamespace ? null : TypeNames.Of(type.ContainingNamespace),
        WithContaining(type).Reverse().Select(HeadOf).ToEquatableList(),
        TypeNames.InMetadata(type));

    /// <summary>Whether a type is declared partial, so that another part of it can be generated.</summary>
    public static bool IsPartial(INamedTypeSymbol type) => type.DeclaringSyntaxReferences.Any(part =>
        part.GetSyntax() is TypeDeclarationSyntax declaration && declaration.Modifiers.Any(SyntaxKind.PartialKeyword));

    /// <summary>What keeps a type from getting another part; null where nothing does.</summary>
    public static DiagnosticInfo? Obstacle(INamedTypeSymbol type)
    {
        if (WithContaining(type).FirstOrDefault(part => !IsPartial(part)) is { } closed)
            return DiagnosticInfo.Of(GeneratorDiagnostics.NotPartial, closed, closed.Name, type.Name);
        return WithContaining(type).Any(part => part.IsFileLocal) ? DiagnosticInfo.Of(GeneratorDiagnostics.FileLocal, type, type.Name) : null;
    }

    /// <summary>Writes the part.</summary>
    /// <param name="code">Where to.</param>
    /// <param name="bases">What follows the type's head, <c> : ISomething</c>.</param>
    /// <param name="members">Writes its members.</param>
    public void Write(CodeWriter code, string bases, Action<CodeWriter> members)
    {
        if (Namespace is not null) code.Line($"namespace {Namespace};").Line();
        for (var i = 0; i < Declarations.Count; i++) code.Open(i < Declarations.Count - 1 ? Declarations[i] : Declarations[i] + bases);
        members(code);
        for (var i = 0; i < Declarations.Count; i++) code.Close();
    }

    /// <summary>The name of the file to generate.</summary>
    public string FileFor(string subject) => $"{FullName}.{subject}.g.cs";

    private static IEnumerable<INamedTypeSymbol> WithContaining(INamedTypeSymbol type)
    {
        for (var current = type; current is not null; current = current.ContainingType) yield return current;
    }

    private static string HeadOf(INamedTypeSymbol type)
    {
        var kind = type switch
        {
            { IsRecord: true, IsValueType: true } => "record struct",
            { IsRecord: true } => "record",
            { TypeKind: TypeKind.Interface } => "interface",
            { IsValueType: true } => "struct",
            _ => "class",
        };
        return $"partial {kind} {type.ToDisplayString(TypeNames.Short)}";
    }
}
