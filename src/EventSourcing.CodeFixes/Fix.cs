using System.Collections.Immutable;
using Microsoft.CodeAnalysis;
using Microsoft.CodeAnalysis.CodeActions;
using Microsoft.CodeAnalysis.CodeFixes;

namespace EventSourcing.CodeFixes;

/// <summary>
/// A fix that is written once, for any number of places in a solution: fixing one place in the editor, and fixing all places
/// of a document, project or solution, differ only in the number of places.
/// </summary>
public abstract class Fix : CodeFixProvider
{
    /// <inheritdoc/>
    public sealed override FixAllProvider GetFixAllProvider() => new FixAll(this);

    /// <inheritdoc/>
    public sealed override async Task RegisterCodeFixesAsync(CodeFixContext context)
    {
        foreach (var diagnostic in context.Diagnostics)
        {
            if (await TitleAsync(context.Document, diagnostic, context.CancellationToken).ConfigureAwait(false) is not { } title) continue;
            context.RegisterCodeFix(
                CodeAction.Create(
                    title,
                    cancellationToken => FixAsync(context.Document.Project.Solution, [(context.Document, diagnostic)], cancellationToken),
                    GetType().Name),
                diagnostic);
        }
    }

    /// <summary>The title shown in the editor; <see langword="null"/> if the diagnostic cannot be fixed.</summary>
    private protected abstract Task<string?> TitleAsync(Document document, Diagnostic diagnostic, CancellationToken cancellationToken);

    /// <summary>Fixes all the places.</summary>
    private protected abstract Task<Solution> FixAsync(
        Solution solution, IReadOnlyList<(Document Document, Diagnostic Diagnostic)> places, CancellationToken cancellationToken);

    /// <summary>Finds the places and fixes them together.</summary>
    private sealed class FixAll(Fix fix) : FixAllProvider
    {
        public override IEnumerable<FixAllScope> GetSupportedFixAllScopes() =>
            [FixAllScope.Document, FixAllScope.Project, FixAllScope.Solution];

        public override async Task<CodeAction?> GetFixAsync(FixAllContext fixAllContext)
        {
            var places = new List<(Document, Diagnostic)>();
            foreach (var (document, diagnostic) in await FindAsync(fixAllContext).ConfigureAwait(false))
            {
                if (document is not null
                    && await fix.TitleAsync(document, diagnostic, fixAllContext.CancellationToken).ConfigureAwait(false) is not null)
                {
                    places.Add((document, diagnostic));
                }
            }

            return places.Count == 0
                ? null
                : CodeAction.Create(
                    "All", cancellationToken => fix.FixAsync(fixAllContext.Solution, places, cancellationToken), fix.GetType().Name);
        }

        private static async Task<IEnumerable<(Document?, Diagnostic)>> FindAsync(FixAllContext context)
        {
            if (context is { Scope: FixAllScope.Document, Document: { } only })
                return (await context.GetDocumentDiagnosticsAsync(only).ConfigureAwait(false)).Select(
                    diagnostic => ((Document?)only, diagnostic));
            var projects = context.Scope == FixAllScope.Solution ? context.Solution.Projects : [context.Project];
            var found = ImmutableArray.CreateBuilder<Diagnostic>();
            foreach (var project in projects) found.AddRange(await context.GetAllDiagnosticsAsync(project).ConfigureAwait(false));
            return found.Select(diagnostic => (context.Solution.GetDocument(diagnostic.Location.SourceTree), diagnostic));
        }
    }
}
