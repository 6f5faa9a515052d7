namespace EventSourcing;

/// <summary>A state has another version than the caller of an API has seen. Nothing was written.</summary>
public sealed class VersionMismatchException : EventSourcingException
{
    /// <summary>Creates the error.</summary>
    /// <param name="expected">The version that the caller has seen; <see langword="null"/> if any is accepted, but there is none.</param>
    /// <param name="actual">The version of the state; 0 if it has no events.</param>
    public VersionMismatchException(long? expected, long actual)
        : base(
            $"The caller {(expected is null ? "expects that something exists" : $"has seen version {expected}")}, and the state has "
            + $"version {actual}. Nothing was written. Read the state again, and decide anew.")
    {
        Expected = expected;
        Actual = actual;
    }

    /// <summary>The version that the caller has seen; <see langword="null"/> if any is accepted, but there is none.</summary>
    public long? Expected { get; }

    /// <summary>The version of the state; 0 if it has no events.</summary>
    public long Actual { get; }
}
