using System.Data.Common;
using EventSourcing.Sqlite.Tests;
using EventSourcing.Tests.Projections;
using Npgsql;

namespace EventSourcing.PostgreSql.Tests;

/// <summary>What SQL of the app's own must not do within a commit is refused with one error, and harms nobody else.</summary>
public sealed class TableWorkTests : IDisposable
{
    private readonly OneSchema _schema = new();

    public static TheoryData<string, TableWork> Misuses => new()
    {
        { "commits", (connection, token) => RunAsync(connection, "INSERT INTO mine VALUES ('x'); COMMIT", token) },
        { "commits and begins anew", (connection, token) => RunAsync(connection, "INSERT INTO mine VALUES ('x'); COMMIT; BEGIN", token) },
        {
            "commits in a statement of its own", async (connection, token) =>
            {
                await RunAsync(connection, "INSERT INTO mine VALUES ('x')", token);
                await RunAsync(connection, "COMMIT", token);
            }
        },
        {
            "commits and goes on", async (connection, token) =>
            {
                try
                {
                    await RunAsync(connection, "COMMIT", token);
                }
                catch (PostgresException)
                {
                    await RunAsync(connection, "BEGIN", token);
                }
            }
        },
        { "rolls back", (connection, token) => RunAsync(connection, "ROLLBACK", token) },
        { "rolls back and begins anew", (connection, token) => RunAsync(connection, "ROLLBACK; BEGIN; SELECT 1", token) },
    };

    public void Dispose() => _schema.Dispose();

    [Theory]
    [MemberData(nameof(Misuses))]
    public async Task Commit_whose_sql_ends_the_transaction_is_refused_and_writes_nothing(string what, TableWork misuse)
    {
        await using var storage = await CreateAsync();
        var refused = () => storage.ReadModels.CommitAsync(new() { Changes = [new("m", "bad", "{}"u8.ToArray())], Tables = misuse }).AsTask();

        (await refused.Should().ThrowAsync<InvalidOperationException>(what)).WithMessage("*ended the storage's transaction*Nothing of the commit was written*");

        (await CountAsync()).Should().Be(0);
        (await storage.ReadModels.CountAsync("m", [])).Should().Be(1);
        await storage.ReadModels.CommitAsync(new() { Tables = (connection, token) => RunAsync(connection, "INSERT INTO mine VALUES ('y')", token) });
        (await CountAsync()).Should().Be(1);
    }

    public static TheoryData<string, TableWork, string> Mistakes => new()
    {
        { "a parameter is missing", (connection, token) => RunAsync(connection, "INSERT INTO mine VALUES ($1)", token), "08P01" },
        { "sets the transaction to read-only", (connection, token) => RunAsync(connection, "SET TRANSACTION READ ONLY", token), "READ ONLY" },
        {
            "leaves a reader open", async (connection, token) =>
            {
                var command = connection.CreateCommand();
                command.CommandText = "SELECT generate_series(1, 3)";
                await (await command.ExecuteReaderAsync(token)).ReadAsync(token);
            },
            "left a reader open"
        },
        {
            "runs two at once", async (connection, token) =>
            {
                await using var first = connection.CreateCommand();
                first.CommandText = "SELECT generate_series(1, 3)";
                await using var reader = await first.ExecuteReaderAsync(token);
                await reader.ReadAsync(token);
                await RunAsync(connection, "INSERT INTO mine VALUES ('x')", token);
            },
            "in progress"
        },
    };

    /// <summary>Mistakes in the app's SQL are none of the server's: trying again would fail for ever.</summary>
    [Theory]
    [MemberData(nameof(Mistakes))]
    public async Task Commit_whose_sql_is_wrong_fails_with_that_and_the_next_succeeds(string what, TableWork mistake, string said)
    {
        await using var storage = await CreateAsync();

        var error = (await FluentActions.Awaiting(() => storage.ReadModels.CommitAsync(new() { Changes = [new("m", "bad", "{}"u8.ToArray())], Tables = mistake }).AsTask())
            .Should().ThrowAsync<Exception>(what)).Which;

        error.Should().NotBeAssignableTo<EventSourcingException>();
        error.Message.Should().Contain(said);
        (await CountAsync()).Should().Be(0);
        (await storage.ReadModels.CountAsync("m", [])).Should().Be(1);
        await storage.ReadModels.CommitAsync(new() { Tables = (connection, token) => RunAsync(connection, "INSERT INTO mine VALUES ('y')", token) });
        (await CountAsync()).Should().Be(1);
    }

