using System.Text.Json;

namespace EventSourcing;

/// <summary>What an app may choose about its <see cref="EventStore"/>. Immutable; change it by <c>with</c>.</summary>
public sealed record EventStoreOptions
{
    /// <summary>
    /// How events and documents are written as JSON: by default with camel-case names, by reflection. For trimmed and Native AOT apps, give
    /// options with a source-generated <c>JsonSerializerContext</c>. Events are read for ever, so decide before the first one is written.
    /// The store refuses options that write what they do not read back: a <see cref="JsonSerializerOptions.DictionaryKeyPolicy"/>, numbers
    /// that are written as text only, and <c>ReferenceHandler.IgnoreCycles</c>.
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
        init => field = CountLimit.NotNegative(value);
    } = 16;

    /// <summary>
    /// The signer of the store's history, and what the history is compared with before the store serves anything. By default there is
    /// neither; the tree of the log is kept all the same.
    /// </summary>
    public LedgerOptions? Ledger { get; init; }

    /// <summary>
    /// The store's name in traces, measurements and notices; <c>default</c> by default. Give each store of a process its own.
    /// </summary>
    /// <exception cref="ArgumentException">It is empty, longer than 200 characters, or has control characters.</exception>
    public string Name
    {
        get;
        init
        {
            Names.ThrowIfInvalid(value, "A store's name", nameof(Name));
            field = value;
        }
    } = "default";

    /// <summary>When the store creates its activity source and its instruments; in the background by default.</summary>
    public TelemetryStart Telemetry { get; init; }

    /// <summary>
    /// Whether each event keeps the trace that appended it, as <c>traceparent</c> in its metadata; <see langword="true"/> by default.
    /// Only a trace that is recorded is kept. A <c>traceparent</c> of the app's own is left as it is.
    /// </summary>
    public bool KeepTraceContext { get; init; } = true;

    /// <summary>
    /// Takes what the store does by itself and an operator may want to know, for a log or an alarm. It is called at once, on the
    /// thread that does the work and perhaps on several at a time, so it must return soon and must not wait for the store. What it
    /// throws goes to the event source <c>EventSourcing</c> and has no other effect.
    /// </summary>
    public Action<StoreNotice>? Notices { get; init; }

    /// <summary>Makes the read models that change within each append: <c>WithInlineProjections</c>. Null if there are none.</summary>
    internal Func<EventStore, InlineReadModels>? Inline { get; init; }
}
