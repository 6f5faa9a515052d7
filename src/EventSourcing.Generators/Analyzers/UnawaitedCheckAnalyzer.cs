using System.Collections.Immutable;
using Microsoft.CodeAnalysis;
using Microsoft.CodeAnalysis.Diagnostics;
using Microsoft.CodeAnalysis.Operations;

namespace EventSourcing.Generators.Analyzers;

/// <summary>
/// Finds scenarios and other checks of <c>EventSourcing.Testing</c> that are begun and then dropped: the test passes, whatever they would
/// find.
/// </summary>
[DiagnosticAnalyzer(LanguageNames.CSharp)]
public sealed class UnawaitedCheckAnalyzer : DiagnosticAnalyzer
{
    private const string Namespace = "EventSourcing.Testing";

    /// <inheritdoc/>
    public override ImmutableArray<DiagnosticDescriptor> SupportedDiagnostics { get; } = [Rules.NotRun];

    /// <inheritdoc/>
    public override void Initialize(AnalysisContext context)
    {
        context.EnableConcurrentExecution();
        context.ConfigureGeneratedCodeAnalysis(GeneratedCodeAnalysisFlags.None);
        context.RegisterCompilationStartAction(start =>
        {
            if (start.Compilation.GetTypeByMetadataName($"{Namespace}.Scenario") is not null)
                start.RegisterOperationAction(Check, OperationKind.ExpressionStatement);
        });
    }

    private static void Check(OperationAnalysisContext context)
    {
        var statement = ((IExpressionStatementOperation)context.Operation).Operation;
        if (statement is not IInvocationOperation { TargetMethod: var method } call
            || method.ContainingNamespace.ToDisplayString() != Namespace)
            return;
        var why = method.ReturnType.Is("System.Threading.Tasks", "Task") || method.ReturnType.Is("System.Threading.Tasks", "Task", arity: 1)
            ? "is not awaited, so the test passes whatever it finds. Await it, or return its task."
            : method.ReturnType.ContainingNamespace?.ToDisplayString() == Namespace
                ? "only describes a scenario: nothing is run, and the test passes. Go on to a 'Then…Async', and await that."
                : null;
        if (why is not null) context.ReportDiagnostic(Diagnostic.Create(Rules.NotRun, call.Syntax.GetLocation(), method.Name, why));
    }
}
