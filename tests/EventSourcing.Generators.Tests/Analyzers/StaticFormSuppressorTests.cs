using System.Collections.Immutable;
using EventSourcing.Generators.Analyzers;
using Microsoft.CodeAnalysis;
using Microsoft.CodeAnalysis.CSharp;
using Microsoft.CodeAnalysis.Diagnostics;

namespace EventSourcing.Generators.Tests.Analyzers;

public class StaticFormSuppressorTests
{
    [Fact]
    public async Task Mark_as_static_is_asked_of_other_methods_only()
    {
        var compilation = CSharpCompilation.Create(
            "Code",
            [CSharpSyntaxTree.ParseText("""
                using EventSourcing;
                public record A;
                public partial class Thing : Aggregate { void Apply(A e) { } void Other(A e) { } }
                public partial class Model : Projection<string> { string Key(A e) => ""; string Apply(string s, A e) => s; string Other() => ""; }
                public class Plain { void Apply(A e) { } }
                """)],
            [.. ((string)AppContext.GetData("TRUSTED_PLATFORM_ASSEMBLIES")!).Split(Path.PathSeparator).Select(path => MetadataReference.CreateFromFile(path))]);
        var analyzed = compilation.WithAnalyzers([new AsksForStatic(), new StaticFormSuppressor()], new CompilationWithAnalyzersOptions(new AnalyzerOptions([]), null, true, false, reportSuppressedDiagnostics: true));

        var found = await analyzed.GetAnalyzerDiagnosticsAsync();

        found.Where(d => d.IsSuppressed).Select(At).Should().BeEquivalentTo("Thing.Apply", "Model.Key", "Model.Apply");
        found.Where(d => !d.IsSuppressed).Select(At).Should().BeEquivalentTo("Thing.Other", "Model.Other", "Plain.Apply");

        static string At(Diagnostic diagnostic) => diagnostic.GetMessage(System.Globalization.CultureInfo.InvariantCulture);
    }

#pragma warning disable RS1001, RS1029, RS1036, RS2008 // it is no analyzer of ours, and reports what another one does

    /// <summary>Stands in for the analyzer of the SDK.</summary>
    private sealed class AsksForStatic : DiagnosticAnalyzer
    {
        private static readonly DiagnosticDescriptor Rule = new("CA1822", "Mark as static", "{0}", "Performance", DiagnosticSeverity.Warning, isEnabledByDefault: true);

        public override ImmutableArray<DiagnosticDescriptor> SupportedDiagnostics { get; } = [Rule];

        public override void Initialize(AnalysisContext context)
        {
            context.EnableConcurrentExecution();
            context.ConfigureGeneratedCodeAnalysis(GeneratedCodeAnalysisFlags.None);
            context.RegisterSymbolAction(
                symbol =>
                {
                    if (symbol.Symbol is IMethodSymbol { MethodKind: MethodKind.Ordinary, IsImplicitlyDeclared: false } method && method.ContainingType.Name != "A")
                        symbol.ReportDiagnostic(Diagnostic.Create(Rule, method.Locations[0], $"{method.ContainingType.Name}.{method.Name}"));
                },
                SymbolKind.Method);
        }
    }
}
