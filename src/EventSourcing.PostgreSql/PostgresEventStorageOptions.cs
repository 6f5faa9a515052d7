namespace EventSourcing;

/// <summary>What an app may choose about a PostgreSQL storage. Immutable; change it by <c>with</c>.</summary>
public sealed record PostgresEventStorageOptions : EventStorageOptions
{
    /// <summary>The longest name of a schema, in bytes of UTF-8: PostgreSQL's own limit on names.</summary>
    internal const int MaxSchemaBytes = 63;

    /// <summary>
    /// The schema of the store, <c>eventsourcing</c> by default. One database may hold many stores, each in a schema of its own.
    /// A schema that does not exist is created by the first storage that opens it. The name is used exactly as it is given, upper
    /// and lower case included.
    /// </summary>
    /// <exception cref="ArgumentException">
    /// The name is empty, is longer than 63 bytes, contains a quote or a control character, or begins with <c>pg_</c>.
    /// </exception>
    public string Schema
    {
        get;
        init
        {
            ThrowIfInvalidSchema(value, nameof(Schema));
            field = value;
        }
    } = "eventsourcing";

    /// <summary>
    /// Whether the store is only read; <see langword="false"/> by default. A read-only store is neither made nor upgraded, and
    /// nothing is written, so that it can be opened on a read replica and by a role that may only read. A call that would write is
    /// refused with <see cref="StoreReadOnlyException"/>; a store of an older schema is refused with
    /// <see cref="IncompatibleStoreException"/>.
    /// </summary>
    /// <remarks>
    /// A replica shows a prefix of the log. To read there what was appended on the primary, wait for the position that the append
    /// returned: <see cref="IEventStorage.WaitForEventsAsync"/> with that position minus one.
    /// </remarks>
    public bool ReadOnly { get; init; }

    /// <summary>
    /// How long a write waits for the store's lock while other processes hold it, and how long it tries to reach a server that
    /// restarts or fails over; 30 s by default. After that it fails with <see cref="StoreBusyException"/> if others held the lock,
    /// or with <see cref="StorageFailedException"/> if the server could not be reached, or if it is not known whether an attempt was
    /// committed. A read, the first call and a commit of read models do not wait for a server that cannot be reached: they fail after
    /// a few attempts, and projections try again. At most 24 days.
    /// </summary>
    public TimeSpan BusyTimeout
    {
        get;
        init => field = TimeLimit.Checked(value, least: TimeSpan.Zero);
    } = TimeSpan.FromSeconds(30);

    /// <summary>
    /// How often callers that wait for events check whether another process has appended some; 25 ms by default. After 40
    /// checks without a new event, they check a tenth as often (every quarter of a second by default) until something is appended.
    /// Appends of this process wake them at once. From 1 ms to 24 days.
    /// </summary>
    public TimeSpan PollInterval
    {
        get;
        init => field = TimeLimit.Checked(value, least: TimeSpan.FromMilliseconds(1));
    } = TimeSpan.FromMilliseconds(25);

    /// <summary>
    /// How long a process that holds the store's lock may do nothing, for example because it was suspended or its host was cut
    /// off, before the server ends its transaction so that others can write; 10 s by default. Nothing of that transaction is
    /// written. The limit also holds for the app's own code in inline read models. From 1 ms to 24 days.
    /// </summary>
    public TimeSpan HolderTimeout
    {
        get;
        init => field = TimeLimit.Checked(value, least: TimeSpan.FromMilliseconds(1));
    } = TimeSpan.FromSeconds(10);

    /// <summary>
    /// Whether a server is accepted that may lose acknowledged events, or damage the store, if it or its host stops:
    /// one with <c>fsync = off</c> or <c>full_page_writes = off</c>. By default <see langword="false"/>: such a server is
    /// refused with <see cref="IncompatibleStoreException"/> when the store is opened to write. For tests.
    /// </summary>
    public bool AllowLossOfAcknowledgedEvents { get; init; }

    /// <summary>
    /// Whether the connection string leads to a pooler that gives each transaction another connection, such as PgBouncer with
    /// <c>pool_mode = transaction</c>; <see langword="false"/> by default. Then no statement is prepared, and every setting is made
    /// within the transaction that needs it. An append costs more that way. If a direct connection is possible, it is better: a
    /// storage keeps only few connections.
    /// </summary>
    public bool ThroughPooler { get; init; }

    internal static void ThrowIfInvalidSchema(string schema, string parameter)
    {
        ArgumentException.ThrowIfNullOrEmpty(schema, parameter);
        if (schema.EnumerateRunes().Any(rune => rune == System.Text.Rune.ReplacementChar))
            throw new ArgumentException(
                "The schema's name contains half of a surrogate pair, or the character that stands for one. Use letters, digits and "
                + "underscores.",
                parameter);
        if (System.Text.Encoding.UTF8.GetByteCount(schema) > MaxSchemaBytes)
            throw new ArgumentException(
                $"The schema's name '{schema}' is longer than {MaxSchemaBytes} bytes, which is PostgreSQL's limit. Choose a shorter one.",
                parameter);
        if (schema.Any(c => char.IsControl(c) || c is '"' or '\'' or '\\' or '$'))
            throw new ArgumentException(
                "The schema's name contains a quote, a backslash, a dollar sign or a control character. Use letters, "
                + "digits and underscores.",
                parameter);
        if (schema.StartsWith("pg_", StringComparison.Ordinal))
            throw new ArgumentException(
                $"The schema's name '{schema}' begins with 'pg_', which PostgreSQL keeps for itself. Choose another one.", parameter);
    }
}
