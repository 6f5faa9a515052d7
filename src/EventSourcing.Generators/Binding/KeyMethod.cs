using Microsoft.CodeAnalysis;

namespace EventSourcing.Generators;

/// <summary>A method of a projection that says which documents an event changes: <c>string Key(TEvent)</c>, or <c>IEnumerable&lt;string&gt; Keys(TEvent)</c>.</summary>
/// <param name="Name">Its name.</param>
/// <param name="Event">The event; null where it takes any, as it was recorded.</param>
/// <param name="IsMany">Whether it gives several keys.</param>
/// <param name="TakesRecorded">Whether it takes what is recorded of the event.</param>
internal sealed record KeyMethod(string Name, ITypeSymbol? Event, bool IsMany, bool TakesRecorded)
{
    /// <summary>The methods of a projection and then of its base classes, as the compiler would look for them; each the most specific first.</summary>
    public static IReadOnlyList<KeyMethod> AllOf(INamedTypeSymbol type)
    {
        var all = new List<KeyMethod>();
        for (var current = type; current is not null; current = current.BaseType)
        {
            var methods = current.Handlers("Key").Concat(current.Handlers("Keys"))
                .Where(method => !method.IsOverride && (method.DeclaredAccessibility != Accessibility.Private || SymbolEqualityComparer.Default.Equals(current, type)))
                .Select(Of).OfType<KeyMethod>().ToList();
            all.AddRange(methods.Where(method => method.Event is not null).ToList().MostSpecificFirst(method => method.Event!));
            all.AddRange(methods.Where(method => method.Event is null));
        }

        return all;
    }

    /// <summary>The one for an event: of its type, of a base or interface of it, or for any.</summary>
    public static KeyMethod? For(ITypeSymbol? type, IReadOnlyList<KeyMethod> methods) =>
        methods.FirstOrDefault(method => type is not null && method.Event is not null && type.IsA(method.Event)) ?? methods.FirstOrDefault(method => method.Event is null);

    public string Call(ITypeSymbol? type)
    {
        if (Event is null) return $"{Name}(recorded)";

        // The cast says which method is meant, where several would do.
        var e = SymbolEqualityComparer.Default.Equals(type, Event) ? "e" : $"({TypeNames.Of(Event)})e";
        return TakesRecorded ? $"{Name}({e}, recorded)" : $"{Name}({e})";
    }

    public string CallForMany(ITypeSymbol? type) => IsMany ? Call(type) : $"[{Call(type)}]";

    private static KeyMethod? Of(IMethodSymbol method)
    {
        var any = method.Parameters[0].Type.IsRecordedEvent();
        var takesRecorded = any || (method.Parameters.Length == 2 && method.Parameters[1].Type.IsRecordedEvent());
        if (method.Parameters.Length != (takesRecorded && !any ? 2 : 1)) return null;
        var isKey = method is { Name: "Key", ReturnType.SpecialType: SpecialType.System_String };
        return isKey || (method.Name == "Keys" && method.ReturnType.IsSequenceOf(SpecialType.System_String))
            ? new KeyMethod(method.Name, any ? null : method.Parameters[0].Type, !isKey, takesRecorded)
            : null;
    }
}
