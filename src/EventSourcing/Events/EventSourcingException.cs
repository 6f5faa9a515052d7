namespace EventSourcing;

/// <summary>
/// The root of every error that this library raises on its own account. Each leaf says what happened, with the
/// values as properties, how things stand now, and what to do next. Bad arguments are not among them: they are
/// <see cref="ArgumentException"/>s, thrown before anything is written.
/// </summary>
public abstract class EventSourcingException : Exception
{
    /// <summary>Creates the error with its message and, where another error caused it, that one.</summary>
    /// <param name="message">What happened, how things stand, what to do.</param>
    /// <param name="innerException">The error underneath, or <see langword="null"/>.</param>
    protected EventSourcingException(string message, Exception? innerException = null)
        : base(message, innerException)
    {
    }
}
