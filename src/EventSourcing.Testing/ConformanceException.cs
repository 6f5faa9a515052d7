namespace EventSourcing.Testing;

/// <summary>A storage breaks the contract. The message says what was expected and what happened.</summary>
public sealed class ConformanceException : Exception
{
    internal ConformanceException(string finding, Exception? innerException = null)
        : base(finding, innerException)
    {
    }
}
