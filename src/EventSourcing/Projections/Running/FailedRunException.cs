namespace EventSourcing;

/// <summary>What the process that ran a projection or reactor has failed with, as it is stored for other processes.</summary>
internal sealed class FailedRunException(string message) : EventSourcingException(message)
{
    /// <summary>What is stored of a failure.</summary>
    public static string TextOf(Exception failure)
    {
        var message = Names.MessageOf(failure);
        return failure is EventSourcingException ? message : $"{failure.GetType()}: {message}";
    }
}
