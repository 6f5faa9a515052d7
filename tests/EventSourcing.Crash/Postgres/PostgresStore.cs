using EventSourcing.Tests.Postgres;
using Npgsql;

namespace EventSourcing.Crash;

/// <summary>A store in PostgreSQL, and what its writers were told: the log is held against it after each fault.</summary>
internal sealed class PostgresStore
{
    /// <summary>Longer than any fault here lasts.</summary>
    public static readonly TimeSpan Patience = TimeSpan.FromSeconds(60);

    private readonly string _schema;
    private readonly Tally _tally;
    private readonly Audit _audit;

    public PostgresStore(Tally tally, string connectionString, string schema = "crash")
    {
        (_tally, _schema, ConnectionString) = (tally, schema, connectionString);
        _audit = new Audit(tally);
    }

    /// <summary>How the harness reaches the store; its writers may be told another way.</summary>
    public string ConnectionString { get; }

    public string Schema => _schema;

    /// <summary>Why there is no PostgreSQL here, or null.</summary>
    public static string? Obstacle() => PostgresBinaries.Find(out var obstacle) is null ? obstacle : null;

    public static string? SignalObstacle() => Signals.Obstacle() ?? Obstacle();

    public static PostgresBinaries Binaries() => PostgresBinaries.Find(out var obstacle) ?? throw new InvalidOperationException(obstacle);

    /// <summary>Opens a store as the writers of the harness do.</summary>
    public static PostgresEventStorage Open(string connectionString, string schema, TimeSpan? busyTimeout = null) =>
        new(connectionString, new PostgresEventStorageOptions
    {
        Schema = schema,
        AllowLossOfAcknowledgedEvents = true,
        BusyTimeout = busyTimeout ?? Patience,
        HolderTimeout = TimeSpan.FromSeconds(1),
        PollInterval = TimeSpan.FromMilliseconds(5),
    });

    public PostgresEventStorage Open(TimeSpan? busyTimeout = null) => Open(ConnectionString, _schema, busyTimeout);

    /// <summary>Opens the store as an app would after the fault, checks what is new, appends to it, and checks again.</summary>
    public async Task CheckAsync(IReadOnlyCollection<Acknowledgement> acknowledged, Random random, string when)
    {
        await using var storage = Open();
        try
        {
            await _audit.CheckAsync(storage, acknowledged, when);
            var probe = new Workload(random.Next(), FormattableString.Invariant($"probe-{Guid.NewGuid():N}")).Next();
            var stored = Acknowledgement.Of(probe, await storage.AppendAsync(probe.Request));
            await _audit.CheckAsync(storage, [stored], when + ", after it was used again");
        }
        catch (Exception e)
        {
            _tally.AddUnexplained($"{when}: the store is not usable: {CallWork.Say(e)}");
        }
    }

    /// <summary>Checks everything once more from the start.</summary>
    public async Task CheckAllAsync(Random random, string when)
    {
        var tally = new Tally("whole");
        await new PostgresStore(tally, ConnectionString, _schema).CheckAsync([.. _audit.Acknowledged], random, when);
        if (tally.Lost > 0) _tally.AddLost(tally.Lost, tally.Notes[0]);
        if (tally.Duplicated > 0) _tally.AddDuplicated(string.Join("; ", tally.Notes));
        if (tally.Unexplained > 0) _tally.AddUnexplained(string.Join("; ", tally.Notes));
    }

    /// <summary>Waits until the log has so many events more than now; false if it does not within the harness's patience.</summary>
    public async Task<bool> GrowsAsync(int events)
    {
        await using var storage = Open();
        using var patience = new CancellationTokenSource(Patience);
        try
        {
            await storage.WaitForEventsAsync(await storage.GetHeadAsync(patience.Token) + events - 1, patience.Token);
            return true;
        }
        catch (OperationCanceledException)
        {
            return false;
        }
    }

    /// <summary>Runs SQL as the superuser, outside of any pool.</summary>
    public static async Task<object?> RunAsync(string connectionString, string sql)
    {
        await using var connection = new NpgsqlConnection(connectionString + ";Pooling=false");
        await connection.OpenAsync();
        await using var command = new NpgsqlCommand(sql, connection);
        return await command.ExecuteScalarAsync();
    }
}
