namespace EventSourcing.PostgreSql.Tests;

/// <summary>
/// With the option for a pooler, nothing rests on the session: no prepared statement and no setting that outlives its transaction.
/// </summary>
public sealed class PoolerTests : IDisposable
{
    private readonly OneSchema _schema = new();

    public void Dispose() => _schema.Dispose();

    [Fact]
    public async Task Store_through_a_pooler_appends_refuses_projects_erases_and_proves()
    {
        await using var storage = _schema.OpenByString(own => own with { ThroughPooler = true });
        await using var other = _schema.OpenByString(own => own with { ThroughPooler = true });
        await UseAsync(storage, other);
    }

    /// <summary>Does with a store on two handles what an app does, and checks what came of it.</summary>
    internal static async Task UseAsync(PostgresEventStorage storage, PostgresEventStorage other)
    {
        await Task.WhenAll(Enumerable.Range(0, 8).Select(n => Task.Run(async () =>
        {
            for (var i = 0; i < 40; i++) await (n % 2 == 0 ? storage : other).AppendAsync(Some.Append($"s-{n}", i, Some.Event(tags: "t")));
        })));
        var refused = await FluentActions.Awaiting(() => storage.AppendAsync(Some.Append("s-1", 39)).AsTask()).Should().ThrowAsync<WrongExpectedVersionException>();
        refused.Which.ActualVersion.Should().Be(40);
        await FluentActions.Awaiting(() => other.AppendAsync(Some.Append("c", 0) with { Conditions = [new AppendCondition(EventQuery.WithTags("t"), 5)] }).AsTask()).Should().ThrowAsync<AppendConditionFailedException>();
        var repeated = Some.Append("r", 0);
        await storage.AppendAsync(repeated);
        (await other.AppendAsync(repeated)).WasAlreadyStored.Should().BeTrue();
        await storage.AppendAsync(Some.Append("i", 0) with
        {
            ReadModels = (_, _) => ValueTask.FromResult(new ReadModelCommit { Creates = [new ReadModelDefinition("m", [])], Changes = [new DocumentChange("m", "k", "{}"u8.ToArray())] }),
        });
        (await other.ReadModels.CountAsync("m", [])).Should().Be(1);

        (await Some.ExpectRegularAsync(other)).Should().HaveCount(322);
        (await storage.Ledger.AuditStructureAsync(isWhole: true)).Should().BeEmpty();
    }

    [Fact]
    public async Task Store_through_a_pooler_leaves_no_setting_and_no_prepared_statement_in_its_sessions()
    {
        await using var storage = _schema.OpenByString(own => own with { ThroughPooler = true });
        for (var i = 0; i < 10; i++) await storage.AppendAsync(Some.Append("s", i));
        for (var i = 0; i < 10; i++) await storage.GetHeadAsync();
        var left = await storage.QueryAsync(async (connection, token) =>
        {
            await using var command = new Npgsql.NpgsqlCommand("SELECT (SELECT count(*) FROM pg_prepared_statements) + (SELECT count(*) FROM pg_settings WHERE source = 'session' AND name IN ('lock_timeout', 'synchronous_commit', 'idle_in_transaction_session_timeout', 'default_transaction_isolation', 'plan_cache_mode'))", connection);
            return (long)(await command.ExecuteScalarAsync(token))!;
        });
        left.Should().Be(0);
    }
}
