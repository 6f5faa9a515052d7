using System.Data.Common;
using Microsoft.Data.Sqlite;
using static EventSourcing.Sqlite.Tests.ReadModels.SomeReadModel;

namespace EventSourcing.Sqlite.Tests.ReadModels;

/// <summary>SQL of the app's own within a commit: what it may do, and that what it must not do harms nobody else.</summary>
public sealed class TableWorkTests : IDisposable
{
    private readonly TemporaryFolder _folder = new();

    public static TheoryData<string, TableWork> Misuses => new()
    {
        { "commits", (connection, token) => RunAsync(connection, "INSERT INTO mine VALUES ('x'); COMMIT", token) },
        { "commits and begins anew", (connection, token) => RunAsync(connection, "INSERT INTO mine VALUES ('x'); COMMIT; BEGIN IMMEDIATE", token) },
        { "rolls back", (connection, token) => RunAsync(connection, "ROLLBACK", token) },
        { "rolls back and begins anew", (connection, token) => RunAsync(connection, "ROLLBACK; BEGIN IMMEDIATE; INSERT INTO mine VALUES ('x')", token) },
        { "closes the connection", (connection, _) => new(connection.CloseAsync()) },
        { "disposes the connection", (connection, _) => connection.DisposeAsync() },
        {
            "opens it again", async (connection, token) =>
            {
                await connection.CloseAsync();
                await connection.OpenAsync(token);
                ((SqliteConnection)connection).DefaultTimeout = 1; // what it wrote before it was closed is locked still
                await RunAsync(connection, "INSERT INTO mine VALUES ('x'); BEGIN IMMEDIATE", token);
            }
        },
    };

    public void Dispose() => _folder.Dispose();

    [Fact]
    public async Task Commit_with_sql_changes_tables_with_documents()
    {
        await using var storage = await CreateAsync();
        await storage.ReadModels.CommitAsync(new()
        {
            Changes = [Note("n")],
            Tables = async (connection, token) =>
            {
                await using var insert = connection.CreateCommand();
                insert.CommandText = "INSERT INTO mine SELECT key || $suffix FROM documents_1";
                insert.Parameters.Add(new SqliteParameter("$suffix", "!"));
                (await insert.ExecuteNonQueryAsync(token)).Should().Be(1, "documents are written before");
            },
        });
        (await storage.ReadSql<string>("SELECT name FROM mine")).Should().Be("n!");
        storage.ReadModels.Tables.Should().NotBeNull();
    }

    [Fact]
    public async Task Commit_whose_sql_fails_throws_its_error_and_changes_nothing()
    {
        await using var storage = await CreateAsync();
        var before = await Contents(_folder.Store);
        var own = new FormatException("own");
        var failing = () => storage.ReadModels.CommitAsync(new()
        {
            Drops = [Notes.Name],
            Creates = [Orders],
            Aliases = [new("a", Orders.Name)],
            Changes = [Order("o")],
            Tables = async (connection, token) =>
            {
                await RunAsync(connection, "INSERT INTO mine VALUES ('x'); CREATE TABLE other (x); ALTER TABLE mine RENAME TO yours", token);
                await Task.Yield();
                throw own;
            },
        }).AsTask();
        (await failing.Should().ThrowAsync<FormatException>()).Which.Should().BeSameAs(own);
        (await Contents(_folder.Store)).Should().Be(before);

        var badSql = () => storage.ReadModels.CommitAsync(Tables((connection, token) => RunAsync(connection, "INSERT INTO mine VALUES ('x'); INSERT INTO nowhere VALUES (1)", token))).AsTask();
        (await badSql.Should().ThrowAsync<SqliteException>()).Which.Message.Should().Contain("no such table: nowhere");
        (await Contents(_folder.Store)).Should().Be(before);
        await storage.ReadModels.CommitAsync(new() { Changes = [Note("n")] });
        (await storage.ReadModels.TextOf(Notes.Name, "n")).Should().Be("{}", "what was dropped and undone is there for the next");
    }

