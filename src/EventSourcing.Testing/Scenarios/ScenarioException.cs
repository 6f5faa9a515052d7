namespace EventSourcing.Testing;

/// <summary>A scenario did not come out as it was to. The message shows the difference.</summary>
public sealed class ScenarioException : Exception
{
    internal ScenarioException(string finding, Exception? innerException = null)
        : base(finding, innerException)
    {
    }
}
