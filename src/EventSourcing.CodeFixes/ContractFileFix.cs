using System.Collections.Immutable;
using System.Composition;
using EventSourcing.Generators.Analyzers;
using Microsoft.CodeAnalysis;
using Microsoft.CodeAnalysis.CodeFixes;
using Microsoft.CodeAnalysis.Text;

namespace EventSourcing.CodeFixes;

/// <summary>Writes the shapes of events into the contract file: new lines are inserted in order, changed ones replaced in place.</summary>
[ExportCodeFixProvider(LanguageNames.CSharp)]
[Shared]
public sealed class ContractFileFix : Fix
{
    /// <inheritdoc/>
    public override ImmutableArray<string> FixableDiagnosticIds { get; } = ["ES0120", "ES0121"];

    private protected override Task<string?> TitleAsync(
        Document document, Diagnostic diagnostic, CancellationToken cancellationToken) => Task.FromResult(
        FileOf(document.Project) is null || !diagnostic.Properties.ContainsKey(ContractAnalyzer.LineProperty) ? null
        : diagnostic.Id == "ES0120" ? $"Add the line to {ContractFile.Name}"
        : $"Change the line in {ContractFile.Name}, if no such event is stored yet");

    private protected override async Task<Solution> FixAsync(
        Solution solution, IReadOnlyList<(Document Document, Diagnostic Diagnostic)> places, CancellationToken cancellationToken)
    {
        foreach (var project in places.GroupBy(place => place.Document.Project.Id))
        {
            var file = FileOf(solution.GetProject(project.Key)!)!;
            var text = await file.GetTextAsync(cancellationToken).ConfigureAwait(false);
            var lines = project.Select(place => ContractLine.Read(place.Diagnostic.Properties[ContractAnalyzer.LineProperty]!).Line!);
            solution = solution.WithAdditionalDocumentText(
                file.Id, SourceText.From(With(text.ToString(), lines), text.Encoding ?? System.Text.Encoding.UTF8));
        }

        return solution;
    }

    private static TextDocument? FileOf(Project project) =>
        project.AdditionalDocuments.FirstOrDefault(document => document.Name == ContractFile.Name);

    /// <summary>The file with the added lines. The rest of the file stays as it is, comments and empty lines included.</summary>
    private static string With(string file, IEnumerable<ContractLine> added)
    {
        var end = file.IndexOf("\r\n", StringComparison.Ordinal) >= 0 ? "\r\n" : "\n";
        var lines = file.Replace("\r\n", "\n").TrimEnd('\n').Split('\n').ToList();
        if (lines is { Count: 1 } && lines[0].Length == 0) lines.Clear();
        foreach (var line in added)
        {
            var read = lines.ConvertAll(text => ContractLine.IsSilent(text) ? null : ContractLine.Read(text).Line);
            var same = read.FindIndex(other => other is not null && other.CompareTo(line) == 0);
            var next = read.FindIndex(other => other is not null && other.CompareTo(line) > 0);
            if (same >= 0) lines[same] = line.ToString();
            else lines.Insert(next < 0 ? lines.Count : next, line.ToString());
        }

        return string.Join(end, lines) + end;
    }
}