    [Fact]
    public async Task Commit_whose_sql_defines_tables_leaves_all_other_writes_working()
    {
        await using var storage = await CreateAsync();
        for (var i = 0; i < 5; i++)
        {
            await storage.AppendAsync(Some.Append("s", i));
            await storage.ReadModels.CommitAsync(new()
            {
                Changes = [Note("n", $"{i}")],
                Tables = async (connection, token) =>
                {
                    await RunAsync(connection, "CREATE TABLE t (a INTEGER PRIMARY KEY, b TEXT); CREATE INDEX t_b ON t (b); INSERT INTO t (b) VALUES ('x')", token);
                    await RunAsync(connection, "ALTER TABLE t RENAME TO u; ALTER TABLE u ADD COLUMN c; DROP INDEX t_b; DROP TABLE u", token);
                },
            });
            (await storage.ReadModels.TextOf(Notes.Name, "n")).Should().Be($"{i}");
        }

        (await storage.GetHeadAsync()).Should().Be(5);
    }

    [Theory]
    [MemberData(nameof(Misuses))]
    public async Task Commit_whose_sql_ends_the_transaction_is_refused_and_the_others_are_not(string what, TableWork misuse)
    {
        await using var storage = await CreateAsync();
        using var holder = Some.ForeignConnection(_folder.Store);
        holder.Run("BEGIN IMMEDIATE");
        var before = storage.AppendAsync(Some.Append("s", 0)).AsTask();
        var refused = storage.ReadModels.CommitAsync(new() { Changes = [Note("bad")], Tables = misuse }).AsTask();
        var after = storage.AppendAsync(Some.Append("s", 1)).AsTask();
        holder.Run("ROLLBACK");

        (await FluentActions.Awaiting(() => refused).Should().ThrowAsync<InvalidOperationException>(what)).WithMessage("*ended the storage's transaction*Nothing was written*");
        (await before).Version.Should().Be(1);
        (await after).Version.Should().Be(2);
        (await storage.CountOf("mine")).Should().Be(0);
        (await storage.ReadModels.TextOf(Notes.Name, "bad")).Should().BeNull();
        await storage.ReadModels.CommitAsync(Tables((connection, token) => RunAsync(connection, "INSERT INTO mine VALUES ('y')", token)));
        (await storage.CountOf("mine")).Should().Be(1);
    }

    [Fact]
    public async Task Commit_whose_sql_ends_our_savepoint_is_refused()
    {
        await using var storage = await CreateAsync();
        var refused = () => storage.ReadModels.CommitAsync(Tables((connection, token) => RunAsync(connection, "INSERT INTO mine VALUES ('x'); RELEASE event_store_work", token))).AsTask();
        await refused.Should().ThrowAsync<InvalidOperationException>();
        (await storage.CountOf("mine")).Should().Be(0);
        await storage.AppendAsync(Some.Append("s", 0));
    }

    [Theory]
    [InlineData(false)]
    [InlineData(true)]
    public async Task Commit_whose_sql_finds_the_disk_full_says_that_the_store_failed(bool isSwallowed)
    {
        await using var storage = await CreateAsync();
        using var holder = Some.ForeignConnection(_folder.Store);
        holder.Run("BEGIN IMMEDIATE");
        var before = storage.AppendAsync(Some.Append("s", 0)).AsTask();
        var full = storage.ReadModels.CommitAsync(Tables(async (connection, token) =>
        {
            try
            {
                await RunAsync(connection, "PRAGMA max_page_count = 1", token);
                await RunAsync(connection, "INSERT INTO mine VALUES (zeroblob(10000000))", token);
            }
            catch (SqliteException) when (isSwallowed)
            {
            }
        })).AsTask();
        holder.Run("ROLLBACK");
        if (isSwallowed)
        {
            await FluentActions.Awaiting(() => full).Should().ThrowAsync<InvalidOperationException>();
            (await before).Version.Should().Be(1);
        }
        else
        {
            var failed = (await FluentActions.Awaiting(() => full).Should().ThrowAsync<StorageFailedException>()).Which;
            failed.OutcomeIsUnknown.Should().BeFalse();
            await FluentActions.Awaiting(() => before).Should().ThrowAsync<StorageFailedException>("SQLite has ended the transaction that they share");
            await storage.AppendAsync(Some.Append("s", 0));
        }

        (await storage.CountOf("mine")).Should().Be(0);
        (await storage.GetHeadAsync()).Should().Be(1);
    }

