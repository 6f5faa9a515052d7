using System.Text;
using Microsoft.Data.Sqlite;
using static EventSourcing.Sqlite.Tests.ReadModels.SomeReadModel;
using static EventSourcing.Sqlite.Tests.ReadModels.TableWorkTests;

namespace EventSourcing.Sqlite.Tests.ReadModels;

/// <summary>Read models that change within an append, where appends share a transaction.</summary>
public sealed class InlineAppendTests : IDisposable
{
    private readonly TemporaryFolder _folder = new();

    public void Dispose() => _folder.Dispose();

    [Theory]
    [InlineData(false)]
    [InlineData(true)]
    public async Task Append_many_at_once_of_which_some_are_refused_writes_exactly_the_others(bool withTables)
    {
        await using var storage = await CreateAsync();
        if (withTables) await storage.ReadModels.CommitAsync(Tables((connection, token) => RunAsync(connection, "CREATE TABLE numbers (n)", token)));
        using var holder = Some.ForeignConnection(_folder.Store);
        holder.Run("BEGIN IMMEDIATE");
        var appends = Enumerable.Range(0, 50).Select(i => storage.AppendAsync(Some.Append(i % 2 == 0 ? "shared" : $"s{i}", ExpectedVersion.Any, Some.Event($"type{i}"), Some.Event($"type{i}")) with
        {
            ReadModels = async (transaction, token) =>
            {
                var count = await CountAsync(transaction, "count", token);
                if (i % 4 == 0) await Task.Yield();
                if (!withTables && i % 3 == 0) throw new FormatException($"{i}");
                return new()
                {
                    Changes = [Note("count", $"{count + 1}"), Note($"at {transaction.Events[0].Position}", transaction.Events[1].Type)],
                    Tables = !withTables ? null : async (connection, inner) =>
                    {
                        await RunAsync(connection, $"INSERT INTO numbers VALUES ({i})", inner);
                        if (i % 3 == 0) throw new FormatException($"{i}");
                    },
                };
            },
        }).AsTask()).ToList();
        holder.Run("ROLLBACK");
        for (var i = 0; i < appends.Count; i++)
        {
            if (i % 3 == 0) (await FluentActions.Awaiting(() => appends[i]).Should().ThrowAsync<FormatException>()).WithMessage($"{i}");
            else await appends[i];
        }

        var log = await Some.LogOf(storage);
        log.Should().HaveCount(2 * 33);
        log.Select(e => e.Position).Should().Equal(Enumerable.Range(1, 66).Select(p => (long)p));
        foreach (var stream in log.GroupBy(e => e.Stream)) stream.Select(e => e.Version).Should().Equal(Enumerable.Range(1, stream.Count()).Select(v => (long)v));
        (await storage.ReadModels.TextOf(Notes.Name, "count")).Should().Be("33", "each saw those before it");
        for (var i = 1; i < 50; i += i % 3)
        {
            var position = (await appends[i]).Position - 1;
            (await storage.ReadModels.TextOf(Notes.Name, $"at {position}")).Should().Be($"type{i}");
        }

        (await storage.ReadModels.CountAsync(Notes.Name, [])).Should().Be(34);
        if (withTables) (await storage.ReadSql<string>("SELECT count(*) || ' ' || sum(n % 3 = 0) FROM numbers")).Should().Be("33 0");
    }

    [Fact]
    public async Task Append_sees_the_log_of_all_before_it_and_leaves_no_uncommitted_name_behind()
    {
        await using var storage = await CreateAsync();
        using var holder = Some.ForeignConnection(_folder.Store);
        holder.Run(Some.IndexThatFailsFor("bad"));
        holder.Run("BEGIN IMMEDIATE");
        var seen = new List<string>();
        var first = storage.AppendAsync(Some.Append("lost", 0, Some.Event("lost-type"))).AsTask();
        var second = storage.AppendAsync(Some.Append("lost-too", 0, Some.Event("lost-type-too", "bad")) with
        {
            ReadModels = async (transaction, token) =>
            {
                using var page = await transaction.ReadLogAsync(new LogRead(), token);
                foreach (var e in page.Events) seen.Add($"{e.Position} {e.Stream} {e.Type}");
                return new();
            },
        }).AsTask();
        holder.Run("ROLLBACK");
        await FluentActions.Awaiting(() => second).Should().ThrowAsync<StorageFailedException>();
        await FluentActions.Awaiting(() => first).Should().ThrowAsync<StorageFailedException>("they share a transaction");
        seen.Should().Equal("1 lost lost-type");

        await storage.AppendAsync(Some.Append("other", 0, Some.Event("other-type")));
        using var after = await storage.ReadLogAsync(new LogRead());
        after.Events.ToArray().Select(e => $"{e.Stream} {e.Type}").Should().Equal(["other other-type"], "the numbers of the lost names are used again");
    }

