using System.Globalization;
using System.Security.Cryptography;
using System.Text;
using Microsoft.CodeAnalysis;
using Microsoft.CodeAnalysis.CSharp;
using Microsoft.CodeAnalysis.CSharp.Syntax;

namespace EventSourcing.Generators;

/// <summary>A type that gets another part: what is needed to write it.</summary>
/// <param name="Namespace">Its namespace; null for the global one.</param>
/// <param name="Declarations">
/// The heads of its containing types and its own, from the outermost: <c>partial record struct Money</c>.
/// </param>
/// <param name="FullName">Its name in metadata, which is unique.</param>
/// <param name="FileName">The beginning of the names of its generated files.</param>
internal sealed record PartialType(string? Namespace, EquatableList<string> Declarations, string FullName, string FileName)
{
    /// <summary>File systems allow names of up to 255 bytes; an ending is added to this name.</summary>
    private const int MaxFileName = 200;

    public static PartialType Of(INamedTypeSymbol type) => new(
        type.ContainingNamespace.IsGlobalNamespace ? null : TypeNames.Of(type.ContainingNamespace),
        WithContaining(type).Reverse().Select(HeadOf).ToEquatableList(),
        TypeNames.InMetadata(type),
        FileNameOf(type));

    /// <summary>Whether a type is declared partial, so that another part of it can be generated.</summary>
    public static bool IsPartial(INamedTypeSymbol type) => type.DeclaringSyntaxReferences.Any(part =>
        part.GetSyntax() is TypeDeclarationSyntax declaration && declaration.Modifiers.Any(SyntaxKind.PartialKeyword));

    /// <summary>What prevents a type from getting another part; null if nothing does.</summary>
    public static DiagnosticInfo? Obstacle(INamedTypeSymbol type)
    {
        if (WithContaining(type).FirstOrDefault(part => !IsPartial(part)) is { } closed)
            return DiagnosticInfo.Of(GeneratorDiagnostics.NotPartial, closed, closed.Name, type.Name);
        return WithContaining(type).Any(part => part.IsFileLocal)
            ? DiagnosticInfo.Of(GeneratorDiagnostics.FileLocal, type, type.Name)
            : null;
    }

    /// <summary>Writes the part.</summary>
    /// <param name="code">The output.</param>
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
    public string FileFor(string subject) => $"{FileName}.{subject}.g.cs";

    /// <summary>
    /// The name in metadata. The compiler takes two files for one if their names differ only in case, so a type with such a
    /// twin gets a hash appended, and so does a name that is too long for a file.
    /// </summary>
    private static string FileNameOf(INamedTypeSymbol type)
    {
        var name = TypeNames.InMetadata(type);
        if (Encoding.UTF8.GetByteCount(name) <= MaxFileName && !WithContaining(type).Any(HasTwin) && !Namespaces(type).Any(HasTwin))
            return name;
        using var sha256 = SHA256.Create();
        var hash = string.Concat(sha256.ComputeHash(Encoding.UTF8.GetBytes(name))
            .Take(8).Select(b => b.ToString("x2", CultureInfo.InvariantCulture)));
        while (Encoding.UTF8.GetByteCount(name) > MaxFileName) name = name.Substring(0, name.Length - 1);
        return $"{name}.{hash}";
    }

    /// <summary>Whether a sibling has a name that differs only in case.</summary>
    private static bool HasTwin(INamespaceOrTypeSymbol symbol)
    {
        INamespaceOrTypeSymbol? container = symbol.ContainingType is { } type ? type : symbol.ContainingNamespace;
        return container is not null && container.GetMembers().Any(other =>
            other is INamespaceOrTypeSymbol
            && !string.Equals(other.MetadataName, symbol.MetadataName, StringComparison.Ordinal)
            && string.Equals(other.MetadataName, symbol.MetadataName, StringComparison.OrdinalIgnoreCase));
    }

    private static IEnumerable<INamespaceSymbol> Namespaces(INamedTypeSymbol type)
    {
        for (var current = type.ContainingNamespace; current is { IsGlobalNamespace: false }; current = current.ContainingNamespace)
            yield return current;
    }

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
