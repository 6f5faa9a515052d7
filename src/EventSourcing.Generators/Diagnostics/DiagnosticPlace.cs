using Microsoft.CodeAnalysis;
using Microsoft.CodeAnalysis.Text;

namespace EventSourcing.Generators;

/// <summary>Where in the code something stands, as a value, which holds on to nothing of the compilation.</summary>
internal sealed record DiagnosticPlace(string Path, TextSpan Span, LinePositionSpan Lines)
{
    public static DiagnosticPlace Of(ISymbol symbol)
    {
        var location = symbol.Locations.First(location => location.IsInSource);
        return new DiagnosticPlace(location.SourceTree!.FilePath, location.SourceSpan, location.GetLineSpan().Span);
    }

    public Location ToLocation() => Location.Create(Path, Span, Lines);
}