    [Fact]
    public async Task Commit_whose_sql_begins_a_transaction_gets_the_error_of_sqlite()
    {
        await using var storage = await CreateAsync();
        var nested = () => storage.ReadModels.CommitAsync(Tables(async (connection, token) =>
        {
            await RunAsync(connection, "INSERT INTO mine VALUES ('x')", token);
            await using var transaction = await connection.BeginTransactionAsync(token);
        })).AsTask();
        (await nested.Should().ThrowAsync<SqliteException>()).WithMessage("*cannot start a transaction within a transaction*");
        (await storage.CountOf("mine")).Should().Be(0);
        await storage.AppendAsync(Some.Append("s", 0));
    }

    [Fact]
    public async Task Commit_whose_sql_has_savepoints_of_its_own_keeps_what_they_kept()
    {
        await using var storage = await CreateAsync();
        await storage.ReadModels.CommitAsync(Tables((connection, token) => RunAsync(connection, "SAVEPOINT a; INSERT INTO mine VALUES ('x'); ROLLBACK TO a; INSERT INTO mine VALUES ('y'); SAVEPOINT b", token)));
        (await storage.ReadSql<string>("SELECT group_concat(name) FROM mine")).Should().Be("y");
    }

    [Fact]
    public async Task Commit_whose_sql_leaves_a_reader_open_is_refused_and_the_reader_ends()
    {
        await using var storage = await CreateAsync();
        await storage.ReadModels.CommitAsync(Tables((connection, token) => RunAsync(connection, "INSERT INTO mine VALUES ('1'), ('2'), ('3')", token)));
        DbDataReader? left = null;
        var leaving = () => storage.ReadModels.CommitAsync(Tables(async (connection, token) =>
        {
            await RunAsync(connection, "DELETE FROM mine", token);
            var command = connection.CreateCommand();
            command.CommandText = "INSERT INTO mine VALUES ('a'), ('b') RETURNING name";
            left = await command.ExecuteReaderAsync(token);
            await left.ReadAsync(token);
        })).AsTask();
        await leaving.Should().ThrowAsync<InvalidOperationException>().WithMessage("*left a reader open*");
        (await storage.CountOf("mine")).Should().Be(3);
        FluentActions.Invoking(() => left!.Read()).Should().Throw<Exception>();
        await storage.AppendAsync(Some.Append("s", 0));
        await storage.ReadModels.CommitAsync(Tables((connection, token) => RunAsync(connection, "DELETE FROM mine", token)));
        (await storage.CountOf("mine")).Should().Be(0);
    }

    /// <summary>Apps number their own tables by it, and the file would be that of another version, or no store at all.</summary>
    [Theory]
    [InlineData("PRAGMA user_version = 77")]
    [InlineData("PRAGMA application_id = 77")]
    [InlineData("PRAGMA main.user_version = 0")]
    public async Task Commit_whose_sql_changes_a_mark_of_the_file_is_refused(string change)
    {
        await using (var storage = await CreateAsync())
        {
            (await FluentActions.Awaiting(() => storage.ReadModels.CommitAsync(Tables((connection, token) => RunAsync(connection, $"INSERT INTO mine VALUES ('x'); {change}", token))).AsTask())
                .Should().ThrowAsync<InvalidOperationException>()).WithMessage("*user_version or application_id*Nothing of the commit was written*");
            (await FluentActions.Awaiting(() => storage.AppendAsync(Some.Append("s", 0) with { ReadModels = (_, _) => ValueTask.FromResult(Tables((connection, token) => RunAsync(connection, change, token))) }).AsTask())
                .Should().ThrowAsync<InvalidOperationException>()).WithMessage("*user_version or application_id*");
            (await storage.CountOf("mine")).Should().Be(0);
            await storage.AppendAsync(Some.Append("s", 0));
        }

        await using var reopened = new SqliteEventStorage(_folder.Store);
        (await reopened.GetHeadAsync()).Should().Be(1);
    }

