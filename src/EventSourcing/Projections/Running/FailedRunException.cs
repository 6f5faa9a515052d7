namespace EventSourcing;

/// <summary>What the process that ran a projection or reactor has failed with, as it is stored for other processes.</summary>
internal sealed class FailedRunException(string message) : EventSourcingException(message)
{
    private const int MaxLength = 2_000;

    /// <summary>What is stored of a failure.</summary>
    public static string TextOf(Exception failure)
    {
        var text = failure is EventSourcingException ? failure.Message : $"{failure.GetType()}: {failure.Message}";
        return text.Length > MaxLength ? text[..MaxLength] + "…" : text;
    }
}
