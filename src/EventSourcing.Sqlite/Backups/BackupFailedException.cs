namespace EventSourcing;

/// <summary>A backup or a restore was refused or has failed. What was at the path is unchanged.</summary>
public sealed class BackupFailedException : EventSourcingException
{
    /// <summary>Creates the error.</summary>
    /// <param name="path">The path at which the copy was to be.</param>
    /// <param name="reason">Why it is not there, as a sentence, with what to do.</param>
    /// <param name="innerException">The underlying error, if any.</param>
    public BackupFailedException(string path, string reason, Exception? innerException = null)
        : base($"The copy '{path}' was not made: {reason} Nothing was changed there.", innerException)
    {
        Path = path;
        Reason = reason;
    }

    /// <summary>The path at which the copy was to be.</summary>
    public string Path { get; }

    /// <summary>Why it is not there.</summary>
    public string Reason { get; }
}
