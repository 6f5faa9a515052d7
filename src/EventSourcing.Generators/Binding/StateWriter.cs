namespace EventSourcing.Generators;

/// <summary>Writes the fold of a state, as the interface's own members: the methods of the type stay its only Apply.</summary>
internal static class StateWriter
{
    public static string Write(StateModel state)
    {
        var code = new CodeWriter();
        state.Type.Write(code, bases: "", members =>
        {
            var contract = $"global::EventSourcing.IState<{state.Name}>";
            if (state.NeedsInitial) Member(members, first: true).Line($"static {state.Name} {contract}.Initial => new();");
            if (state.Fingerprint is { } fingerprint) Member(members, first: !state.NeedsInitial).Line($"static string? {contract}.Fingerprint => \"{fingerprint}\";");
            if (state.Events is not { } events) return;
            Member(members, first: !state.NeedsInitial && state.Fingerprint is null);
            if (events.Count == 0)
            {
                members.Line($"{state.Name} {contract}.Apply(object @event) => this;");
                return;
            }

            members.Open($"{state.Name} {contract}.Apply(object @event) => @event switch");
            foreach (var type in events) members.Line($"{type} e => Apply(e),");
            if (!state.AppliesErased) members.Line($"{ErasedEvents.Pattern(events)} => throw {ErasedEvents.Exception($"typeof({state.Name})")},");
            members.Line("_ => this,").Close("};");
        });
        return code.ToString();
    }

    private static CodeWriter Member(CodeWriter code, bool first)
    {
        if (!first) code.Line();
        return code.Line("/// <inheritdoc/>").Line(CodeWriter.Mark);
    }
}