    [Fact]
    public async Task Commit_whose_sql_leaves_a_deferred_foreign_key_violated_is_refused_alone()
    {
        await using var storage = await CreateAsync();
        await storage.ReadModels.CommitAsync(Tables((connection, token) => RunAsync(connection, "CREATE TABLE parent (id INTEGER PRIMARY KEY); CREATE TABLE child (id REFERENCES parent (id) DEFERRABLE INITIALLY DEFERRED)", token)));
        var good = Enumerable.Range(0, 10).Select(i => storage.AppendAsync(Some.Append($"s{i}", 0)).AsTask()).ToList();
        var refused = () => storage.ReadModels.CommitAsync(Tables((connection, token) => RunAsync(connection, "INSERT INTO child VALUES (7)", token))).AsTask();
        (await refused.Should().ThrowAsync<SqliteException>()).Which.SqliteErrorCode.Should().Be(19);
        await Task.WhenAll(good);
        (await storage.CountOf("child")).Should().Be(0);
        await storage.ReadModels.CommitAsync(Tables((connection, token) => RunAsync(connection, "INSERT INTO child VALUES (7); INSERT INTO parent VALUES (7)", token)));
    }

    [Fact]
    public async Task Write_from_within_sql_says_that_it_would_wait_for_itself()
    {
        await using var storage = await CreateAsync();
        Task? stray = null;
        var isReturned = new TaskCompletionSource();
        var calls = new Func<Task>[]
        {
            () => storage.AppendAsync(Some.Append("s", ExpectedVersion.Any)).AsTask(),
            () => storage.ReadModels.CommitAsync(new()).AsTask(),
            () => storage.WaitForEventsAsync(1000).AsTask(),
            () => storage.DisposeAsync().AsTask(),
            () => Task.Run(async () => await storage.AppendAsync(Some.Append("s", ExpectedVersion.Any))),
        };
        foreach (var call in calls)
        {
            foreach (var waitsFirst in (bool[])[false, true])
            {
                var reentering = () => storage.ReadModels.CommitAsync(new()
                {
                    Changes = [Note("n")],
                    Tables = async (connection, token) =>
                    {
                        if (waitsFirst) await Task.Delay(1, token);
                        await call();
                    },
                }).AsTask();
                await reentering.Should().ThrowAsync<InvalidOperationException>().WithMessage("*would wait for that code*");
                (await storage.ReadModels.TextOf(Notes.Name, "n")).Should().BeNull();
            }
        }

        await storage.ReadModels.CommitAsync(Tables(async (_, token) =>
        {
            (await storage.GetHeadAsync(token)).Should().Be(0, "reading what is committed is no harm");
            stray = Task.Run(async () =>
            {
                await isReturned.Task.WaitAsync(Some.Never, CancellationToken.None);
                await storage.AppendAsync(Some.Append("s", ExpectedVersion.Any));
            }, token);
        }));
        isReturned.SetResult();
        await stray!.WaitAsync(Some.Never);
        (await storage.GetHeadAsync()).Should().Be(1, "what was begun there may write when the commit is over");
    }

