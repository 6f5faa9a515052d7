namespace EventSourcing.Testing;

/// <summary>
/// The part of the contract that a case tests. 1 to 13 are the numbered rules of <see cref="IEventStorage"/>. Rule 7, durability, has
/// no value: it takes killed processes to test it, which the kit does not start.
/// </summary>
public enum ConformanceRule
{
    /// <summary>Rule 1: names of streams and versions.</summary>
    Streams = 1,

    /// <summary>Rule 2: positions, dense and in commit order.</summary>
    Log = 2,

    /// <summary>Rule 3: one guarded, atomic commit.</summary>
    Append = 3,

    /// <summary>Rule 4: a repeated append returns the original result.</summary>
    Idempotence = 4,

    /// <summary>Rule 5: stamps never decrease.</summary>
    Time = 5,

    /// <summary>
    /// Rule 6: what is stored stays as it is, whatever callers do to their memory. The exception is a payload that an append erases.
    /// </summary>
    Immutability = 6,

    /// <summary>Rule 8: any number of callers at once, and cancellation.</summary>
    Concurrency = 8,

    /// <summary>Rule 9: bad arguments are refused before anything is written.</summary>
    Errors = 9,

    /// <summary>Rule 10: limits are checked before anything is written.</summary>
    Limits = 10,

    /// <summary>Rule 11: the Merkle tree over the log; see <see cref="ILedgerStorage"/>.</summary>
    Ledger = 11,

    /// <summary>Rule 12: events that were recorded elsewhere; see <see cref="ImportRequest"/>.</summary>
    Import = 12,

    /// <summary>Rule 13: a store that is marked as moved refuses every write; see <see cref="IEventStorage.SetMovedToAsync"/>.</summary>
    Move = 13,

    /// <summary>Reads of streams and of the log: ranges, directions, pages, filters.</summary>
    Reading = 14,

    /// <summary>Waiting for events.</summary>
    Waiting = 15,

    /// <summary>Read models: their documents, guards, names and aliases; see <see cref="IReadModelStorage"/>.</summary>
    ReadModels = 16,

    /// <summary>Documents found by their fields: conditions, order, pages, counts.</summary>
    Queries = 17,

    /// <summary>Read models changed within an append: <see cref="AppendRequest.ReadModels"/>.</summary>
    AppendedReadModels = 18,

    /// <summary>Tables changed with read models; refused if there are no <see cref="IReadModelStorage.Tables"/>.</summary>
    Tables = 19,

    /// <summary>The listing of what the store holds: see <see cref="IStorageCatalog"/>.</summary>
    Catalog = 20,

    /// <summary>Storages opened read-only: see <see cref="IEventStorage.IsReadOnly"/>.</summary>
    ReadOnly = 21,
}
