namespace EventSourcing.Operations;

/// <summary>
/// A backup or a restore was refused or has failed. What was at the path is unchanged, or moved to <see cref="Replaced"/>. If only the
/// folder could not be synced, the copy is in its place, and the message says so.
/// </summary>
public sealed class BackupFailedException : EventSourcingException
{
    /// <summary>Creates the error of a copy that was not made, if nothing was changed at its path.</summary>
    /// <param name="path">The path at which the copy was to be.</param>
    /// <param name="reason">Why it is not there, as a sentence, with what to do.</param>
    /// <param name="innerException">The underlying error, if any.</param>
    public BackupFailedException(string path, string reason, Exception? innerException = null)
        : base($"The copy '{path}' was not made: {reason} Nothing was changed there.", innerException)
    {
        Path = path;
        Reason = reason;
    }

    /// <summary>Creates the error of a restore that had moved the store at the path aside, and could not move it back.</summary>
    /// <param name="path">The path at which the copy was to be.</param>
    /// <param name="reason">Why it is not there, as a sentence, with what to do.</param>
    /// <param name="replaced">The path at which the store is now.</param>
    /// <param name="innerException">The underlying error, if any.</param>
    internal BackupFailedException(string path, string reason, string replaced, Exception? innerException = null)
        : base(
            $"The copy '{path}' was not made: {reason} The store that was there is now '{replaced}', with all its events. "
            + "Stop all that uses that path, and restore again or move the store back.",
            innerException)
    {
        Path = path;
        Reason = reason;
        Replaced = replaced;
    }

    private BackupFailedException(string message, string path, string reason, string? replaced, Exception innerException)
        : base(message, innerException)
    {
        Path = path;
        Reason = reason;
        Replaced = replaced;
    }

    /// <summary>The path at which the copy was to be.</summary>
    public string Path { get; }

    /// <summary>Why it is not there.</summary>
    public string Reason { get; }

    /// <summary>The error of a copy that is whole and in its place, but whose name a loss of power may still undo.</summary>
    internal static BackupFailedException NotSynced(string path, Exception failure, string? replaced)
    {
        var reason = $"its folder could not be synced with the disk ({failure.Message})";
        return new BackupFailedException(
            $"The copy '{path}' is whole and in its place, but {reason} A loss of power may still undo that. "
            + (replaced is null ? "" : $"The store that was there is now '{replaced}', with all its events. ")
            + "See that the disk is sound, and make the copy again.",
            path,
            reason,
            replaced,
            failure);
    }

    /// <summary>The error of a restore that moved some files of a store aside, and could move neither the others nor these back.</summary>
    internal static BackupFailedException MovedInPart(string path, string reason, string replaced, Exception failure) => new(
        $"The copy '{path}' was not made: {reason} Some files of the store are now '{replaced}' and beside that, the others are where they "
        + "were. No event is lost, and the path is not opened as a store until they are together. See that the folder can be written, and "
        + "restore again: that moves the others, too.",
        path,
        reason,
        replaced,
        failure);

    /// <summary>
    /// Where the store is now that was at the path; <see langword="null"/> if it is still there. It is somewhere else only if another
    /// process made a file at the path while the restore replaced the store.
    /// </summary>
    public string? Replaced { get; }
}
