namespace EventSourcing.Storage;

/// <summary>For storages: what a storage tells to whoever measures a store. Thread-safe.</summary>
/// <param name="databaseSystem">
/// The database behind the storage, as the attribute <c>db.system.name</c> of OpenTelemetry names it, for example <c>sqlite</c>.
/// </param>
public sealed class StorageTelemetry(string databaseSystem)
{
    private readonly Lock _lock = new();
    private volatile ILockWaitWatch[] _watches = [];

    /// <summary>The database, as the attribute <c>db.system.name</c> names it.</summary>
    public string DatabaseSystem { get; } = databaseSystem;

    /// <summary>Whether somebody collects how long appends wait for the write lock. If not, the storage need not measure it.</summary>
    public bool WantsLockWaits
    {
        get
        {
            foreach (var watch in _watches)
            {
                if (watch.WatchesLockWaits) return true;
            }

            return false;
        }
    }

    /// <summary>Reports how long one append has waited for the write lock of the store, whether or not it got the lock.</summary>
    /// <param name="waited">The wait, with the wait for other appends of this process.</param>
    public void LockWaited(TimeSpan waited)
    {
        foreach (var watch in _watches) watch.LockWaited(waited);
    }

    internal void Add(ILockWaitWatch watch)
    {
        lock (_lock) _watches = [.. _watches, watch];
    }

    internal void Remove(ILockWaitWatch watch)
    {
        lock (_lock) _watches = [.. _watches.Where(other => other != watch)];
    }
}
