namespace EventSourcing.Storage;

/// <summary>Collects how long appends wait for the write lock. Thread-safe.</summary>
internal interface ILockWaitWatch
{
    /// <summary>Whether anybody takes the measurements now.</summary>
    bool WatchesLockWaits { get; }

    void LockWaited(TimeSpan waited);
}
