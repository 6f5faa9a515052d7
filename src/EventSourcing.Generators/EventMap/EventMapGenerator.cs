using Microsoft.CodeAnalysis;
using Microsoft.CodeAnalysis.CSharp.Syntax;

namespace EventSourcing.Generators;

/// <summary>Lists the events and upcasters of an assembly, so that <c>EventTypes.FromAssemblyOf</c> finds them.</summary>
[Generator(LanguageNames.CSharp)]
public sealed class EventMapGenerator : IIncrementalGenerator
{
    /// <inheritdoc/>
    public void Initialize(IncrementalGeneratorInitializationContext context)
    {
        var events = context.SyntaxProvider.ForAttributeWithMetadataName(
            "EventSourcing.EventTypeAttribute", static (node, _) => node is TypeDeclarationSyntax, static (marked, _) =>
                Parsed<EventEntry>.Guarded(marked.TargetSymbol, () => EventParser.Parse(marked))).Collect();
        var upcasters = context.SyntaxProvider.ForAttributeWithMetadataName(
            "EventSourcing.UpcasterAttribute", static (node, _) => node is MethodDeclarationSyntax, static (marked, _) =>
                Parsed<UpcasterEntry>.Guarded(marked.TargetSymbol, () => UpcasterParser.Parse(marked))).Collect();
        var map = events.Combine(upcasters).Select(static (found, _) => EventMap.Of(found.Left, found.Right));

        context.RegisterSourceOutput(map.SelectMany(static (result, _) => result.Diagnostics), static (output, found) =>
            output.ReportDiagnostic(found.ToDiagnostic()));
        context.RegisterSourceOutput(map.Select(static (result, _) => result.Model), static (output, model) =>
        {
            if (model is not null) output.AddSource("EventSourcing.EventTypes.g.cs", EventMapWriter.Write(model));
        });
    }
}
