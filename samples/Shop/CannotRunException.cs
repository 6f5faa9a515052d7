namespace Shop;

/// <summary>The command cannot do its work; the message says why, in one line for the user.</summary>
public sealed class CannotRunException(string message) : Exception(message);
