namespace EventSourcing.Generators;

/// <summary>Writes the switch of an aggregate. Each class of an inheritance applies its own methods, after those of its base.</summary>
internal static class AggregateWriter
{
    public static string Write(AggregateModel aggregate)
    {
        var code = new CodeWriter();
        aggregate.Type.Write(code, bases: "", members =>
        {
            if (aggregate.AppliesErased) WriteAppliesErased(members);
            WriteApply(members, aggregate);
        });
        return code.ToString();
    }

    /// <summary>Other classes of the inheritance may be in other assemblies, so they learn this only at run time.</summary>
    private static void WriteAppliesErased(CodeWriter code) =>
        code.Line("/// <inheritdoc/>").Line(CodeWriter.Mark).Line("protected override bool AppliesErasedEvents => true;").Line();

    private static void WriteApply(CodeWriter code, AggregateModel aggregate)
    {
        code.Line("/// <inheritdoc/>").Line(CodeWriter.Mark);
        code.Open("protected override void Apply(object @event)");
        if (aggregate.HasBase) code.Line("base.Apply(@event);");
        if (aggregate.Events.Count > 0)
        {
            code.Open("switch (@event)");
            foreach (var type in aggregate.Events) code.Line($"case {type} e:").Further("Apply(e);").Further("break;");
            if (!aggregate.AppliesErased && !aggregate.BaseAppliesErased)
                code.Line($"case {ErasedEvents.Pattern(aggregate.Events, "!AppliesErasedEvents && ")}:")
                    .Further($"throw {ErasedEvents.Exception("GetType()")};");
            code.Close();
        }

        code.Close();
    }
}
