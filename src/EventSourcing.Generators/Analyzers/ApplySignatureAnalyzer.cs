using System.Collections.Immutable;
using Microsoft.CodeAnalysis;
using Microsoft.CodeAnalysis.CSharp.Syntax;
using Microsoft.CodeAnalysis.Diagnostics;

namespace EventSourcing.Generators.Analyzers;

/// <summary>
/// Finds Apply, React, Key and Keys methods that are never called: of a wrong form, in a type that is not partial, or in one
/// that has no use for them.
/// </summary>
[DiagnosticAnalyzer(LanguageNames.CSharp)]
public sealed class ApplySignatureAnalyzer : DiagnosticAnalyzer
{
    /// <inheritdoc/>
    public override ImmutableArray<DiagnosticDescriptor> SupportedDiagnostics { get; } =
        [Rules.WrongSignature, Rules.NotPartial, Rules.NoStableName];

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
        var symbol = (INamedTypeSymbol)context.Symbol;
        if (FoldingType.Of(symbol, library) is not { } type)
        {
            CheckDerivedState(context, symbol, library);
            return;
        }

        if (type.IsHandWritten) return;
        CheckOtherNames(context, type, library);
        CheckInherited(context, type, library);
        var sealing = type.Kind == FoldKind.Aggregate ? AggregateParser.SealedBy(symbol) : null;
        var called = false;
        foreach (var method in type.Handlers)
        {
            if (IsHandedToOn(method, type)) continue;
            var form = ApplyForm.Of(method, type, library);
            if (form.Flaw is { } flaw)
            {
                Report(context, method, flaw, ApplyForm.Expected(type));
                continue;
            }

            if (sealing is not null && !method.IsOverride)
            {
                Report(context, method, $"'{sealing.Name}', from which the class derives, seals Apply(object)", ApplyForm.Expected(type));
                continue;
            }

            // A method that overrides a handler is called by the base class, into which the call is generated.
            called |= !method.IsOverride;
            CheckName(context, form.Event!, library);
        }

