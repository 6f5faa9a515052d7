using Microsoft.CodeAnalysis;
using Microsoft.CodeAnalysis.Text;

namespace EventSourcing.Generators;

/// <summary>A place in the code, as a value that keeps nothing of the compilation alive.</summary>
internal sealed record DiagnosticPlace(string Path, TextSpan Span, LinePositionSpan Lines)
{
    public static DiagnosticPlace Of(ISymbol symbol)
    {
        var location = symbol.Locations.First(location => location.IsInSource);
        return new DiagnosticPlace(location.SourceTree!.FilePath, location.SourceSpan, location.GetLineSpan().Span);
    }

    public Location ToLocation() => Location.Create(Path, Span, Lines);
}
