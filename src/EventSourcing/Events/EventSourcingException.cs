namespace EventSourcing;

/// <summary>
/// The root of every error that this library itself raises. Each derived error says what happened, with the values as
/// properties, what the state is now, and what to do next. Bad arguments are not among them: they cause
/// <see cref="ArgumentException"/>s, thrown before anything is written.
/// </summary>
public abstract class EventSourcingException : Exception
{
    /// <summary>Creates the error with its message and, if another error caused it, that one.</summary>
    /// <param name="message">What happened, what the state is, what to do.</param>
    /// <param name="innerException">The error underneath, or <see langword="null"/>.</param>
    protected EventSourcingException(string message, Exception? innerException = null)
        : base(message, innerException)
    {
    }
}
