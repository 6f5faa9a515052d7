using System.Collections.Immutable;
using EventSourcing.Generators.Analyzers;
using Microsoft.CodeAnalysis;
using Microsoft.CodeAnalysis.CodeActions;
using Microsoft.CodeAnalysis.CodeFixes;
using Microsoft.CodeAnalysis.CSharp;
using Microsoft.CodeAnalysis.Diagnostics;
using Microsoft.CodeAnalysis.Text;

namespace EventSourcing.Generators.Tests.Analyzers;

/// <summary>
/// A project in memory that uses the real library: what the analyzers find in it, and what a fix makes of it. Generators
/// run too, as they do in a build.
/// </summary>
internal sealed class CodeUnderTest
{
    private const string Usings = """
        global using System;
        global using System.Collections.Generic;
        global using System.Linq;
        global using System.Text.Json.Nodes;
        global using System.Text.Json.Serialization;
        global using System.Threading;
        global using System.Threading.Tasks;
        global using EventSourcing;
        """;

    /// <summary>That a partial class or state lacks its hook is what the generator mends, where the test project has one.</summary>
    private static readonly string[] ErrorsThatAreMended = ["CS0534", "CS0535"];

    private static readonly ImmutableArray<DiagnosticAnalyzer> All =
    [
        new RaisedEventAnalyzer(), new ApplySignatureAnalyzer(), new ApplyPurityAnalyzer(), new EventTypeAnalyzer(), new EventNameAnalyzer(), new ContractAnalyzer(),
    ];

    private static readonly ImmutableArray<MetadataReference> References =
    [
        .. Directory.EnumerateFiles(Path.GetDirectoryName(typeof(object).Assembly.Location)!, "System.*.dll").Where(file => !file.Contains(".Native.", StringComparison.Ordinal)).Select(file => MetadataReference.CreateFromFile(file)),
        MetadataReference.CreateFromFile(typeof(Aggregate).Assembly.Location),
        MetadataReference.CreateFromFile(typeof(Testing.Scenario).Assembly.Location),
    ];

    private readonly Project _project;
    private readonly ImmutableArray<DiagnosticAnalyzer> _analyzers;

    private CodeUnderTest(Project project, ImmutableArray<DiagnosticAnalyzer> analyzers)
    {
        _project = project;
        _analyzers = analyzers;
    }

    /// <summary>The source, after fixes.</summary>
    public string Source => Text(_project.Documents.Single(document => document.Name == "Code.cs"));

    /// <summary>The contract file, after fixes.</summary>
    public string Contracts => Text(_project.AdditionalDocuments.Single());

    public static CodeUnderTest Of(string source, string? contracts = null, params (string Path, string Source)[] others)
    {
        using var workspace = new AdhocWorkspace();
        var project = workspace.AddProject(ProjectInfo.Create(
            ProjectId.CreateNewId(), VersionStamp.Default, "Code", "Code", LanguageNames.CSharp,
            compilationOptions: new CSharpCompilationOptions(OutputKind.DynamicallyLinkedLibrary, nullableContextOptions: NullableContextOptions.Enable),
            parseOptions: CSharpParseOptions.Default.WithLanguageVersion(LanguageVersion.Preview),
            metadataReferences: References));
        project = project.AddDocument("Usings.cs", SourceText.From(Usings), filePath: "Usings.cs").Project;
        project = project.AddDocument("Code.cs", SourceText.From(source + "\n"), filePath: "Code.cs").Project;
        foreach (var (path, text) in others) project = project.AddDocument(path, SourceText.From(text), filePath: path).Project;
        if (contracts is not null) project = project.AddAdditionalDocument("EventContracts.txt", SourceText.From(contracts), filePath: "EventContracts.txt").Project;
        return new CodeUnderTest(project, All);
    }

    /// <summary>The same code, looked at by one analyzer alone.</summary>
    public CodeUnderTest By(DiagnosticAnalyzer analyzer) => new(_project, [analyzer]);

    /// <summary>What is found, each as its id and the text it is reported at, in the order of the text.</summary>
    public async Task<string[]> FindAsync() =>
        [.. (await DiagnoseAsync()).Select(diagnostic => $"{diagnostic.Id} {TextAt(diagnostic.Location)}")];

    public async Task<string[]> MessagesAsync(string id) =>
        [.. (await DiagnoseAsync()).Where(diagnostic => diagnostic.Id == id).Select(diagnostic => diagnostic.GetMessage(System.Globalization.CultureInfo.InvariantCulture))];

