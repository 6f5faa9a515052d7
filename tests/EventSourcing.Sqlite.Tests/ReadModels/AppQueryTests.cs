using Microsoft.Data.Sqlite;
using static EventSourcing.Sqlite.Tests.ReadModels.SomeReadModel;

namespace EventSourcing.Sqlite.Tests.ReadModels;

/// <summary>SQL of the app's own that reads.</summary>
public sealed class AppQueryTests : IDisposable
{
    private readonly TemporaryFolder _folder = new();

    public void Dispose() => _folder.Dispose();

    [Fact]
    public async Task Query_a_new_store_finds_its_views()
    {
        await using var storage = new SqliteEventStorage(_folder.Store);
        (await storage.CountOf("event_log")).Should().Be(0);
        await storage.AppendAsync(Some.Append("s", 0));
        (await storage.ReadSql<string>("SELECT stream FROM event_log")).Should().Be("s");
    }

    [Fact]
    public async Task Query_reads_one_snapshot()
    {
        await using var storage = new SqliteEventStorage(_folder.Store);
        await storage.AppendAsync(Some.Append("s", 0));
        await storage.QueryAsync(async (connection, token) =>
        {
            await storage.AppendAsync(Some.Append("s", 1), token);
            connection.Run("SELECT count(*) FROM event_log").Should().Be(1L);
            return 0;
        });
        (await storage.CountOf("event_log")).Should().Be(2);
    }

    [Fact]
    public async Task Query_that_writes_is_refused_and_changes_nothing()
    {
        await using var storage = new SqliteEventStorage(_folder.Store);
        await storage.ReadModels.CommitAsync(new() { Creates = [Notes], Changes = [Note("n")] });
        var before = await Contents(_folder.Store);
        foreach (var sql in (string[])["DELETE FROM documents_1", "CREATE TABLE x (y)", "COMMIT; DROP TABLE documents_1", "CREATE TEMP TABLE x (y)"])
        {
            (await FluentActions.Awaiting(() => storage.ReadSql<object>(sql).AsTask()).Should().ThrowAsync<SqliteException>()).Which.SqliteErrorCode.Should().Be(8, sql);
        }

        (await Contents(_folder.Store)).Should().Be(before);
    }

    [Theory]
    [InlineData("PRAGMA query_only = 0; DROP TRIGGER events_refuse_update; UPDATE events SET data = x'7b7d'")]
    [InlineData("pragma main.QUERY_ONLY(0); COMMIT; CREATE TABLE x (y)")]
    [InlineData("COMMIT; PRAGMA query_only = off; CREATE TABLE x (y)")]
    public async Task Query_that_takes_leave_to_write_is_refused_and_nothing_changes(string sql)
    {
        await using var storage = new SqliteEventStorage(_folder.Store);
        await storage.AppendAsync(Some.Append("s", 0));
        var before = await Contents(_folder.Store);
        for (var i = 0; i < 3; i++)
            (await FluentActions.Awaiting(() => storage.ReadSql<object>(sql).AsTask()).Should().ThrowAsync<SqliteException>()).Which.SqliteErrorCode.Should().Be(23, sql);

        (await Contents(_folder.Store)).Should().Be(before);
        (await storage.ReadSql<long>("SELECT count(*) FROM events")).Should().Be(1);
        (await storage.ReadSql<long>("PRAGMA query_only")).Should().Be(1);
    }

    [Theory]
    [InlineData("COMMIT")]
    [InlineData("ROLLBACK; BEGIN")]
    public async Task Query_that_leaves_a_connection_otherwise_does_not_hand_it_on(string sql)
    {
        await using var storage = new SqliteEventStorage(_folder.Store);
        for (var i = 0; i < 20; i++)
        {
            SqliteConnection? bad = null;
            await storage.QueryAsync((connection, _) =>
            {
                bad = connection;
                connection.Run(sql);
                return new ValueTask<int>(0);
            });
            (await storage.QueryAsync((connection, _) => new ValueTask<bool>(ReferenceEquals(connection, bad)))).Should().Be(sql.Contains("BEGIN", StringComparison.Ordinal));
            (await storage.ReadSql<long>("PRAGMA query_only")).Should().Be(1);
            (await storage.AppendAsync(Some.Append("s", i))).Version.Should().Be(i + 1);
        }
    }

    [Fact]
    public async Task Query_that_closes_the_connection_or_leaves_a_reader_open_harms_nobody()
    {
        await using var storage = new SqliteEventStorage(_folder.Store);
        await storage.AppendAsync(Some.Append("s", 0));
        for (var i = 0; i < 20; i++)
        {
            await storage.QueryAsync((connection, _) =>
            {
                connection.Close();
                return new ValueTask<int>(0);
            });
            var reader = await storage.QueryAsync((connection, _) =>
            {
                var command = connection.CreateCommand();
                command.CommandText = "SELECT position FROM event_log UNION ALL SELECT 2";
                var open = command.ExecuteReader();
                open.Read();
                return new ValueTask<SqliteDataReader>(open);
            });
            FluentActions.Invoking(() => reader.Read()).Should().Throw<Exception>("it ended with the query");
            (await storage.CountOf("event_log")).Should().Be(1);
        }
    }

    [Fact]
    public async Task Query_that_takes_long_keeps_no_append_waiting()
    {
        await using var storage = new SqliteEventStorage(_folder.Store, new() { CheckpointPages = 20 });
        var end = new TaskCompletionSource();
        var query = storage.QueryAsync(async (_, _) =>
        {
            await end.Task;
            return 0;
        }).AsTask();
        try
        {
            for (var i = 0; i < 100; i++) await storage.AppendAsync(Some.Append("s", i, Some.Event(data: new string('x', 5000))));
        }
        finally
        {
            end.SetResult(); // the storage waits for the query when it is disposed
        }

        await query;
    }

    [Fact]
    public async Task Query_within_a_query_and_dispose_within_it_say_that_they_would_wait_for_each_other()
    {
        await using var storage = new SqliteEventStorage(_folder.Store);
        var nested = () => storage.QueryAsync(async (_, _) => await storage.CountOf("event_log")).AsTask();
        await nested.Should().ThrowAsync<InvalidOperationException>().WithMessage("*each would wait for the other*");
        var disposing = () => storage.QueryAsync(async (_, _) =>
        {
            await storage.DisposeAsync();
            return 0;
        }).AsTask();
        await disposing.Should().ThrowAsync<InvalidOperationException>();
        (await storage.CountOf("event_log")).Should().Be(0);
    }

    [Fact]
    public async Task Query_many_at_once_beside_appends_and_dispose_ends()
    {
        var storage = new SqliteEventStorage(_folder.Store, new() { CheckpointPages = 50 });
        var work = Enumerable.Range(0, 16).Select(i => Task.Run(async () =>
        {
            for (var n = 0; n < 40; n++)
            {
                if (i % 2 == 0) await storage.CountOf("event_log");
                else await storage.AppendAsync(Some.Append($"s{i}", n, Some.Event(data: new string('x', 3000))));
            }
        }));
        await Task.WhenAll(work);
        (await storage.CountOf("event_log")).Should().Be(8 * 40);
        await storage.DisposeAsync();
        await FluentActions.Awaiting(() => storage.CountOf("event_log").AsTask()).Should().ThrowAsync<ObjectDisposedException>();
    }
}
