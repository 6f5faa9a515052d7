using System.Data.Common;
using EventSourcing.Tests.Postgres;
using Npgsql;

namespace EventSourcing.PostgreSql.Tests;

/// <summary>If a unique constraint of another table is violated, that says nothing about the store.</summary>
public sealed class ForeignConstraintTests : IDisposable
{
    private readonly OneSchema _schema = new();

    public void Dispose() => _schema.Dispose();

    /// <summary>A deferred constraint is checked by the COMMIT. By then no code of the app runs any more.</summary>
    [Theory]
    [InlineData(false)]
    [InlineData(true)]
    public async Task Constraint_of_an_app_table_that_fails_at_the_commit_is_no_damage_of_the_store(bool isInline)
    {
        await using var storage = _schema.Open();
        await storage.GetHeadAsync();
        _schema.Run("CREATE TABLE {es}.seats (number int UNIQUE DEFERRABLE INITIALLY DEFERRED)");
        var commit = new ReadModelCommit { Tables = TakeTwiceAsync };

        var write = async () =>
        {
            if (isInline) await storage.AppendAsync(Some.Append("s", 0) with { ReadModels = (_, _) => ValueTask.FromResult(commit) });
            else await storage.ReadModels.CommitAsync(commit);
        };

        var failed = await write.Should().ThrowAsync<StorageFailedException>();
        (failed.Which.OutcomeIsUnknown, failed.Which.IsTransient).Should().Be((false, false));
        failed.Which.Message.Should().Contain("seats_number_key");
        (await storage.GetHeadAsync()).Should().Be(0);
        _schema.Run("SELECT count(*)::int FROM {es}.seats").Should().Be(0);
        (await storage.AppendAsync(Some.Append("s", 0))).Position.Should().Be(1);
    }

    [Fact]
    public async Task Constraint_of_the_store_that_somebody_has_violated_is_damage()
    {
        await using var storage = _schema.Open();
        await storage.AppendAsync(Some.Append("s", 0));
        _schema.Run("""
            CREATE FUNCTION {es}.again() RETURNS trigger LANGUAGE plpgsql AS
                $$ BEGIN NEW.position := 1; RETURN NEW; END $$;
            CREATE TRIGGER again BEFORE INSERT ON {es}.events FOR EACH ROW EXECUTE FUNCTION {es}.again()
            """);

        await FluentActions.Awaiting(() => storage.AppendAsync(Some.Append("s", 1)).AsTask()).Should().ThrowAsync<StoreCorruptedException>();

        (await storage.GetHeadAsync()).Should().Be(1);
    }

    [Fact]
    public async Task Open_while_another_client_makes_the_schema_finds_that_schema()
    {
        await using var storage = _schema.OpenByString();
        await using var other = new NpgsqlConnection(PostgresServer.ConnectionString + ";Pooling=false");
        await other.OpenAsync();
        await using (var make = new NpgsqlCommand($"BEGIN; CREATE SCHEMA \"{_schema.Name}\"", other)) await make.ExecuteNonQueryAsync();
        var append = storage.AppendAsync(Some.Append("s", 0)).AsTask();
        using var patience = new CancellationTokenSource(TimeSpan.FromSeconds(60));
        while (PostgresServer.Run($"SELECT count(*)::int FROM pg_stat_activity WHERE wait_event_type = 'Lock' AND query LIKE '%{_schema.Name}%'") is 0)
            await Task.Delay(5, patience.Token);

        await using (var commit = new NpgsqlCommand("COMMIT", other)) await commit.ExecuteNonQueryAsync();

        (await append).Position.Should().Be(1);
    }

    private static async ValueTask TakeTwiceAsync(DbConnection connection, CancellationToken cancellationToken)
    {
        await using var command = connection.CreateCommand();
        command.CommandText = "INSERT INTO seats VALUES (1), (1)";
        await command.ExecuteNonQueryAsync(cancellationToken);
    }
}
