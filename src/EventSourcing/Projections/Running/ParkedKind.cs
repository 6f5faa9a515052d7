namespace EventSourcing.Operations;

/// <summary>What is held back together.</summary>
public enum ParkedKind
{
    /// <summary>The events of one stream.</summary>
    Stream = 0,

    /// <summary>The events that change one document.</summary>
    Document = 1,
}
