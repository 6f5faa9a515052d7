namespace EventSourcing;

/// <summary>
/// A text that no stream can have as its id, and no document as its key: it is empty, too long, or has characters that are not allowed.
/// Nothing was read or written. Ids often come from outside, as part of an address for example, so this error has a type of its own.
/// </summary>
public sealed class InvalidIdException : ArgumentException
{
    internal InvalidIdException(string message, string parameter)
        : base(message, parameter)
    {
    }
}