    [Fact]
    public async Task Commit_with_sql_runs_it_in_the_callers_context_and_none_of_it_stays_with_others()
    {
        await using var storage = await CreateAsync();
        var local = new AsyncLocal<string?>();
        var seen = new System.Collections.Concurrent.ConcurrentDictionary<string, string?>();
        await Task.WhenAll(Enumerable.Range(0, 20).Select(i => Task.Run(async () =>
        {
            local.Value = $"{i}";
            await storage.ReadModels.CommitAsync(Tables(async (_, token) =>
            {
                if (i % 2 == 0) await Task.Delay(1, token);
                seen[$"{i}"] = local.Value;
                local.Value = "changed";
            }));
            local.Value.Should().Be($"{i}");
        })));
        seen.Should().HaveCount(20).And.OnlyContain(pair => pair.Key == pair.Value);
    }

    [Fact]
    public async Task Cancel_while_sql_runs_undoes_it_where_it_obeys()
    {
        await using var storage = await CreateAsync();
        using var cancellation = new CancellationTokenSource();
        var cancelled = () => storage.ReadModels.CommitAsync(
            Tables(async (connection, token) =>
            {
                await RunAsync(connection, "INSERT INTO mine VALUES ('x')", token);
                await cancellation.CancelAsync();
                token.ThrowIfCancellationRequested();
            }),
            cancellation.Token).AsTask();
        await cancelled.Should().ThrowAsync<OperationCanceledException>();
        (await storage.CountOf("mine")).Should().Be(0);
    }

    [Fact]
    public async Task Dispose_while_sql_runs_lets_it_finish()
    {
        var storage = await CreateAsync();
        var began = new TaskCompletionSource();
        var end = new TaskCompletionSource();
        var commit = storage.ReadModels.CommitAsync(Tables(async (connection, token) =>
        {
            began.SetResult();
            await end.Task.WaitAsync(Some.Never, token);
            await RunAsync(connection, "INSERT INTO mine VALUES ('x')", token);
        })).AsTask();
        await began.Task.WaitAsync(Some.Never);
        var waiting = storage.AppendAsync(Some.Append("s", 0)).AsTask();
        var disposal = storage.DisposeAsync().AsTask();
        await FluentActions.Awaiting(() => waiting.WaitAsync(Some.Never)).Should().ThrowAsync<ObjectDisposedException>();
        disposal.IsCompleted.Should().BeFalse();
        end.SetResult();
        await commit.WaitAsync(Some.Never);
        await disposal.WaitAsync(Some.Never);
        await using var again = new SqliteEventStorage(_folder.Store);
        (await again.CountOf("mine")).Should().Be(1);
    }

    [Fact]
    public async Task Commit_with_sql_from_several_handles_counts_each_once()
    {
        await using var first = await CreateAsync();
        await using var second = new SqliteEventStorage(_folder.Store);
        await first.ReadModels.CommitAsync(Tables((connection, token) => RunAsync(connection, "INSERT INTO mine VALUES (0)", token)));
        await Task.WhenAll(Enumerable.Range(0, 40).Select(i => Task.Run(async () =>
        {
            var storage = i % 2 == 0 ? first : second;
            await storage.AppendAsync(Some.Append($"s{i}", 0));
            await storage.ReadModels.CommitAsync(Tables((connection, token) => RunAsync(connection, "UPDATE mine SET name = name + 1", token)));
        })));
        (await second.ReadSql<long>("SELECT CAST(name AS INTEGER) FROM mine")).Should().Be(40);
        (await first.GetHeadAsync()).Should().Be(40);
    }

    internal static async ValueTask RunAsync(DbConnection connection, string sql, CancellationToken token)
    {
        await using var command = connection.CreateCommand();
        command.CommandText = sql;
        await command.ExecuteNonQueryAsync(token);
    }

    private async Task<SqliteEventStorage> CreateAsync()
    {
        var storage = new SqliteEventStorage(_folder.Store);
        await storage.ReadModels.CommitAsync(new() { Creates = [Notes], Tables = (connection, token) => RunAsync(connection, "CREATE TABLE mine (name TEXT)", token) });
        return storage;
    }
}