    [Fact]
    public async Task Append_shows_events_as_they_then_stand()
    {
        await using var storage = await CreateAsync();
        await storage.AppendAsync(Some.Append("a", 0, Some.Event(), Some.Event()));
        List<(long, string, long, Guid, string, DateTimeOffset, string)> seen = [];
        var request = new AppendRequest([new("b", 0, [Some.Event("t1", "1", null, "x", "y")]), new("a", 2, [Some.Event("t2", "2"), Some.Event("t3", "3")])])
        {
            ReadModels = (transaction, _) =>
            {
                seen = [.. transaction.Events.Select(Facts)];
                return new(new ReadModelCommit());
            },
        };
        await storage.AppendAsync(request);
        using var page = await storage.ReadLogAsync(new LogRead { After = 2 });
        seen.Should().Equal(page.Events.ToArray().Select(Facts));

        static (long, string, long, Guid, string, DateTimeOffset, string) Facts(StoredEvent e) =>
            (e.Position, e.Stream, e.Version, e.Id, e.Type, e.RecordedAt, Encoding.UTF8.GetString(e.Data.Span) + string.Join(',', e.Tags));
    }

    [Fact]
    public async Task Append_repeated_does_not_run_the_callback_again()
    {
        await using var storage = await CreateAsync();
        var calls = 0;
        var request = Some.Append("s", ExpectedVersion.Any) with
        {
            ReadModels = (_, _) =>
            {
                calls++;
                return new(new ReadModelCommit { Changes = [Note("n", $"{calls}")] });
            },
        };
        var result = await storage.AppendAsync(request);
        for (var i = 0; i < 3; i++) (await storage.AppendAsync(request)).Position.Should().Be(result.Position);
        calls.Should().Be(1);
    }

    [Fact]
    public async Task Append_refused_by_a_guard_of_its_read_models_writes_nothing()
    {
        await using var storage = await CreateAsync();
        await storage.ReadModels.CommitAsync(new() { Changes = [Note("n", "1")] });
        var before = await Contents(_folder.Store);
        foreach (var (commit, error) in ((ReadModelCommit, Type)[])
        [
            (new() { Guards = [new(Notes.Name, "n", Encoding.UTF8.GetBytes("2"))], Changes = [Note("n", "3")] }, typeof(ReadModelConflictException)),
            (new() { Guards = [new(Notes.Name, "n", null)] }, typeof(ReadModelConflictException)),
            (new() { Guards = [new("none", "n", Array.Empty<byte>())] }, typeof(ReadModelConflictException)),
            (new() { Changes = [Note("n", "3"), Order("o")] }, typeof(ArgumentException)),
            (new() { Changes = [Note("n"), Note("n")] }, typeof(ArgumentException)),
            (new() { Creates = [Notes with { Fields = Orders.Fields }], Tables = (c, t) => RunAsync(c, "CREATE TABLE x (y)", t) }, typeof(ArgumentException)),
        ])
        {
            var append = () => storage.AppendAsync(Some.Append("s", 0) with { ReadModels = (_, _) => new(commit) }).AsTask();
            (await append.Should().ThrowAsync<Exception>()).Which.Should().BeOfType(error);
            (await Contents(_folder.Store)).Should().Be(before);
        }

        (await storage.AppendAsync(Some.Append("s", 0))).Position.Should().Be(1);
    }

    [Fact]
    public async Task Append_whose_sql_ends_the_transaction_is_refused_and_knows_nothing_wrong_afterwards()
    {
        await using var storage = await CreateAsync();
        var refused = () => storage.AppendAsync(Some.Append("s", 0) with { ReadModels = (_, _) => new(Tables((c, t) => RunAsync(c, "COMMIT", t))) }).AsTask();
        await refused.Should().ThrowAsync<InvalidOperationException>();
        (await storage.AppendAsync(Some.Append("s", 0))).Position.Should().Be(1);
    }

    [Fact]
    public async Task Read_from_the_transaction_when_it_is_over_says_so()
    {
        await using var storage = await CreateAsync();
        IAppendTransaction? kept = null;
        await storage.AppendAsync(Some.Append("s", 0) with
        {
            ReadModels = (transaction, _) =>
            {
                kept = transaction;
                return new(new ReadModelCommit());
            },
        });
        await FluentActions.Awaiting(() => kept!.LoadAsync(Notes.Name, ["n"]).AsTask()).Should().ThrowAsync<InvalidOperationException>();
        await FluentActions.Awaiting(() => kept!.ReadLogAsync(new LogRead()).AsTask()).Should().ThrowAsync<InvalidOperationException>();
    }

    [Fact]
    public async Task Append_from_two_handles_changes_one_counter_without_loss()
    {
        await using var first = await CreateAsync();
        await using var second = new SqliteEventStorage(_folder.Store);
        await Task.WhenAll(Enumerable.Range(0, 60).Select(i => Task.Run(async () =>
            await (i % 2 == 0 ? first : second).AppendAsync(Some.Append($"s{i}", 0) with
            {
                ReadModels = async (transaction, token) => new() { Changes = [Note("count", $"{await CountAsync(transaction, "count", token) + 1}")] },
            }))));
        (await first.ReadModels.TextOf(Notes.Name, "count")).Should().Be("60");
    }

    private static async Task<int> CountAsync(IAppendTransaction transaction, string key, CancellationToken token) =>
        (await transaction.LoadAsync(Notes.Name, [key], token))[0] is { } data ? int.Parse(Encoding.UTF8.GetString(data), System.Globalization.CultureInfo.InvariantCulture) : 0;

    private async Task<SqliteEventStorage> CreateAsync()
    {
        var storage = new SqliteEventStorage(_folder.Store);
        await storage.ReadModels.CommitAsync(new() { Creates = [Notes] });
        return storage;
    }
}
