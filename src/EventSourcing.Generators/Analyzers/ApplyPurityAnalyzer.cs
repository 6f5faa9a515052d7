using System.Collections.Immutable;
using Microsoft.CodeAnalysis;
using Microsoft.CodeAnalysis.Diagnostics;
using Microsoft.CodeAnalysis.Operations;

namespace EventSourcing.Generators.Analyzers;

/// <summary>
/// Finds what an Apply must not do, since it is run again over the same events for ever. Only the method's own body is
/// checked, not the methods that it calls.
/// </summary>
[DiagnosticAnalyzer(LanguageNames.CSharp)]
public sealed class ApplyPurityAnalyzer : DiagnosticAnalyzer
{
    /// <inheritdoc/>
    public override ImmutableArray<DiagnosticDescriptor> SupportedDiagnostics { get; } =
        [Rules.ChangesOutside, Rules.DoesIO, Rules.ReadsClock, Rules.RaisesInApply];

    /// <inheritdoc/>
    public override void Initialize(AnalysisContext context)
    {
        context.EnableConcurrentExecution();
        context.ConfigureGeneratedCodeAnalysis(GeneratedCodeAnalysisFlags.None);
        context.RegisterCompilationStartAction(start =>
        {
            if (LibraryTypes.Of(start.Compilation) is not { } library) return;
            start.RegisterOperationBlockAction(block => CheckApply(block, library));
            start.RegisterOperationAction(operation => CheckHandler(operation, library), OperationKind.Invocation);
        });
    }

    private static void CheckApply(OperationBlockAnalysisContext context, LibraryTypes library)
    {
        if (context.OwningSymbol is not IMethodSymbol method
            || FoldingType.Of(method.ContainingType, library) is not { Kind: not FoldKind.Reactor } type)
            return;
        var isHook = type.Kind is FoldKind.Aggregate or FoldKind.State && type.IsHook(method);
        if (!isHook && method is not { Name: "Apply", Parameters.Length: > 0 }) return;

        if (method.IsAsync && type.Kind != FoldKind.Tables)
            context.ReportDiagnostic(Diagnostic.Create(Rules.DoesIO, method.Locations[0], type.Type.Name, "is async"));
        var changes = new OutsideChanges(type, method, library);
        foreach (var operation in context.OperationBlocks.SelectMany(block => block.DescendantsAndSelf()))
        {
            if (changes.In(operation) is { } changed)
                Report(Rules.ChangesOutside, operation, changed, type.Kind switch
                {
                    FoldKind.Aggregate => "the aggregate's own members",
                    FoldKind.State => "nothing, and returns the state after the event",
                    FoldKind.Documents => "the document",
                    _ => "the tables",
                });
            if (Impure.ClockOf(operation) is { } clock) Report(Rules.ReadsClock, operation, clock);
            if (Impure.OutsideOf(operation) is { } outside && !IsWorkOnTables(operation, type))
                Report(Rules.DoesIO, operation, $"calls {outside}");
            if (operation is IInvocationOperation call && RaisedEventAnalyzer.IsRaise(call, library))
                Report(Rules.RaisesInApply, operation);
        }

        void Report(DiagnosticDescriptor rule, IOperation at, params object[] arguments) =>
            context.ReportDiagnostic(Diagnostic.Create(rule, at.Syntax.GetLocation(), [type.Type.Name, .. arguments]));
    }

    /// <summary>Handlers given to <c>On</c> of a projection as lambdas.</summary>
    private static void CheckHandler(OperationAnalysisContext context, LibraryTypes library)
    {
        var call = (IInvocationOperation)context.Operation;
        if (call.TargetMethod.Name is not ("On" or "OnAny")) return;
        var declaring = call.TargetMethod.ContainingType;
        if (!LibraryTypes.Same(declaring, library.TableProjection)
            && !LibraryTypes.Same(declaring.OriginalDefinition, library.DocumentProjection))
            return;
        foreach (var operation in call.Arguments.SelectMany(argument => argument.Value.DescendantsAndSelf()))
        {
            if (Impure.ClockOf(operation) is { } clock)
                context.ReportDiagnostic(Diagnostic.Create(
                    Rules.ReadsClock, operation.Syntax.GetLocation(), context.ContainingSymbol.ContainingType.Name, clock));
        }
    }

    /// <summary>
    /// Whether an operation is what a projection into tables is meant to do: run a command on its connection, or await one.
    /// </summary>
    private static bool IsWorkOnTables(IOperation operation, FoldingType type) =>
        type.Kind == FoldKind.Tables
        && (operation is IInvocationOperation { TargetMethod.ContainingType: var called }
            ? called
            : (operation as IObjectCreationOperation)?.Type)?.ToDisplayString() is { } name
        && (name.StartsWith("System.Data.", StringComparison.Ordinal) || name.StartsWith("Microsoft.Data.", StringComparison.Ordinal));
}
