using System.Collections.Concurrent;
using System.Collections.Immutable;
using System.Globalization;
using Microsoft.CodeAnalysis;
using Microsoft.CodeAnalysis.Diagnostics;

namespace EventSourcing.Generators.Analyzers;

/// <summary>
/// Compares the events of a project with its contract file, so that stored events stay readable. A project without the file
/// is not checked.
/// </summary>
[DiagnosticAnalyzer(LanguageNames.CSharp)]
public sealed class ContractAnalyzer : DiagnosticAnalyzer
{
    private const string NameProperty = "Name";
    private const string VersionProperty = "Version";
    private const string ShapeProperty = "Shape";

    /// <inheritdoc/>
    public override ImmutableArray<DiagnosticDescriptor> SupportedDiagnostics { get; } =
        [Rules.NotInContract, Rules.ShapeChanged, Rules.NameUnclaimed, Rules.VersionUnread, Rules.MalformedLine];

    /// <inheritdoc/>
    public override void Initialize(AnalysisContext context)
    {
        context.EnableConcurrentExecution();
        context.ConfigureGeneratedCodeAnalysis(GeneratedCodeAnalysisFlags.None);
        context.RegisterCompilationStartAction(Start);
    }

    /// <summary>The line to write into the file, from a diagnostic; null if it has none.</summary>
    internal static ContractLine? LineOf(Diagnostic diagnostic) =>
        diagnostic.Properties.TryGetValue(NameProperty, out var name) && name is not null
        && diagnostic.Properties.TryGetValue(ShapeProperty, out var shape) && shape is not null
        && diagnostic.Properties.TryGetValue(VersionProperty, out var number)
        && int.TryParse(number, NumberStyles.None, CultureInfo.InvariantCulture, out var version)
            ? new ContractLine(name, version, shape)
            : null;

    private static void Start(CompilationStartAnalysisContext context)
    {
        if (LibraryTypes.Of(context.Compilation) is not { } library
            || ContractFile.Find(context.Options.AdditionalFiles, context.CancellationToken) is not { } file)
            return;
        var events = new ConcurrentBag<DeclaredEvent>();
        var upcasters = new ConcurrentBag<DeclaredUpcaster>();
        context.RegisterSymbolAction(
            symbol =>
            {
                if (library.EventOf((INamedTypeSymbol)symbol.Symbol) is not { Type.IsGenericType: false } e) return;
                events.Add(e);
                CheckShape(symbol, e, file);
            },
            SymbolKind.NamedType);
        context.RegisterSymbolAction(
            symbol =>
            {
                if (DeclaredUpcaster.Of((IMethodSymbol)symbol.Symbol, library) is { } upcaster) upcasters.Add(upcaster);
            },
            SymbolKind.Method);
        context.RegisterAdditionalFileAction(additional =>
        {
            if (additional.AdditionalFile.Path != file.Path) return;
            foreach (var (location, flaw) in file.Flaws)
                additional.ReportDiagnostic(Diagnostic.Create(Rules.MalformedLine, location, flaw));
        });
        context.RegisterCompilationEndAction(end => CheckReaders(end, file, new StoredReaders(events, upcasters)));
    }

    private static void CheckShape(SymbolAnalysisContext context, DeclaredEvent e, ContractFile file)
    {
        // A name or version that is not valid is an error of the generator, and no event can be stored under it.
        if (StoredNames.FlawOf(e.Name, e.Version) is not null) return;
        var shape = EventShape.Of(e.Type);
        var version = e.Version.ToString(CultureInfo.InvariantCulture);
        foreach (var name in e.Names)
        {
            var now = new ContractLine(name, e.Version, shape);
            var properties = ImmutableDictionary<string, string?>.Empty
                .Add(NameProperty, name).Add(VersionProperty, version).Add(ShapeProperty, shape);
            if (file.Get(name, e.Version) is not { } line)
            {
                // An alias has no line of its own if nothing was stored under it in this version.
                if (name == e.Name)
                    context.ReportDiagnostic(Diagnostic.Create(
                        Rules.NotInContract, e.Type.Locations[0], properties, name, version, now.ToString()));
                continue;
            }

            var differences = ShapeMember.Differences(line.Shape, shape).ToList();
            if (differences.Count > 0)
                context.ReportDiagnostic(Diagnostic.Create(
                    Rules.ShapeChanged, e.Type.Locations[0], properties, name, version, string.Join(", ", differences), (e.Version + 1)
                        .ToString(CultureInfo.InvariantCulture)));
        }
    }

    private static void CheckReaders(CompilationAnalysisContext context, ContractFile file, StoredReaders readers)
    {
        foreach (var (line, location) in file.Lines)
        {
            var version = line.Version.ToString(CultureInfo.InvariantCulture);
            if (!readers.Claims(line.Name)) context.ReportDiagnostic(Diagnostic.Create(Rules.NameUnclaimed, location, line.Name, version));
            else if (readers.GapAfter(line.Name, line.Version) is { } gap)
                context.ReportDiagnostic(Diagnostic.Create(
                    Rules.VersionUnread, location, line.Name, version, gap.Version.ToString(CultureInfo.InvariantCulture), gap.Name));
        }
    }
}
