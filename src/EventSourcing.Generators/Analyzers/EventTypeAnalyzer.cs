using System.Collections.Immutable;
using Microsoft.CodeAnalysis;
using Microsoft.CodeAnalysis.Diagnostics;

namespace EventSourcing.Generators.Analyzers;

/// <summary>Finds event types that can be changed, or whose stored name depends on the name of the type.</summary>
[DiagnosticAnalyzer(LanguageNames.CSharp)]
public sealed class EventTypeAnalyzer : DiagnosticAnalyzer
{
    private static readonly HashSet<string> MutableCollections =
    [
        "List", "IList", "Dictionary", "IDictionary", "HashSet", "ISet", "ICollection", "Queue", "Stack", "LinkedList", "SortedDictionary",
        "SortedList", "SortedSet", "Collection", "ObservableCollection",
    ];

    /// <inheritdoc/>
    public override ImmutableArray<DiagnosticDescriptor> SupportedDiagnostics { get; } =
        [Rules.Mutable, Rules.MutableCollection, Rules.NameOfTheType];

    /// <inheritdoc/>
    public override void Initialize(AnalysisContext context)
    {
        context.EnableConcurrentExecution();
        context.ConfigureGeneratedCodeAnalysis(GeneratedCodeAnalysisFlags.None);
        context.RegisterCompilationStartAction(start =>
        {
            if (LibraryTypes.Of(start.Compilation) is { } library)
                start.RegisterSymbolAction(symbol => Check(symbol, library), SymbolKind.NamedType);
        });
    }

    private static void Check(SymbolAnalysisContext context, LibraryTypes library)
    {
        var type = (INamedTypeSymbol)context.Symbol;
        if (library.EventOf(type) is not { } e) return;
        if (!e.IsNamed) context.ReportDiagnostic(Diagnostic.Create(Rules.NameOfTheType, e.Location, type.Name));
        CheckMembers(context, type, type);

        // A base that is also an event is checked by itself.
        for (var b = type.BaseType; b is { SpecialType: SpecialType.None } && !library.IsEvent(b); b = b.BaseType)
            CheckMembers(context, type, b);
    }

    private static void CheckMembers(SymbolAnalysisContext context, INamedTypeSymbol type, INamedTypeSymbol declaring)
    {
        var isOwn = LibraryTypes.Same(type, declaring);
        var members = declaring.GetMembers()
            .Where(member => member is { IsStatic: false, IsImplicitlyDeclared: false } or { IsStatic: false } and IPropertySymbol)
            .ToList();
        if (type is { IsValueType: true, IsReadOnly: false }
            && members.Exists(member => member is IPropertySymbol { IsReadOnly: false } or IFieldSymbol { IsReadOnly: false }))
        {
            context.ReportDiagnostic(Diagnostic.Create(
                Rules.Mutable, type.Locations[0], type.Name, "it is a struct that is not readonly", "make it readonly"));
            members.RemoveAll(member => member is IPropertySymbol { SetMethod: not null } or IFieldSymbol);
        }

        foreach (var member in members)
        {
            // A flaw that a base declares is reported at the event, since the base need not be one.
            var location = isOwn ? member.Locations[0] : type.Locations[0];
            switch (member)
            {
                case IPropertySymbol { SetMethod: { IsInitOnly: false, DeclaredAccessibility: not Accessibility.Private } } property:
                    context.ReportDiagnostic(Diagnostic.Create(
                        Rules.Mutable, location, type.Name, $"'{declaring.Name}.{property.Name}' has a setter", "make it 'init'"));
                    break;
                case IFieldSymbol { IsReadOnly: false, IsConst: false, DeclaredAccessibility: Accessibility.Public } field:
                    context.ReportDiagnostic(Diagnostic.Create(
                        Rules.Mutable,
                        location,
                        type.Name,
                        $"the field '{declaring.Name}.{field.Name}' is public",
                        "make it a property with 'init'"));
                    break;
            }

            if (isOwn && member is IPropertySymbol { DeclaredAccessibility: Accessibility.Public } held
                && CollectionName(held.Type) is { } collection)
                context.ReportDiagnostic(Diagnostic.Create(Rules.MutableCollection, location, type.Name, held.Name, collection));
        }
    }

    private static string? CollectionName(ITypeSymbol type) => type switch
    {
        IArrayTypeSymbol array => $"{array.ElementType.Name}[]",
        INamedTypeSymbol { IsGenericType: true, ContainingNamespace: var space } named when MutableCollections.Contains(named.Name)
            && space.ToDisplayString() is "System.Collections.Generic" or "System.Collections.ObjectModel" => named.Name,
        _ => null,
    };
}