    [Theory]
    [MemberData(nameof(Mistakes))]
    public async Task Append_whose_inline_sql_is_wrong_fails_with_that_and_the_next_succeeds(string what, TableWork mistake, string said)
    {
        await using var storage = await CreateAsync();
        var request = Some.Append("s", ExpectedVersion.Any);

        var error = (await FluentActions.Awaiting(() => storage.AppendAsync(request with { ReadModels = (_, _) => ValueTask.FromResult(new ReadModelCommit { Tables = mistake }) }).AsTask())
            .Should().ThrowAsync<Exception>(what)).Which;

        error.Should().NotBeAssignableTo<EventSourcingException>();
        error.Message.Should().Contain(said);
        (await storage.GetHeadAsync()).Should().Be(0);
        await storage.AppendAsync(request);
        (await storage.GetHeadAsync()).Should().Be(1);
    }

    [Theory]
    [MemberData(nameof(Misuses))]
    public async Task Append_whose_inline_sql_ends_the_transaction_is_refused_and_writes_nothing(string what, TableWork misuse)
    {
        await using var storage = await CreateAsync();
        var refused = () => storage.AppendAsync(Some.Append("s", 0) with { ReadModels = (_, _) => new(new ReadModelCommit { Tables = misuse }) }).AsTask();

        (await refused.Should().ThrowAsync<InvalidOperationException>(what)).WithMessage("*ended the storage's transaction*");

        (await storage.GetHeadAsync()).Should().Be(0);
        (await CountAsync()).Should().Be(0);
        (await storage.AppendAsync(Some.Append("s", 0))).Position.Should().Be(1);
    }

    /// <summary>After the refusal no table of the projection is found, as the transaction had the schema's name.</summary>
    [Theory]
    [InlineData("COMMIT")]
    [InlineData("ROLLBACK")]
    public async Task Projection_whose_sql_ends_the_transaction_is_said_to_do_that_and_not_to_be_damaged(string sql)
    {
        await using var store = new EventStore(_schema.Open(), new EventTypes(EventType.Of<Seen>("seen")));
        await store.AppendAsync("s", ExpectedVersion.Any, [new Seen(1)]);
        var running = store.StartProjections(new ProjectionOptions { RetryDelays = [] }, new Ending(sql));
        await using (running)
        {
            var failure = await FluentActions.Awaiting(() => running.Completion.WaitAsync(TimeSpan.FromMinutes(1))).Should().ThrowAsync<InvalidOperationException>();
            failure.Which.ToString().Should().Contain("ended the storage's transaction").And.NotContain("damaged");
        }

        (await store.GetHeadAsync()).Should().Be(1);
    }

    private async Task<IEventStorage> CreateAsync()
    {
        var storage = _schema.Open();
        await storage.ReadModels.CommitAsync(Some.Document());
        _schema.Run("CREATE TABLE {es}.mine (name text)");
        return storage;
    }

    private Task<int> CountAsync() => Task.FromResult((int)_schema.Run("SELECT count(*)::int FROM {es}.mine")!);

    private static async ValueTask RunAsync(DbConnection connection, string sql, CancellationToken cancellationToken)
    {
        await using var command = connection.CreateCommand();
        command.CommandText = sql;
        await command.ExecuteNonQueryAsync(cancellationToken);
    }

    [EventType("seen")]
    public sealed record Seen(int Value);

    private sealed class Ending : TableProjection
    {
        public Ending(string sql)
            : base("mine_too")
        {
            On<Seen>(async (tables, _, _, cancellationToken) => await tables.ExecuteAsync(sql, [], cancellationToken));
        }

        protected override async ValueTask CreateAsync(ProjectionTables tables, CancellationToken cancellationToken) =>
            await tables.ExecuteAsync($"CREATE TABLE {tables["mine_too"]} (n integer PRIMARY KEY)", [], cancellationToken);
    }
}
