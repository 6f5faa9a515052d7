namespace EventSourcing.Testing;

/// <summary>The outcome of a scenario is not the expected one. The message shows the difference.</summary>
public sealed class ScenarioException : Exception
{
    internal ScenarioException(string finding, Exception? innerException = null)
        : base(finding, innerException)
    {
    }
}
