namespace EventSourcing.Generators;

/// <summary>
/// Writes the fold of a state as explicit members of the interface: the type's own methods remain its only Apply methods.
/// </summary>
internal static class StateWriter
{
    public static string Write(StateModel state)
    {
        var code = new CodeWriter();
        state.Type.Write(code, bases: "", members =>
        {
            var contract = $"global::EventSourcing.IState<{state.Name}>";
            if (state.NeedsInitial) Member(members, first: true).Line($"static {state.Name} {contract}.Initial => new();");
            if (state.Fingerprint is { } fingerprint)
                Member(members, first: !state.NeedsInitial).Line($"static string? {contract}.Fingerprint => \"{fingerprint}\";");
            if (state.Events is not { } events) return;
            Member(members, first: !state.NeedsInitial && state.Fingerprint is null);
            if (state.Inherited.Count > 0)
            {
                WriteSteps(members, state, events, contract);
                return;
            }

            if (events.Count == 0)
            {
                members.Line($"{state.Name} {contract}.Apply(object @event) => this;");
                return;
            }

            members.Open($"{state.Name} {contract}.Apply(object @event) => @event switch");
            foreach (var type in events) members.Line($"{type} e => Apply(e),");
            if (!state.AppliesErased)
                members.Line($"{ErasedEvents.Pattern(events)} => throw {ErasedEvents.Exception($"typeof({state.Name})")},");
            members.Line("_ => this,").Close("};");
        });
        return code.ToString();
    }

    /// <summary>The methods of each class are a separate step, those of the base classes first.</summary>
    private static void WriteSteps(CodeWriter code, StateModel state, EquatableList<string> own, string contract)
    {
        code.Open($"{state.Name} {contract}.Apply(object @event)").Line($"{state.Name} state = this;");
        foreach (var events in state.Inherited.Append(own).Where(events => events.Count > 0))
        {
            code.Line("state = @event switch").Line("{");
            foreach (var type in events) code.Further($"{type} e => state.Apply(e),");
            if (!state.AppliesErased)
                code.Further($"{ErasedEvents.Pattern(events)} => throw {ErasedEvents.Exception($"typeof({state.Name})")},");
            code.Further("_ => state,").Line("};");
        }

        code.Line("return state;").Close();
    }

    private static CodeWriter Member(CodeWriter code, bool first)
    {
        if (!first) code.Line();
        return code.Line("/// <inheritdoc/>").Line(CodeWriter.Mark);
    }
}