    /// <summary>The titles of what a fix offers for the first finding that it knows.</summary>
    public async Task<string[]> OffersAsync(CodeFixProvider fix) => [.. (await ActionsAsync(fix)).Select(action => action.Title)];

    /// <summary>The project after the one fix of the first finding that it knows.</summary>
    public async Task<CodeUnderTest> FixAsync(CodeFixProvider fix) => await ApplyAsync((await ActionsAsync(fix)).Single());

    /// <summary>The project after the fix of all findings at once.</summary>
    public async Task<CodeUnderTest> FixAllAsync(CodeFixProvider fix)
    {
        var context = new FixAllContext(
            _project.Documents.Last(), fix, FixAllScope.Project, fix.GetType().Name, fix.FixableDiagnosticIds, new Found(this), CancellationToken.None);
        return await ApplyAsync((await fix.GetFixAllProvider()!.GetFixAsync(context))!);
    }

    private async Task<List<CodeAction>> ActionsAsync(CodeFixProvider fix)
    {
        var diagnostic = (await DiagnoseAsync()).First(found => fix.FixableDiagnosticIds.Contains(found.Id));
        var actions = new List<CodeAction>();
        var document = _project.Documents.Single(document => document.FilePath == diagnostic.Location.SourceTree!.FilePath);
        await fix.RegisterCodeFixesAsync(new CodeFixContext(document, diagnostic, (action, _) => actions.Add(action), CancellationToken.None));
        return actions;
    }

    private async Task<CodeUnderTest> ApplyAsync(CodeAction action)
    {
        var operation = (await action.GetOperationsAsync(CancellationToken.None)).OfType<ApplyChangesOperation>().Single();
        return new CodeUnderTest(operation.ChangedSolution.GetProject(_project.Id)!, _analyzers);
    }

    private async Task<ImmutableArray<Diagnostic>> DiagnoseAsync()
    {
        var compilation = (await _project.GetCompilationAsync())!;
        var errors = compilation.GetDiagnostics().Where(d => d.Severity == DiagnosticSeverity.Error && !ErrorsThatAreMended.Contains(d.Id)).ToList();
        errors.Should().BeEmpty("a test's code must be what it seems to be");

        var generators = typeof(RaisedEventAnalyzer).Assembly.GetTypes().Where(type => type.IsDefined(typeof(GeneratorAttribute), inherit: false))
            .Select(type => ((IIncrementalGenerator)Activator.CreateInstance(type)!).AsSourceGenerator());
        CSharpGeneratorDriver.Create(generators, parseOptions: (CSharpParseOptions)_project.ParseOptions!).RunGeneratorsAndUpdateCompilation(compilation, out var whole, out _);
        var failures = new List<string>();
        var options = new CompilationWithAnalyzersOptions(_project.AnalyzerOptions, (e, analyzer, _) => failures.Add($"{analyzer}: {e}"), concurrentAnalysis: true, logAnalyzerExecutionTime: false);
        var found = await whole.WithAnalyzers(_analyzers, options).GetAnalyzerDiagnosticsAsync();
        failures.Should().BeEmpty();
        return [.. found.OrderBy(diagnostic => diagnostic.Location.GetLineSpan().Path, StringComparer.Ordinal).ThenBy(diagnostic => diagnostic.Location.SourceSpan.Start).ThenBy(diagnostic => diagnostic.Id, StringComparer.Ordinal)];
    }

    private string TextAt(Location location) => location.SourceTree is { } tree
        ? tree.GetText().ToString(location.SourceSpan)
        : Contracts[location.SourceSpan.Start..location.SourceSpan.End];

    private static string Text(TextDocument document) => document.TryGetText(out var text) ? text.ToString() : document.GetTextAsync().GetAwaiter().GetResult().ToString();

    private sealed class Found(CodeUnderTest code) : FixAllContext.DiagnosticProvider
    {
        public override async Task<IEnumerable<Diagnostic>> GetAllDiagnosticsAsync(Project project, CancellationToken cancellationToken) =>
            (await code.DiagnoseAsync()).Where(diagnostic => diagnostic.Location.IsInSource);

        public override async Task<IEnumerable<Diagnostic>> GetDocumentDiagnosticsAsync(Document document, CancellationToken cancellationToken) =>
            (await code.DiagnoseAsync()).Where(diagnostic => diagnostic.Location.SourceTree?.FilePath == document.FilePath);

        public override Task<IEnumerable<Diagnostic>> GetProjectDiagnosticsAsync(Project project, CancellationToken cancellationToken) => Task.FromResult<IEnumerable<Diagnostic>>([]);
    }
}
