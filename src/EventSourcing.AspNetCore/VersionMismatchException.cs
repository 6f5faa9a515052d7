namespace EventSourcing;

/// <summary>A state has another version than the caller of an API has seen. Nothing was written.</summary>
public sealed class VersionMismatchException : EventSourcingException
{
    /// <summary>Creates the error.</summary>
    /// <param name="expected">The version that the caller has seen.</param>
    /// <param name="actual">The version of the state.</param>
    public VersionMismatchException(long expected, long actual)
        : base($"The caller has seen version {expected}, and the state has version {actual}. Nothing was written. Read the state again, and decide anew.")
    {
        Expected = expected;
        Actual = actual;
    }

    /// <summary>The version that the caller has seen.</summary>
    public long Expected { get; }

    /// <summary>The version of the state.</summary>
    public long Actual { get; }
}
