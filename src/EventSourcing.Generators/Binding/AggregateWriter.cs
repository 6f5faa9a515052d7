namespace EventSourcing.Generators;

/// <summary>Writes the switch of an aggregate.</summary>
internal static class AggregateWriter
{
    public static string Write(AggregateModel aggregate)
    {
        var code = new CodeWriter();
        aggregate.Type.Write(code, bases: "", members => WriteApply(members, aggregate));
        return code.ToString();
    }

    private static void WriteApply(CodeWriter code, AggregateModel aggregate)
    {
        code.Line("/// <inheritdoc/>").Line(CodeWriter.Mark);
        code.Open("protected override void Apply(object @event)");
        if (aggregate.Events.Count > 0)
        {
            code.Open("switch (@event)");
            foreach (var type in aggregate.Events) code.Line($"case {type} e:").Further("Apply(e);").Further("break;");
            if (!aggregate.AppliesErased)
                code.Line($"case {ErasedEvents.Pattern(aggregate.Events)}:").Further($"throw {ErasedEvents.Exception("GetType()")};");
            if (aggregate.HasBase) code.Line("default:").Further("base.Apply(@event);").Further("break;");
            code.Close();
        }

        code.Close();
    }
}
