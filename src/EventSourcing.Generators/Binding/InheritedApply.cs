using Microsoft.CodeAnalysis;

namespace EventSourcing.Generators;

/// <summary>
/// The Apply methods that a state inherits from classes that are not states themselves. They are applied before its own. It
/// is an error if generated code in the state cannot call such a method, because it is private or because C# would choose
/// another one: skipping the method would leave its events out of the state.
/// </summary>
internal sealed class InheritedApply
{
    public InheritedApply(INamedTypeSymbol state)
    {
        var nearer = MethodsOf(state, state);
        foreach (var b in state.Bases())
        {
            var methods = MethodsOf(b, state).Where(method => !nearer.Exists(other => Overrides(other, method))).ToList();
            foreach (var method in methods)
            {
                if (FlawOf(method, state, nearer) is { } flaw)
                    Flaws.Add(DiagnosticInfo.Of(
                        GeneratorDiagnostics.ApplyNotCallable, PlaceOf(method, state), b.Name, NameOf(method), state.Name, flaw));
            }

            if (methods.Count > 0)
                Events.Insert(0, [.. methods.Select(method => method.Parameters[0].Type).ToList().MostSpecificFirst(e => e)]);
            nearer.AddRange(methods);
        }
    }

    /// <summary>The types of event, class by class, the outermost base first.</summary>
    public List<IReadOnlyList<ITypeSymbol>> Events { get; } = [];

    public List<DiagnosticInfo> Flaws { get; } = [];

    private static List<IMethodSymbol> MethodsOf(INamedTypeSymbol type, INamedTypeSymbol state)
    {
        var events = type.AppliedEvents(returns: state);
        return [.. type.Handlers("Apply").Where(method =>
            !method.IsStatic && method.Parameters.Length == 1 && SymbolEqualityComparer.Default.Equals(method.ReturnType, state)
            && events.Contains(method.Parameters[0].Type, SymbolEqualityComparer.Default))];
    }

    private static string? FlawOf(IMethodSymbol method, INamedTypeSymbol state, List<IMethodSymbol> nearer)
    {
        var isAccessible = method.DeclaredAccessibility switch
        {
            Accessibility.Private => false,
            Accessibility.Internal or Accessibility.ProtectedAndInternal =>
                SymbolEqualityComparer.Default.Equals(method.ContainingAssembly, state.ContainingAssembly),
            _ => true,
        };
        if (!isAccessible) return "the state cannot call it; make it protected";
        return nearer.Find(other => method.Parameters[0].Type.IsA(other.Parameters[0].Type)) is { } hiding
            ? $"'{hiding.ContainingType.Name}.{NameOf(hiding)}' hides it; make it virtual and override it, "
                + "or handle the event in one of the classes only"
            : null;
    }

    private static bool Overrides(IMethodSymbol method, IMethodSymbol other)
    {
        for (var overridden = method.OverriddenMethod; overridden is not null; overridden = overridden.OverriddenMethod)
        {
            if (SymbolEqualityComparer.Default.Equals(overridden, other)) return true;
        }

        return false;
    }

    private static ISymbol PlaceOf(IMethodSymbol method, INamedTypeSymbol state) =>
        method.Locations.Any(location => location.IsInSource) ? method : state;

    private static string NameOf(IMethodSymbol method) =>
        $"{method.Name}({method.Parameters[0].Type.ToDisplayString(SymbolDisplayFormat.CSharpShortErrorMessageFormat)})";
}
