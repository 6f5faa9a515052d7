using System.Collections.Immutable;
using Microsoft.CodeAnalysis;
using Microsoft.CodeAnalysis.CSharp.Syntax;
using Microsoft.CodeAnalysis.Diagnostics;

namespace EventSourcing.Generators.Analyzers;

/// <summary>Finds Apply and React methods that are never called: of a wrong form, or in a type that is not partial.</summary>
[DiagnosticAnalyzer(LanguageNames.CSharp)]
public sealed class ApplySignatureAnalyzer : DiagnosticAnalyzer
{
    /// <inheritdoc/>
    public override ImmutableArray<DiagnosticDescriptor> SupportedDiagnostics { get; } = [Rules.WrongSignature, Rules.NotPartial, Rules.NoStableName];

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
        if (FoldingType.Of((INamedTypeSymbol)context.Symbol, library) is not { IsHandWritten: false } type) return;
        var called = false;
        foreach (var method in type.Handlers)
        {
            if (IsHandedToOn(method, type)) continue;
            var form = ApplyForm.Of(method, type, library);
            if (form.Flaw is { } flaw)
            {
                context.ReportDiagnostic(Diagnostic.Create(Rules.WrongSignature, method.Locations[0], method.ToDisplayString(SymbolDisplayFormat.CSharpShortErrorMessageFormat), flaw, ApplyForm.Expected(type)));
                continue;
            }

            // What overrides a handler is called by the base class, into which the call is generated.
            called |= !method.IsOverride;
            CheckName(context, form.Event!, library);
        }

        if (called && !type.IsPartial) context.ReportDiagnostic(Diagnostic.Create(Rules.NotPartial, type.Type.Locations[0], type.HandlerName, type.Type.Name, type.Hook));
    }

    private static void CheckName(SymbolAnalysisContext context, IParameterSymbol parameter, LibraryTypes library)
    {
        if (parameter.Type is not INamedTypeSymbol { TypeKind: TypeKind.Class or TypeKind.Struct, IsAbstract: false, IsGenericType: false } type) return;
        if (library.IsEvent(type) || library.IsNamedByHand(type) || LibraryTypes.Same(type, library.RecordedEvent) || LibraryTypes.Same(type, library.Delivery) || library.IsBaseOfEvents(type)) return;
        if (LibraryTypes.Same(type, library.ErasedEvent) || LibraryTypes.Same(type, library.PayloadsErased)) return;
        var location = parameter.DeclaringSyntaxReferences.FirstOrDefault()?.GetSyntax(context.CancellationToken) is ParameterSyntax { Type: { } written } ? written.GetLocation() : parameter.Locations[0];
        context.ReportDiagnostic(Diagnostic.Create(Rules.NoStableName, location, type.Name, KebabCase.Of(type.Name)));
    }

    /// <summary>A projection or reactor may hand its method over by itself: <c>On&lt;TEvent&gt;(Apply)</c>.</summary>
    private static bool IsHandedToOn(IMethodSymbol method, FoldingType type) =>
        type.Kind is FoldKind.Documents or FoldKind.Tables or FoldKind.Reactor
        && FoldingType.DeclarationsOf(type.Type).Any(declaration => declaration.DescendantNodes().OfType<ArgumentSyntax>().Any(argument => argument.Expression is IdentifierNameSyntax name && name.Identifier.ValueText == method.Name));
}
