using System.Text.Json;

namespace EventSourcing;

/// <summary>What an app may choose about its <see cref="EventStore"/>. Immutable; change it by <c>with</c>.</summary>
public sealed record EventStoreOptions
{
    /// <summary>
    /// How events and documents are written as JSON: by default with camel-case names, by reflection. For trimmed and Native AOT apps, give
    /// options with a source-generated <c>JsonSerializerContext</c>. Events are read for ever, so decide before the first one is written.
    /// </summary>
    public JsonSerializerOptions? Json { get; init; }

    /// <summary>
    /// How often a command is tried again after a conflict before the conflict is thrown; 16 by default. Each try reads the new events and
    /// acts again, after a short random pause that grows. Commands of one store on one stream take turns, so they only conflict with other
    /// writers.
    /// </summary>
    public int MaxConflictRetries
    {
        get;
        init
        {
            ArgumentOutOfRangeException.ThrowIfNegative(value);
            field = value;
        }
    } = 16;

    /// <summary>
    /// The signer of the store's history, and what the history is compared with before the store serves anything. By default there is
    /// neither; the tree of the log is kept all the same.
    /// </summary>
    public LedgerOptions? Ledger { get; init; }
}
