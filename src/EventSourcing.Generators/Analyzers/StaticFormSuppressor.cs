using System.Collections.Immutable;
using Microsoft.CodeAnalysis;
using Microsoft.CodeAnalysis.Diagnostics;

namespace EventSourcing.Generators.Analyzers;

/// <summary>
/// Suppresses "mark it static" for methods that the generator binds. An Apply that changes nothing states that this event
/// does not matter here, and a static Apply would not be bound in an aggregate.
/// </summary>
[DiagnosticAnalyzer(LanguageNames.CSharp)]
public sealed class StaticFormSuppressor : DiagnosticSuppressor
{
    private static readonly SuppressionDescriptor ByBinding = new(
        "ES0900", "CA1822", "The source generator of EventSourcing binds the method as it is.");

    /// <inheritdoc/>
    public override ImmutableArray<SuppressionDescriptor> SupportedSuppressions { get; } = [ByBinding];

    /// <inheritdoc/>
    public override void ReportSuppressions(SuppressionAnalysisContext context)
    {
        if (LibraryTypes.Of(context.Compilation) is not { } library) return;
        foreach (var diagnostic in context.ReportedDiagnostics)
        {
            if (diagnostic.Location.SourceTree is not { } tree) continue;
            var node = tree.GetRoot(context.CancellationToken).FindNode(diagnostic.Location.SourceSpan);
            var method = context.GetSemanticModel(tree).GetDeclaredSymbol(node, context.CancellationToken) as IMethodSymbol;
            if (method is not { Name: "Apply" or "React" or "Key" or "Keys" }) continue;
            if (FoldingType.Of(method.ContainingType, library) is not null)
                context.ReportSuppression(Suppression.Create(ByBinding, diagnostic));
        }
    }
}
