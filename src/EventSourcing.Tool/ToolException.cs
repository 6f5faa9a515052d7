namespace EventSourcing.Tool;

/// <summary>The command cannot run. The message is for people: what happened, and one thing to do.</summary>
internal sealed class ToolException(string message, Exception? innerException = null) : Exception(message, innerException);
