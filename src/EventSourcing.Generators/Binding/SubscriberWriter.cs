namespace EventSourcing.Generators;

/// <summary>Writes which method of a projection or reactor handles which event.</summary>
internal static class SubscriberWriter
{
    public static string Write(SubscriberModel subscriber)
    {
        var code = new CodeWriter();
        subscriber.Type.Write(code, bases: "", members =>
        {
            members.Line("/// <inheritdoc/>").Line(CodeWriter.Mark).Open("protected override void Bind()").Line("base.Bind();");
            foreach (var handler in subscriber.Handlers)
                members.Line($"{(handler.Event is null ? "OnAny" : $"On<{handler.Event}>")}({string.Join(", ", handler.Arguments)});");
            members.Close();
        });
        return code.ToString();
    }
}
