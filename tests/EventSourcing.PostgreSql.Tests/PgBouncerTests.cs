using EventSourcing.Tests.Postgres;
using EventSourcing.Tests.Projections;
using Npgsql;

namespace EventSourcing.PostgreSql.Tests;

/// <summary>A store behind a real pooler in transaction mode: with the option it works, without it it says what to do.</summary>
public sealed class PgBouncerTests : IDisposable
{
    private static readonly TimeSpan Never = TimeSpan.FromSeconds(60);
    private readonly OneSchema _schema = new();
    private readonly Lazy<PgBouncer> _pooler = new(() => new PgBouncer());

    public void Dispose()
    {
        if (_pooler.IsValueCreated) _pooler.Value.Dispose();
        _schema.Dispose();
    }

    [PgBouncerFact]
    public async Task Store_behind_it_appends_refuses_erases_and_proves()
    {
        await using var storage = await OpenAsync(throughPooler: true);
        await using var other = await OpenAsync(throughPooler: true);
        await PoolerTests.UseAsync(storage, other);
    }

    [PgBouncerFact]
    public async Task Store_behind_it_projects_in_the_background_and_inline_and_rebuilds()
    {
        var (background, inline) = (new Tallies(), new Tallies(null, "inline"));
        await using var store = new EventStore(
            await OpenAsync(throughPooler: true), Tallied.Types, new EventStoreOptions().WithInlineProjections(inline));
        await using var running = store.StartProjections(background);
        await Task.WhenAll(Enumerable.Range(0, 8).Select(w => Task.Run(async () =>
        {
            for (var i = 1; i <= 10; i++)
            {
                await store.AppendAsync($"w-{w}", ExpectedVersion.Any, [Tallied.For($"w{w}")]);
                (await store.ReadModel(inline).FindAsync($"w{w}"))!.Applied.Should().HaveCount(i);
            }
        })));
        await running.CatchUpAsync().WaitAsync(Never);
        await running.RebuildAsync("tallies").WaitAsync(Never);
        for (var w = 0; w < 8; w++) (await store.ReadModel(background).FindAsync($"w{w}"))!.Applied.Should().HaveCount(10);
    }

    /// <summary>The lock's time limits are settings of a transaction there.</summary>
    [PgBouncerFact]
    public async Task Append_behind_it_that_waits_too_long_for_the_lock_says_that_the_store_is_busy()
    {
        await using var storage = await OpenAsync(throughPooler: true, own => own with { BusyTimeout = TimeSpan.FromMilliseconds(300) });
        await storage.AppendAsync(Some.Append("s", 0));
        await using var holder = await PostgresServer.DataSource.OpenConnectionAsync();
        await using var transaction = await holder.BeginTransactionAsync();
        var lockKey = _schema.Run("SELECT lock_key FROM {es}.store");
        await using (var hold = new NpgsqlCommand($"SELECT pg_advisory_xact_lock({lockKey})", holder, transaction))
            await hold.ExecuteNonQueryAsync();
        await FluentActions.Awaiting(() => storage.AppendAsync(Some.Append("s", 1)).AsTask()).Should().ThrowAsync<StoreBusyException>();
    }

    [PgBouncerFact]
    public async Task Store_behind_it_without_the_option_is_refused_with_what_to_do_and_nothing_is_made()
    {
        await using var storage = await OpenAsync(throughPooler: false);
        Func<Task>[] calls = [() => storage.AppendAsync(Some.Append("s", 0)).AsTask(), () => storage.GetHeadAsync().AsTask()];
        foreach (var call in calls)
        {
            (await FluentActions.Awaiting(call).Should().ThrowAsync<IncompatibleStoreException>()).Which.Message.Should()
                .Contain(nameof(PostgresEventStorageOptions.ThroughPooler));
        }

        PostgresServer.Run($"SELECT count(*)::int FROM pg_namespace WHERE nspname = '{_schema.Name}'").Should().Be(0);
    }

    /// <summary>A pooler that keeps each client's session is as good as a direct connection.</summary>
    [PgBouncerFact]
    public async Task Store_behind_one_that_keeps_sessions_needs_no_option()
    {
        using var pooler = new PgBouncer("session", connections: 40);
        await pooler.UntilReadyAsync();
        await using var storage = new PostgresEventStorage(pooler.ConnectionString, OneSchema.OptionsFor(_schema.Name));
        await using var other = new PostgresEventStorage(pooler.ConnectionString, OneSchema.OptionsFor(_schema.Name));
        await PoolerTests.UseAsync(storage, other);
    }

    private async Task<PostgresEventStorage> OpenAsync(bool throughPooler,
        Func<PostgresEventStorageOptions, PostgresEventStorageOptions>? with = null)
    {
        await _pooler.Value.UntilReadyAsync();
        var options = OneSchema.OptionsFor(_schema.Name) with { ThroughPooler = throughPooler };
        return new PostgresEventStorage(_pooler.Value.ConnectionString, with?.Invoke(options) ?? options);
    }
}
