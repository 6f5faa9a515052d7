namespace EventSourcing;

/// <summary>What an app may choose about a SQLite storage. Immutable; change it by <c>with</c>.</summary>
public sealed record SqliteEventStorageOptions : EventStorageOptions
{
    /// <summary>
    /// How long a write waits for the file's write lock while other processes hold it; then it fails with
    /// <see cref="StoreBusyException"/>; 30 s by default. The wait is asynchronous and cancellable. Not negative; with
    /// <see cref="TimeSpan.MaxValue"/> it never fails so.
    /// </summary>
    public TimeSpan BusyTimeout
    {
        get;
        init
        {
            ArgumentOutOfRangeException.ThrowIfLessThan(value, TimeSpan.Zero, nameof(BusyTimeout));
            field = value;
        }
    } = TimeSpan.FromSeconds(30);

    /// <summary>
    /// How often callers that wait for events check whether another process has appended some; 25 ms by default. After 40
    /// checks without a new event, they check a tenth as often (every quarter of a second by default) until something is appended. Appends
    /// of this process wake them at once. From 1 ms to 24 days.
    /// </summary>
    public TimeSpan PollInterval
    {
        get;
        init => field = TimeLimit.Checked(value, least: TimeSpan.FromMilliseconds(1));
    } = TimeSpan.FromMilliseconds(25);

    /// <summary>
    /// Whether the store is only read; <see langword="false"/> by default. A read-only store is neither made nor upgraded,
    /// and no byte is written: not to the file, nor to the <c>-wal</c> and <c>-shm</c> beside it, which are not created
    /// either. It can be read while other processes use it, on a read-only file system, and by a user who may only read. A
    /// call that would write is refused with <see cref="StoreReadOnlyException"/>; a store of an older schema is refused with
    /// <see cref="IncompatibleStoreException"/>.
    /// </summary>
    public bool ReadOnly { get; init; }

    /// <summary>
    /// Pages in the write-ahead log after which they are moved into the database file: 4 MiB of 4 KiB pages, SQLite's
    /// default. A longer log made bulk appends no faster here. Until the log has its full length, every commit also lengthens
    /// the file, which makes the sync dearer. Not for apps: the tests lower it, so that checkpoints meet faults often.
    /// </summary>
    internal int CheckpointPages { get; init; } = 1000;

    /// <summary>Whether the file is deleted with the storage, so that nothing needs to reach the disk.</summary>
    internal bool IsTemporary { get; init; }

    /// <summary>Not for apps: the benchmarks measure what the ledger costs. The file cannot be used for anything else.</summary>
    internal bool WithoutLedger { get; init; }
}
