using Microsoft.CodeAnalysis;
using Microsoft.CodeAnalysis.CSharp.Syntax;

namespace EventSourcing.Generators;

/// <summary>Writes how the state of aggregates marked [Snapshots] is saved and restored.</summary>
[Generator(LanguageNames.CSharp)]
public sealed class SnapshotGenerator : IIncrementalGenerator
{
    /// <inheritdoc/>
    public void Initialize(IncrementalGeneratorInitializationContext context) => context.RegisterOutput(
        context.SyntaxProvider.ForAttributeWithMetadataName(
            "EventSourcing.SnapshotsAttribute", static (node, _) => node is ClassDeclarationSyntax, static (marked, _) =>
                Parsed<SnapshotModel>.Guarded(marked.TargetSymbol, () => SnapshotParser.Parse(marked))),
        static model => (model.Type, "Snapshots", SnapshotWriter.Write(model)));
}