        if (called && !type.IsPartial)
            context.ReportDiagnostic(Diagnostic.Create(
                Rules.NotPartial, type.Type.Locations[0], type.HandlerName, type.Type.Name, type.Hook));
    }

    /// <summary>Finds methods that take an event and are named like the methods of another kind of type.</summary>
    private static void CheckOtherNames(SymbolAnalysisContext context, FoldingType type, LibraryTypes library)
    {
        var bound = type.Kind == FoldKind.Documents ? KeysInUse(type) : null;
        foreach (var method in type.Type.GetMembers().OfType<IMethodSymbol>())
        {
            if (method is not { Name: "Apply" or "React" or "Key" or "Keys", MethodKind: MethodKind.Ordinary, IsOverride: false }) continue;
            if (method.Name == type.HandlerName || method.Parameters.IsEmpty || !TakesEvent(method, library) || IsNamedInCode(method, type))
                continue;
            if (method.Name is not ("Key" or "Keys"))
                Report(context, method, $"methods for events are named {type.HandlerName} here", ApplyForm.Expected(type));
            else if (bound is null) Report(context, method, "only a Projection<TDocument> has keys", ApplyForm.Expected(type));
            else if (FlawOfKey(method) is { } flaw)
                Report(context, method, flaw, method.Name == "Key"
                    ? "string Key(TEvent e[, RecordedEvent recorded])"
                    : "IEnumerable<string> Keys(TEvent e[, RecordedEvent recorded])");
            else if (!bound.Contains(method) && IsForThisClassOnly(method))
                Report(context, method, "no Apply of the class takes an event that it would give the key of", ApplyForm.Expected(type));
        }
    }

    /// <summary>What is wrong with a method that should return keys; null if nothing is.</summary>
    private static string? FlawOfKey(IMethodSymbol method)
    {
        if (method.IsGenericMethod) return "it is generic";
        if (method.Parameters.FirstOrDefault(p => p.RefKind is RefKind.Ref or RefKind.Out) is { } byRef)
            return $"its parameter '{byRef.Name}' is passed by reference";
        if (KeyMethod.Of(method) is not null) return null;
        var returned = method.ReturnType.ToDisplayString(SymbolDisplayFormat.CSharpShortErrorMessageFormat);
        if (method.Name == "Key" && !KeyMethod.IsKey(method.ReturnType))
            return $"it returns {returned}, which is neither text nor an id that has one way to be written (IFormattable)";
        if (method.Name == "Keys" && !method.ReturnType.ItemsOf().Any(KeyMethod.IsKey))
            return $"it returns {returned}, which is no sequence of texts or of ids that have one way to be written (IFormattable)";
        return "it has parameters beside the event and what is recorded of it";
    }

    /// <summary>The methods that return the keys of an event which the projection handles.</summary>
    private static HashSet<ISymbol> KeysInUse(FoldingType type)
    {
        var keys = KeyMethod.AllOf(type.Type);
        var document = type.Document;
        var used = new HashSet<ISymbol>(SymbolEqualityComparer.Default);
        if (document is null) return used;
        foreach (var shape in type.Type.Handlers("Apply")
            .Select(method => HandlerShape.OfDocument(method, document)).OfType<HandlerShape>())
        {
            if (KeyMethod.For(shape.Event, keys) is { } key) used.Add(key.Method);
        }

        return used;
    }

    /// <summary>Whether no class derived from this one can use a method.</summary>
    private static bool IsForThisClassOnly(IMethodSymbol method) =>
        method.DeclaredAccessibility == Accessibility.Private || method.ContainingType is { IsSealed: true } or { IsAbstract: false };

    private static bool TakesEvent(IMethodSymbol method, LibraryTypes library) => method.Parameters.Any(parameter =>
        parameter.Type is INamedTypeSymbol { SpecialType: SpecialType.None } type
        && (LibraryTypes.Same(type, library.RecordedEvent) || library.IsEvent(type) || library.IsNamedByHand(type)
            || library.IsBaseOfEvents(type)));

    /// <summary>Whether the code of the class names a method, to call it or to pass it on: then the author has a use for it.</summary>
    private static bool IsNamedInCode(IMethodSymbol method, FoldingType type) => FoldingType.DeclarationsOf(type.Type).Any(declaration =>
        declaration.DescendantNodes().OfType<IdentifierNameSyntax>().Any(name => name.Identifier.ValueText == method.Name));

    /// <summary>
    /// A state that derives from another state is folded by that one, which does not know the methods of derived classes.
    /// </summary>
    private static void CheckDerivedState(SymbolAnalysisContext context, INamedTypeSymbol type, LibraryTypes library)
    {
        if (type.TypeKind != TypeKind.Class
            || type.Bases().FirstOrDefault(b => FoldingType.Of(b, library) is { Kind: FoldKind.State }) is not { } state)
            return;
        foreach (var method in type.GetMembers("Apply").OfType<IMethodSymbol>())
        {
            if (method is { IsOverride: false, IsStatic: false, Parameters.Length: 1 } && TakesEvent(method, library))
                Report(
                    context,
                    method,
                    $"the state is '{state.Name}', from which '{type.Name}' derives, "
                    + "and only its own methods and those it inherits are called",
                    $"{state.Name} Apply(TEvent e) in '{state.Name}', virtual if it is overridden");
        }
    }

    /// <summary>Finds inherited methods of a state that cannot be bound, since they return another type than the state.</summary>
    private static void CheckInherited(SymbolAnalysisContext context, FoldingType type, LibraryTypes library)
    {
        if (type.Kind != FoldKind.State) return;
        foreach (var method in type.Type.Bases().SelectMany(b => b.GetMembers("Apply")).OfType<IMethodSymbol>())
        {
            if (method is { IsStatic: false, IsOverride: false, Parameters.Length: 1, IsGenericMethod: false }
                && !LibraryTypes.Same(method.ReturnType, type.Type) && TakesEvent(method, library) && !IsOverriddenIn(type.Type, method))
                Report(
                    context,
                    method,
                    $"it returns {method.ReturnType.Name}, and not the state '{type.Type.Name}'",
                    ApplyForm.Expected(type),
                    type.Type);
        }
    }

    private static bool IsOverriddenIn(INamedTypeSymbol type, IMethodSymbol method) =>
        type.GetMembers("Apply").OfType<IMethodSymbol>().Any(own => LibraryTypes.Same(own.OverriddenMethod, method));

    private static void Report(
        SymbolAnalysisContext context, IMethodSymbol method, string flaw, string form, INamedTypeSymbol? place = null) =>
        context.ReportDiagnostic(Diagnostic.Create(
            Rules.WrongSignature,
            (place ?? (ISymbol)method).Locations[0],
            method.ToDisplayString(SymbolDisplayFormat.CSharpShortErrorMessageFormat),
            flaw,
            form));

    private static void CheckName(SymbolAnalysisContext context, IParameterSymbol parameter, LibraryTypes library)
    {
        if (parameter.Type is not INamedTypeSymbol { TypeKind: TypeKind.Class
            or TypeKind.Struct, IsAbstract: false, IsGenericType: false } type)
            return;
        if (library.IsEvent(type) || library.IsNamedByHand(type) || LibraryTypes.Same(type, library.RecordedEvent)
            || LibraryTypes.Same(type, library.Delivery) || library.IsBaseOfEvents(type))
            return;
        if (LibraryTypes.Same(type, library.ErasedEvent) || LibraryTypes.Same(type, library.PayloadsErased)) return;
        var location = parameter.DeclaringSyntaxReferences.FirstOrDefault()?.GetSyntax(
            context.CancellationToken) is ParameterSyntax { Type: { } written } ? written.GetLocation() : parameter.Locations[0];
        context.ReportDiagnostic(Diagnostic.Create(Rules.NoStableName, location, type.Name, KebabCase.Of(type.Name)));
    }

    /// <summary>A projection or reactor may pass its method itself: <c>On&lt;TEvent&gt;(Apply)</c>.</summary>
    private static bool IsHandedToOn(IMethodSymbol method, FoldingType type) =>
        type.Kind is FoldKind.Documents or FoldKind.Tables or FoldKind.Reactor
        && FoldingType.DeclarationsOf(type.Type).Any(declaration => declaration.DescendantNodes().OfType<ArgumentSyntax>().Any(argument =>
            argument.Expression is IdentifierNameSyntax name && name.Identifier.ValueText == method.Name));
}
