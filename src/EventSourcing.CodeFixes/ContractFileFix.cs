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
        FileOf(document.Project) is null || ContractAnalyzer.LineOf(diagnostic) is null ? null
        : diagnostic.Id == "ES0120" ? $"Add the line to {ContractFile.Name}"
        : $"Change the line in {ContractFile.Name}, if no such event is stored yet");

    private protected override async Task<Solution> FixAsync(
        Solution solution, IReadOnlyList<(Document Document, Diagnostic Diagnostic)> places, CancellationToken cancellationToken)
    {
        foreach (var project in places.GroupBy(place => place.Document.Project.Id))
        {
            var file = FileOf(solution.GetProject(project.Key)!)!;
            var text = await file.GetTextAsync(cancellationToken).ConfigureAwait(false);
            foreach (var line in project.Select(place => ContractAnalyzer.LineOf(place.Diagnostic)).OfType<ContractLine>())
                text = With(text, line);
            solution = solution.WithAdditionalDocumentText(file.Id, text);
        }

        return solution;
    }

    private static TextDocument? FileOf(Project project) =>
        project.AdditionalDocuments.FirstOrDefault(document => document.Name == ContractFile.Name);

    /// <summary>The file with the added line. The rest of the file stays as it is, comments and empty lines included.</summary>
    private static SourceText With(SourceText file, ContractLine added)
    {
        var end = file.ToString().IndexOf("\r\n", StringComparison.Ordinal) >= 0 ? "\r\n" : "\n";
        TextLine? last = null;
        foreach (var line in file.Lines)
        {
            var content = line.ToString();
            if (content.Trim().Length > 0) last = line;
            if (ContractLine.IsSilent(content) || ContractLine.Read(content).Line is not { } other) continue;
            var order = other.CompareTo(added);
            if (order == 0) return file.Replace(line.Span, added.ToString());
            if (order > 0) return file.Replace(new TextSpan(line.Start, 0), added + end);
        }

        var isOpen = last is { } open && open.EndIncludingLineBreak == open.End;
        var after = new TextSpan(last?.EndIncludingLineBreak ?? 0, 0);
        return file.Replace(after, (isOpen ? end : "") + added + end);
    }
}
