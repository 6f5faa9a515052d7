using Microsoft.CodeAnalysis;

namespace EventSourcing.Generators;

/// <summary>Reads states whose fold is to be generated.</summary>
internal static class StateParser
{
    public static Parsed<BoundType>? Parse(INamedTypeSymbol type)
    {
        if (StateOf(type) is not { } state) return null;
        var events = type.AppliedEvents(returns: type);
        var inherited = new InheritedApply(type);
        if (inherited.Flaws.Count > 0 && !Implements(type, state, "Apply")) return Parsed<BoundType>.Failed(inherited.Flaws);
        var needsInitial = !Implements(type, state, "Initial");
        if (needsInitial && !CanBeMadeEmpty(type))
            return Parsed<BoundType>.Failed(DiagnosticInfo.Of(GeneratorDiagnostics.NoInitialState, type, type.Name));
        var model = new StateModel(
            PartialType.Of(type),
            TypeNames.Of(type),
            Implements(type, state, "Apply") ? null : events.Select(TypeNames.Of).ToEquatableList(),
            inherited.Events.Select(ofClass => ofClass.Select(TypeNames.Of).ToEquatableList()).ToEquatableList(),
            type.AppliesErasedEvents(),
            needsInitial,
            Implements(type, state, "Fingerprint")
                ? null
                : FoldFingerprint.Of(type, inherited.Events.SelectMany(ofClass => ofClass).Concat(events)));
        return model is { Events: null, NeedsInitial: false, Fingerprint: null } ? null : Parsed<BoundType>.Of(model);
    }

    /// <summary>Whether a state has methods to call, and cannot compile without the hook that calls them.</summary>
    public static bool LacksHook(INamedTypeSymbol type) =>
        StateOf(type) is { } state && !Implements(type, state, "Apply") && type.AppliedEvents(returns: type).Count > 0;

    private static INamedTypeSymbol? StateOf(INamedTypeSymbol type) =>
        type.Interfaces.FirstOrDefault(i =>
            i.IsOurs("IState", arity: 1) && SymbolEqualityComparer.Default.Equals(i.TypeArguments[0], type));

    private static bool Implements(INamedTypeSymbol type, INamedTypeSymbol state, string member) =>
        type.FindImplementationForInterfaceMember(state.GetMembers(member).Single()) is { ContainingType.TypeKind: not TypeKind.Interface };

    private static bool CanBeMadeEmpty(INamedTypeSymbol type) => !type.IsAbstract
        && !type.GetMembers().Any(member => member is IPropertySymbol { IsRequired: true } or IFieldSymbol { IsRequired: true })
        && type.InstanceConstructors.Any(constructor =>
            constructor.Parameters.All(parameter => parameter.IsOptional || parameter.IsParams));
}
