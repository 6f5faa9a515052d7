namespace EventSourcing.Storage;

/// <summary>Tells whether a call may be repeated after an error of the storage.</summary>
internal static class StorageFailures
{
    /// <summary>
    /// Whether the same call may succeed later without any change to what is stored, because others held the lock or the medium failed.
    /// After such an error, pause and try again. Any other error must be reported to the people who run the app.
    /// </summary>
    public static bool MaySucceedLater(this EventSourcingException failure) =>
        failure is StoreBusyException or StorageFailedException { IsTransient: true };
}
