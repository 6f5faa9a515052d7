using System.Collections.Immutable;
using Microsoft.CodeAnalysis;
using Microsoft.CodeAnalysis.CSharp.Syntax;
using Microsoft.CodeAnalysis.Diagnostics;
using Microsoft.CodeAnalysis.Operations;

namespace EventSourcing.Generators.Analyzers;

/// <summary>Finds events and documents of projections that JSON does not read back as it writes them.</summary>
[DiagnosticAnalyzer(LanguageNames.CSharp)]
public sealed class ReadBackAnalyzer : DiagnosticAnalyzer
{
    /// <inheritdoc/>
    public override ImmutableArray<DiagnosticDescriptor> SupportedDiagnostics { get; } = [Rules.NotReadBack];

    /// <inheritdoc/>
    public override void Initialize(AnalysisContext context)
    {
        context.EnableConcurrentExecution();
        context.ConfigureGeneratedCodeAnalysis(GeneratedCodeAnalysisFlags.None);
        context.RegisterCompilationStartAction(start =>
        {
            if (LibraryTypes.Of(start.Compilation) is not { } library) return;
            var options = new OwnJson(start.Compilation);
            start.RegisterSymbolAction(symbol => CheckType(symbol, library, options), SymbolKind.NamedType);
            start.RegisterOperationAction(operation => CheckListed(operation, library, options), OperationKind.Invocation);
        });
    }

    private static void CheckType(SymbolAnalysisContext context, LibraryTypes library, OwnJson options)
    {
        var type = (INamedTypeSymbol)context.Symbol;
        if (library.EventOf(type) is not null && type.WhyNotConcrete() is null)
            Report(type, "The event", type, options, context.ReportDiagnostic);
        if (LibraryTypes.Same(type.BaseType?.OriginalDefinition, library.DocumentProjection)
            && type.BaseType!.TypeArguments[0] is INamedTypeSymbol { TypeKind: not TypeKind.Error } document)
            Report(document, "The document", type, options, context.ReportDiagnostic);
    }

    /// <summary>Checks types that are listed by <c>EventType.Of</c> and have no attribute.</summary>
    private static void CheckListed(OperationAnalysisContext context, LibraryTypes library, OwnJson options)
    {
        var invoked = (IInvocationOperation)context.Operation;
        if (invoked.TargetMethod is not { Name: "Of", TypeArguments.Length: 1 } method || !method.ContainingType.IsOurs("EventType"))
            return;
        if (method.TypeArguments[0] is not INamedTypeSymbol { TypeKind: not TypeKind.Error, IsAbstract: false } type
            || library.IsEvent(type))
            return;
        if (FlawsOf(type, options).FirstOrDefault() is { Flaw: { } flaw })
            context.ReportDiagnostic(Diagnostic.Create(Rules.NotReadBack, invoked.Syntax.GetLocation(), "The event", type.Name, flaw));
    }

    private static void Report(INamedTypeSymbol type, string what, ISymbol place, OwnJson options, Action<Diagnostic> report)
    {
        foreach (var (member, flaw) in FlawsOf(type, options))
        {
            var isOwn = member is not null && LibraryTypes.Same(place, type)
                && LibraryTypes.Same(member.ContainingType ?? member.ContainingSymbol?.ContainingType, type) && !member.Locations.IsEmpty;
            report(Diagnostic.Create(Rules.NotReadBack, (isOwn ? member! : place).Locations[0], what, type.Name, flaw));
        }
    }

    private static IEnumerable<(ISymbol? Member, string Flaw)> FlawsOf(INamedTypeSymbol type, OwnJson options) =>
        type.DeclaringSyntaxReferences.IsEmpty || type.TypeKind == TypeKind.Interface
            ? []
            : new ReadBackShape(options.IsConverted, () => options.AreFieldsIncluded, options.SymbolOf).FlawsOf(type);

    /// <summary>What can be seen of the app's own JSON options. If they may compensate for a flaw, nothing is reported.</summary>
    private sealed class OwnJson(Compilation compilation)
    {
        private readonly Lazy<(bool HasFactory, HashSet<ITypeSymbol> Converted)> _converters = new(() => FindConverters(compilation));

        private readonly Lazy<bool> _areFieldsIncluded = new(() => compilation.SyntaxTrees.Any(tree =>
            tree.GetRoot().DescendantNodes().OfType<IdentifierNameSyntax>().Any(name => name.Identifier.ValueText == "IncludeFields")));

        public bool AreFieldsIncluded => _areFieldsIncluded.Value;

        /// <summary>What a name in the code stands for. The code of a type may be in another file than the event that holds one.</summary>
        public ISymbol? SymbolOf(IdentifierNameSyntax name)
        {
#pragma warning disable RS1030 // It is asked only for names by which a hidden member seems to be set, which are few.
            return compilation.GetSemanticModel(name.SyntaxTree).GetSymbolInfo(name).Symbol;
#pragma warning restore RS1030
        }

        public bool IsConverted(ITypeSymbol type) => _converters.Value.HasFactory || _converters.Value.Converted.Contains(type);

        private static (bool HasFactory, HashSet<ITypeSymbol> Converted) FindConverters(Compilation compilation)
        {
            var converted = new HashSet<ITypeSymbol>(SymbolEqualityComparer.Default);
            var hasFactory = false;
            Visit(compilation.Assembly.GlobalNamespace);
            return (hasFactory, converted);

            void Visit(INamespaceOrTypeSymbol container)
            {
                foreach (var member in container.GetMembers().OfType<INamespaceOrTypeSymbol>())
                {
                    for (var b = (member as INamedTypeSymbol)?.BaseType; b is not null; b = b.BaseType)
                    {
                        hasFactory |= b.Name == "JsonConverterFactory";
                        if (b is { Name: "JsonConverter", TypeArguments.Length: 1 }) converted.Add(b.TypeArguments[0]);
                    }

                    Visit(member);
                }
            }
        }
    }
}
