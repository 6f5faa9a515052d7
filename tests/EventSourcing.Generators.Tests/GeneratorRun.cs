using System.Reflection;
using Microsoft.CodeAnalysis;
using Microsoft.CodeAnalysis.CSharp;

namespace EventSourcing.Generators.Tests;

/// <summary>Source code compiled in memory against the real library, with all generators, every warning an error.</summary>
internal sealed class GeneratorRun
{
    private const string Usings = """
        global using System;
        global using System.Collections.Generic;
        global using System.Linq;
        global using System.Threading;
        global using System.Threading.Tasks;
        global using EventSourcing;
        """;

    private static readonly CSharpParseOptions Parsing = new(LanguageVersion.Preview);

    private static readonly MetadataReference[] References =
        [.. ((string)AppContext.GetData("TRUSTED_PLATFORM_ASSEMBLIES")!).Split(Path.PathSeparator).Select(path => MetadataReference.CreateFromFile(path))];

    private GeneratorRun(CSharpCompilation compilation)
    {
        Driver = CSharpGeneratorDriver.Create(
            [new BindingGenerator().AsSourceGenerator(), new EventMapGenerator().AsSourceGenerator(), new SnapshotGenerator().AsSourceGenerator()],
            parseOptions: Parsing,
            driverOptions: new GeneratorDriverOptions(IncrementalGeneratorOutputKind.None, trackIncrementalGeneratorSteps: true));
        Driver = Driver.RunGeneratorsAndUpdateCompilation(compilation, out var output, out _);
        Source = compilation;
        Output = output;
    }

    public GeneratorDriver Driver { get; private set; }

    public CSharpCompilation Source { get; }

    public Compilation Output { get; }

    public IEnumerable<Diagnostic> Reported => Driver.GetRunResult().Diagnostics;

    /// <summary>What the compiler finds wrong, with what was generated.</summary>
    public IEnumerable<string> Complaints => Output.GetDiagnostics().Concat(Reported).Where(d => d.Severity >= DiagnosticSeverity.Warning).Select(d => d.ToString());

    public IReadOnlyDictionary<string, string> Files => Driver.GetRunResult().Results.SelectMany(result => result.GeneratedSources).ToDictionary(file => file.HintName, file => file.SourceText.ToString());

    public static GeneratorRun Of(params string[] sources) => With([], sources);

    public static GeneratorRun With(IEnumerable<MetadataReference> references, params string[] sources) => new(CSharpCompilation.Create(
        $"Compiled{Guid.NewGuid():N}",
        sources.Prepend(Usings).Select((source, i) => CSharpSyntaxTree.ParseText(source, Parsing, $"File{i}.cs")),
        [.. References, .. references],
        new CSharpCompilationOptions(OutputKind.DynamicallyLinkedLibrary, nullableContextOptions: NullableContextOptions.Enable, generalDiagnosticOption: ReportDiagnostic.Error)));

    /// <summary>The image, for another compilation to refer to.</summary>
    public byte[] Emit() => Emit(Output);

    private static byte[] Emit(Compilation compilation)
    {
        using var image = new MemoryStream();
        var result = compilation.Emit(image);
        result.Diagnostics.Where(d => d.Severity >= DiagnosticSeverity.Warning).Should().BeEmpty();
        return image.ToArray();
    }

    /// <summary>Runs the static method <c>Program.Run</c> of the code.</summary>
    public object? Execute() => Execute(Assembly.Load(Emit()));

    /// <summary>Runs it as the code is by itself, without what is generated.</summary>
    public object? ExecuteWithoutGenerators() => Execute(Assembly.Load(Emit(Source)));

    public static object? Execute(Assembly assembly) => assembly.GetType("Program")!.GetMethod("Run")!.Invoke(null, null);

    /// <summary>Runs the generators again after an edit; the reasons why each of their outputs was or was not made again.</summary>
    public IReadOnlyList<IncrementalStepRunReason> ReasonsAfter(Func<CSharpCompilation, CSharpCompilation> edit)
    {
        Driver = Driver.RunGenerators(edit(Source));
        return [.. Driver.GetRunResult().Results.SelectMany(result => result.TrackedOutputSteps.Values).SelectMany(steps => steps).SelectMany(step => step.Outputs).Select(output => output.Reason)];
    }

    public static SyntaxTree Parse(string source, string path) => CSharpSyntaxTree.ParseText(source, Parsing, path);
}
