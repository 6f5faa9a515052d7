using EventSourcing.Tests.Postgres;
using EventSourcing.Tests.Projections;

namespace EventSourcing.PostgreSql.Tests;

/// <summary>A schema of a test's own. Each app of the test opens it for itself, as one in another process would.</summary>
internal sealed class OneSchema : IStorageSource
{
    private readonly TestSchema _schema = new();

    public string Name => _schema.Name;

    /// <summary>What a test's storage differs in from an app's: it is on a schema of its own, and the server may not sync.</summary>
    private PostgresEventStorageOptions Options => OptionsFor(Name);

    public static PostgresEventStorageOptions OptionsFor(string schema) => new() { Schema = schema, AllowLossOfAcknowledgedEvents = true };

    /// <summary>Opens the store on the connections that all tests share.</summary>
    public IEventStorage Open(TimeProvider? clock = null) =>
        Open(options => options with { PollInterval = TimeSpan.FromMilliseconds(15), TimeProvider = clock ?? TimeProvider.System });

    /// <summary>Opens the store with other options.</summary>
    public PostgresEventStorage Open(Func<PostgresEventStorageOptions, PostgresEventStorageOptions> with) =>
        new(PostgresServer.DataSource, with(Options));

    /// <summary>Opens the store with connections of its own, as an app with a connection string does.</summary>
    public PostgresEventStorage OpenByString(Func<PostgresEventStorageOptions, PostgresEventStorageOptions>? with = null) =>
        new(PostgresServer.ConnectionString, with?.Invoke(Options) ?? Options);

    /// <summary>Runs SQL in which <c>{es}</c> stands for the schema, as any other client of the server could.</summary>
    public object? Run(string sql) => PostgresServer.Run(sql.Replace("{es}", $"\"{Name}\"", StringComparison.Ordinal));

    /// <summary>Whether a session waits for the lock of this store, and not for that of another test's.</summary>
    public bool IsAnybodyWaitingForLock() => Run("""
        SELECT count(*)::int FROM pg_locks, {es}.store
        WHERE locktype = 'advisory' AND NOT granted AND ((classid::bigint << 32) | objid::bigint) = lock_key
        """) is not 0;

    public void Dispose() => _schema.Dispose();
}
