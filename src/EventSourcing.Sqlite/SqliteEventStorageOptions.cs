namespace EventSourcing;

/// <summary>What an app may choose about a SQLite storage. Immutable; change it by <c>with</c>.</summary>
public sealed record SqliteEventStorageOptions : EventStorageOptions
{
    /// <summary>
    /// How long a write waits for the file's write lock while other processes hold it, before it fails with
    /// <see cref="StoreBusyException"/>; 30 s by default. The wait is asynchronous and cancellable.
    /// </summary>
    public TimeSpan BusyTimeout
    {
        get;
        init
        {
            ArgumentOutOfRangeException.ThrowIfLessThan(value, TimeSpan.Zero);
            field = value;
        }
    } = TimeSpan.FromSeconds(30);

    /// <summary>
    /// How often those who wait for events look whether another process has appended some; 25 ms by default. After 40
    /// looks in vain, a second by default, they look a tenth as often until something is appended. Appends of this process
    /// wake them at once.
    /// </summary>
    public TimeSpan PollInterval
    {
        get;
        init
        {
            ArgumentOutOfRangeException.ThrowIfLessThanOrEqual(value, TimeSpan.Zero);
            field = value;
        }
    } = TimeSpan.FromMilliseconds(25);

    /// <summary>
    /// Whether the store is only read; <see langword="false"/> by default. Then it is neither made nor upgraded, and no byte is
    /// written: not to the file, nor to the <c>-wal</c> and <c>-shm</c> beside it, which are not made either. It works while
    /// other processes use the store, on a read-only file system, and for a user who may only read. What would write is refused
    /// with <see cref="StoreReadOnlyException"/>; a store of an older schema with <see cref="IncompatibleStoreException"/>.
    /// </summary>
    public bool ReadOnly { get; init; }

    /// <summary>
    /// Pages in the write-ahead log after which they are moved into the database file: 4 MiB of 4 KiB pages, as SQLite
    /// has it. A longer log made bulk appends no faster here, and until it has its full length every commit lengthens the
    /// file too, which makes the sync dearer. Not for apps: the tests lower it, so that checkpoints meet faults often.
    /// </summary>
    internal int CheckpointPages { get; init; } = 1000;

    /// <summary>Whether the file is deleted with the storage, so that nothing needs to reach the disk.</summary>
    internal bool IsTemporary { get; init; }

    /// <summary>Not for apps: the benchmarks measure what the ledger costs. The file is not good for anything else.</summary>
    internal bool WithoutLedger { get; init; }
}
