using Microsoft.CodeAnalysis;

namespace EventSourcing.Generators;

/// <summary>How types are named in generated code, which has no usings, and how the library's types are recognised.</summary>
internal static class TypeNames
{
    /// <summary>The form in which a declaration names itself: <c>Account&lt;TMoney&gt;</c>.</summary>
    public static readonly SymbolDisplayFormat Short = new(
        genericsOptions: SymbolDisplayGenericsOptions.IncludeTypeParameters,
        miscellaneousOptions: SymbolDisplayMiscellaneousOptions.EscapeKeywordIdentifiers);

    public static readonly SymbolDisplayFormat Full = SymbolDisplayFormat.FullyQualifiedFormat
        .AddMiscellaneousOptions(SymbolDisplayMiscellaneousOptions.IncludeNullableReferenceTypeModifier
            | SymbolDisplayMiscellaneousOptions.EscapeKeywordIdentifiers);

    private static readonly SymbolDisplayFormat Plain = new(
        typeQualificationStyle: SymbolDisplayTypeQualificationStyle.NameAndContainingTypesAndNamespaces);

    /// <summary>The name from <c>global::</c> on; the type itself is not nullable.</summary>
    public static string Of(ITypeSymbol type) => type.WithNullableAnnotation(NullableAnnotation.None).ToDisplayString(Full);

    /// <summary>The name from <c>global::</c> on, nullable if the type is.</summary>
    public static string Nullable(ITypeSymbol type) => type.ToDisplayString(Full);

    public static string Of(INamespaceSymbol @namespace) =>
        @namespace.ToDisplayString(SymbolDisplayFormat.FullyQualifiedFormat.WithGlobalNamespaceStyle(
            SymbolDisplayGlobalNamespaceStyle.Omitted));

    /// <summary>The name in metadata, for example <c>Bank.Accounts+Account`1</c>.</summary>
    public static string InMetadata(INamedTypeSymbol type) =>
        type.ContainingType is { } container ? $"{InMetadata(container)}+{type.MetadataName}"
        : type.ContainingNamespace.IsGlobalNamespace ? type.MetadataName
        : $"{type.ContainingNamespace.ToDisplayString(Plain)}.{type.MetadataName}";

    /// <summary>Whether it is a public type of the library, directly in its namespace.</summary>
    public static bool IsOurs(this ITypeSymbol type, string name, int arity = 0) =>
        type is INamedTypeSymbol { ContainingType: null } named && named.Name == name && named.Arity == arity
        && named.ContainingNamespace.IsNamed("EventSourcing");

    /// <summary>Whether it is a type of a namespace; the namespace is given with its dots.</summary>
    public static bool Is(this ITypeSymbol type, string @namespace, string name, int arity = 0) =>
        type is INamedTypeSymbol { ContainingType: null } named && named.Name == name && named.Arity == arity
        && named.ContainingNamespace.IsNamed(@namespace);

    public static bool IsRecordedEvent(this ITypeSymbol type) => type.IsOurs("RecordedEvent");

    public static bool IsCancellationToken(this ITypeSymbol type) => type.Is("System.Threading", "CancellationToken");

    private static bool IsNamed(this INamespaceSymbol @namespace, string name) => @namespace.ToDisplayString() == name;
}
