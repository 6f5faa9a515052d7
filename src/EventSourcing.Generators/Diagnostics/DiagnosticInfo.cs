using Microsoft.CodeAnalysis;

namespace EventSourcing.Generators;

/// <summary>A diagnostic as a value.</summary>
internal sealed record DiagnosticInfo(DiagnosticDescriptor Descriptor, DiagnosticPlace Place, EquatableList<string> Arguments)
{
    public static DiagnosticInfo Of(DiagnosticDescriptor descriptor, ISymbol symbol, params IEnumerable<string> arguments) =>
        Of(descriptor, DiagnosticPlace.Of(symbol), arguments);

    public static DiagnosticInfo Of(DiagnosticDescriptor descriptor, DiagnosticPlace place, params IEnumerable<string> arguments) =>
        new(descriptor, place, arguments.ToEquatableList());

    public Diagnostic ToDiagnostic() => Diagnostic.Create(Descriptor, Place.ToLocation(), [.. Arguments]);
}
