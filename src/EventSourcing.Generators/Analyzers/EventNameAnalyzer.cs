using System.Collections.Concurrent;
using System.Collections.Immutable;
using System.Globalization;
using Microsoft.CodeAnalysis;
using Microsoft.CodeAnalysis.Diagnostics;

namespace EventSourcing.Generators.Analyzers;

/// <summary>Finds stored names that two event types claim for the same version, by their name or an alias.</summary>
[DiagnosticAnalyzer(LanguageNames.CSharp)]
public sealed class EventNameAnalyzer : DiagnosticAnalyzer
{
    /// <inheritdoc/>
    public override ImmutableArray<DiagnosticDescriptor> SupportedDiagnostics { get; } = [Rules.NameClaimedTwice];

    /// <inheritdoc/>
    public override void Initialize(AnalysisContext context)
    {
        context.EnableConcurrentExecution();
        context.ConfigureGeneratedCodeAnalysis(GeneratedCodeAnalysisFlags.None);
        context.RegisterCompilationStartAction(start =>
        {
            if (LibraryTypes.Of(start.Compilation) is not { } library) return;
            var events = new ConcurrentBag<DeclaredEvent>();
            start.RegisterSymbolAction(
                symbol =>
                {
                    if (library.EventOf((INamedTypeSymbol)symbol.Symbol) is { } e) events.Add(e);
                },
                SymbolKind.NamedType);
            start.RegisterCompilationEndAction(end => Check(end, events));
        });
    }

    private static void Check(CompilationAnalysisContext context, IEnumerable<DeclaredEvent> events)
    {
        var claims = events.SelectMany(e => e.Names.Select(name => (Name: name, Event: e))).GroupBy(claim =>
            (claim.Name, claim.Event.Version));
        foreach (var claim in claims)
        {
            var claimants = claim.Select(c => c.Event).OrderBy(e => e.Type.ToDisplayString(), StringComparer.Ordinal).ToList();
            foreach (var claimant in claimants.Where(_ => claimants.Count > 1))
            {
                var other = claimants.First(e => e != claimant);
                context.ReportDiagnostic(Diagnostic.Create(
                    Rules.NameClaimedTwice,
                    claimant.Location,
                    claim.Key.Name,
                    claim.Key.Version.ToString(CultureInfo.InvariantCulture),
                    claimant.Type.ToDisplayString(),
                    other.Type.ToDisplayString()));
            }
        }
    }
}
