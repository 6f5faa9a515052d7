namespace EventSourcing.Storage;

/// <summary>What the errors of a storage mean for whoever may call again.</summary>
internal static class StorageFailures
{
    /// <summary>
    /// Whether the same call may succeed later although nothing that is stored changes: others held the lock, or the medium failed. Then a
    /// pause and another try are right; after any other error, whoever runs it must be told.
    /// </summary>
    public static bool MaySucceedLater(this EventSourcingException failure) =>
        failure is StoreBusyException or StorageFailedException { IsTransient: true };
}
