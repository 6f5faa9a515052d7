using Microsoft.CodeAnalysis;
using Microsoft.CodeAnalysis.Editing;

namespace EventSourcing.CodeFixes;

/// <summary>A fix that edits the file in which the place is.</summary>
public abstract class SyntaxFix : Fix
{
    /// <inheritdoc/>
    private protected sealed override async Task<Solution> FixAsync(
        Solution solution, IReadOnlyList<(Document Document, Diagnostic Diagnostic)> places, CancellationToken cancellationToken)
    {
        foreach (var file in places.GroupBy(place => place.Document.Id))
        {
            var document = solution.GetDocument(file.Key)!;
            var editor = await DocumentEditor.CreateAsync(document, cancellationToken).ConfigureAwait(false);
            var nodes = file.Select(place =>
                editor.OriginalRoot.FindNode(place.Diagnostic.Location.SourceSpan, getInnermostNodeForTie: true));
            Edit(editor, [.. nodes]);
            solution = solution.WithDocumentSyntaxRoot(document.Id, editor.GetChangedRoot());
        }

        return solution;
    }

    /// <summary>Edits the file at the nodes of the diagnostics.</summary>
    private protected abstract void Edit(DocumentEditor editor, IReadOnlyList<SyntaxNode> places);
}
