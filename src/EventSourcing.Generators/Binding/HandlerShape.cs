using Microsoft.CodeAnalysis;

namespace EventSourcing.Generators;

/// <summary>The parameters of a handler's method.</summary>
/// <param name="Method">The method.</param>
/// <param name="Event">The event; null if it takes any event, as it was recorded.</param>
/// <param name="TakesKey">Whether it takes the document's key.</param>
/// <param name="TakesRecorded">Whether it takes the event's record, or its delivery.</param>
/// <param name="Call">Calls it.</param>
internal sealed record HandlerShape(IMethodSymbol Method, ITypeSymbol? Event, bool TakesKey, bool TakesRecorded, string Call)
{
    /// <summary><c>TDocument? Apply(TDocument?, [string key,] TEvent [, RecordedEvent])</c>, or with only the recorded event.</summary>
    public static HandlerShape? OfDocument(IMethodSymbol method, ITypeSymbol document)
    {
        var same = SymbolEqualityComparer.Default;
        var types = method.Parameters.Select(parameter => parameter.Type).ToList();
        if (!same.Equals(method.ReturnType, document) || !same.Equals(types[0], document)) return null;
        var takesKey = types.Count > 2 && types[1].SpecialType == SpecialType.System_String;
        var rest = types.Skip(takesKey ? 2 : 1).ToList();
        var before = types[0].NullableAnnotation == NullableAnnotation.NotAnnotated ? "document!" : "document";
        string[] first = takesKey ? [before, "key"] : [before];
        return Of(method, rest, "recorded", static type => type.IsRecordedEvent(), takesToken: false, first) is { } shape
            ? shape with { TakesKey = takesKey }
            : null;
    }

    /// <summary>
    /// <c>ValueTask Apply(ProjectionTables, TEvent [, RecordedEvent] [, CancellationToken])</c>, or with only the recorded
    /// event.
    /// </summary>
    public static HandlerShape? OfTables(IMethodSymbol method)
    {
        var types = method.Parameters.Select(parameter => parameter.Type).ToList();
        return types[0].IsOurs("ProjectionTables") && method.ReturnType.Is("System.Threading.Tasks", "ValueTask")
            ? Of(
                method, types.GetRange(1, types.Count - 1), "recorded", static type => type.IsRecordedEvent(), takesToken: true, ["tables"])
            : null;
    }

    /// <summary><c>Task React(TEvent [, Delivery] [, CancellationToken])</c>, or with only the delivery.</summary>
    public static HandlerShape? OfReactor(IMethodSymbol method) => method.ReturnType.Is("System.Threading.Tasks", "Task")
        ? Of(
            method,
            [.. method.Parameters.Select(parameter => parameter.Type)],
            "delivery",
            static type => type.IsOurs("Delivery"),
            takesToken: true,
            [])
        : null;

    private static HandlerShape? Of(
        IMethodSymbol method,
        List<ITypeSymbol> types,
        string recorded,
        Func<ITypeSymbol, bool> isRecorded,
        bool takesToken,
        IEnumerable<string> before)
    {
        var arguments = before.ToList();
        if (types.Count == 0) return null;
        var any = isRecorded(types[0]);
        arguments.Add(any ? recorded : "e");
        var next = 1;
        var takesRecorded = !any && next < types.Count && isRecorded(types[next]);
        if (takesRecorded)
        {
            arguments.Add(recorded);
            next++;
        }

        if (takesToken && next < types.Count && types[next].IsCancellationToken())
        {
            arguments.Add("cancellationToken");
            next++;
        }

        return next == types.Count && !types[0].IsCancellationToken()
            ? new HandlerShape(
                method, any ? null : types[0], TakesKey: false, takesRecorded, $"{method.Name}({string.Join(", ", arguments)})")
            : null;
    }
}
