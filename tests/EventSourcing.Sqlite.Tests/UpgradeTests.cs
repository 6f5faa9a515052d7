using System.Globalization;
using System.Text;
using EventSourcing.Sqlite.Tests.ReadModels;
using Microsoft.Data.Sqlite;

namespace EventSourcing.Sqlite.Tests;

public sealed class UpgradeTests : IDisposable
{
    private const int Count = 3_000;
    private readonly TemporaryFolder _folder = new();

    public void Dispose() => _folder.Dispose();

    [Fact]
    public async Task Open_a_file_of_version_1_keeps_all_that_is_in_it_and_gives_it_a_tree()
    {
        var before = await MakeVersion1Async();
        await using (var storage = new SqliteEventStorage(_folder.Store))
        {
            (await EverythingOfAsync(storage)).Should().Equal(before);
            await Tree.ExpectWholeAsync(storage);
            (await storage.Ledger.GetFrontierAsync()).Size.Should().Be(Count);
            (await storage.ReadModels.TextOf("shop", "k7")).Should().Be("document 7");
            (await storage.ReadModels.CountAsync("shop", [new FieldCondition("city", FieldComparison.Equal, new FieldValue("Bonn"))])).Should().Be(10);
            (await storage.ReadSql<long>("SELECT count(*) FROM event_log")).Should().Be(Count);
            (await storage.ReadSql<long>("SELECT count(*) FROM positions_of_mine")).Should().Be(2, "the app's view names the events");
            (await storage.ReadSql<string>("SELECT sql FROM sqlite_master WHERE name = 'mine'")).Should().Be("CREATE TABLE mine (position INTEGER REFERENCES events (position))");

            using var tagged = await storage.ReadLogAsync(new LogRead { Filter = EventQuery.WithTags("t3"), WithSeals = true, Limit = Count });
            tagged.Events.ToArray().Select(e => e.Position).Should().HaveCountGreaterThan(200).And.Equal(before.Where(e => e.Contains(",t3,", StringComparison.Ordinal)).Select(e => long.Parse(e.Split(' ')[0], CultureInfo.InvariantCulture)));
            tagged.Events.ToArray().Select(e => Convert.ToHexString(e.Seal.Span)).Should().OnlyHaveUniqueItems();
            (await storage.AppendAsync(Some.Append("s-1", Count / 7 + 1))).Position.Should().Be(Count + 1);
        }

        await using var reopened = new SqliteEventStorage(_folder.Store);
        await Tree.ExpectWholeAsync(reopened);
        (await EverythingOfAsync(reopened)).Take(Count).Should().Equal(before);
        using var foreign = Some.ForeignConnection(_folder.Store);
        foreign.Run("PRAGMA user_version").Should().Be(2L);
        foreign.Run("PRAGMA integrity_check").Should().Be("ok");
        foreign.Run("SELECT count(*) FROM sqlite_master WHERE name LIKE '%version_1%'").Should().Be(0L);
        foreign.Run("SELECT count(*) FROM pragma_foreign_key_check").Should().Be(0L);
    }

    [Theory]
    [InlineData("read")]
    [InlineData("query")]
    [InlineData("append")]
    [InlineData("frontier")]
    [InlineData("load")]
    public async Task Open_a_file_of_version_1_by_any_first_call_upgrades_it(string call)
    {
        await MakeVersion1Async(300);
        await using var storage = new SqliteEventStorage(_folder.Store);
        switch (call)
        {
            case "read": (await Some.LogOf(storage)).Should().HaveCount(300); break;
            case "query": (await storage.ReadSql<long>("SELECT count(*) FROM event_log")).Should().Be(300); break;
            case "append": (await storage.AppendAsync(Some.Append("new", 0))).Position.Should().Be(301); break;
            case "frontier": (await storage.Ledger.GetFrontierAsync()).Size.Should().Be(300); break;
            default: (await storage.ReadModels.TextOf("shop", "k7")).Should().Be("document 7"); break;
        }

        await Tree.ExpectWholeAsync(storage);
    }

    [Fact]
    public async Task Open_an_empty_file_of_version_1_gives_it_an_empty_tree()
    {
        var today = _folder.FileNamed("today.db");
        await using (var storage = new SqliteEventStorage(today)) await storage.GetHeadAsync();
        OldStore.MakeVersion1Of(today, _folder.Store);
        await using var upgraded = new SqliteEventStorage(_folder.Store);
        (await upgraded.Ledger.GetFrontierAsync()).Size.Should().Be(0);
        await upgraded.AppendAsync(Some.Append("s", 0));
        await Tree.ExpectWholeAsync(upgraded);
    }

    [Fact]
    public async Task Open_a_file_of_version_1_by_many_handles_at_once_upgrades_it_once()
    {
        var before = await MakeVersion1Async();
        var handles = Enumerable.Range(0, 6).Select(_ => new SqliteEventStorage(_folder.Store)).ToList();
        await Task.WhenAll(handles.Select((handle, i) => Task.Run(async () =>
        {
            if (i % 2 == 0) (await handle.GetHeadAsync()).Should().BeGreaterThanOrEqualTo(Count);
            await handle.AppendAsync(Some.Append($"new-{i}", 0));
        })));
        foreach (var handle in handles) await Tree.ExpectWholeAsync(handle);
        (await EverythingOfAsync(handles[0])).Take(Count).Should().Equal(before);
        (await handles[0].GetHeadAsync()).Should().Be(Count + 6);
        foreach (var handle in handles) await handle.DisposeAsync();
    }

    [Fact]
    public async Task Open_a_file_of_version_1_by_two_processes_at_once_upgrades_it_once()
    {
        var before = await MakeVersion1Async();
        var workers = Enumerable.Range(0, 2).Select(_ => WorkerProgram.Start("open", _folder.Store)).ToList();
        foreach (var worker in workers)
        {
            (await worker.StandardOutput.ReadToEndAsync()).Should().Be($"opening\n{Count}\n");
            await worker.WaitForExitAsync();
            worker.Dispose();
        }

        await using var storage = new SqliteEventStorage(_folder.Store);
        (await EverythingOfAsync(storage)).Should().Equal(before);
        await Tree.ExpectWholeAsync(storage);
    }

    [Fact]
    public async Task Kill_of_a_process_that_upgrades_leaves_one_version_or_the_other()
    {
        var before = await MakeVersion1Async();
        var old = _folder.FileNamed("old.db");
        File.Move(_folder.Store, old);
        foreach (var delay in new[] { 0, 10, 20, 30, 40, 60, 90, 130 })
        {
            var path = _folder.FileNamed($"killed-{delay}.db");
            File.Copy(old, path);
            using (var worker = WorkerProgram.Start("open", path))
            {
                (await worker.StandardOutput.ReadLineAsync()).Should().Be("opening");
                await Task.Delay(delay);
                worker.Kill();
                await worker.WaitForExitAsync();
            }

            using (var foreign = Some.ForeignConnection(path))
            {
                foreign.Run("PRAGMA integrity_check").Should().Be("ok");
                foreign.Run("SELECT count(*) FROM events").Should().Be((long)Count);
                var isUpgraded = foreign.Run("PRAGMA user_version").Should().BeOneOf(1L, 2L).And.Subject.Equals(2L);
                foreign.Run("SELECT count(*) FROM sqlite_master WHERE name LIKE 'ledger%' AND type = 'table'").Should().Be(isUpgraded ? 3L : 0L);
                foreign.Run("SELECT count(*) FROM pragma_table_info('events') WHERE name = 'seal'").Should().Be(isUpgraded ? 1L : 0L);
            }

            await using var storage = new SqliteEventStorage(path);
            (await EverythingOfAsync(storage)).Should().Equal(before);
            await Tree.ExpectWholeAsync(storage);
        }
    }

    [Theory]
    [InlineData("UPDATE events SET tags = '[\"' WHERE position = 2000", "position 2000 is not as it was stored")]
    [InlineData("UPDATE events SET version = 0 WHERE position = 2", "position 2 is not as it was stored")]
    [InlineData("UPDATE events SET stream = 1000 WHERE position = 3000", "position 3000 is missing")]
    [InlineData("UPDATE events SET position = 3001 WHERE position = 1500", "position 1500 is missing")]
    [InlineData("DROP INDEX events_by_id", "no 'events_by_id'")]
    [InlineData("DROP VIEW event_log; CREATE VIEW event_log AS SELECT 1", "definition of 'event_log'")]
    public async Task Open_a_file_of_version_1_that_is_damaged_is_refused_and_leaves_it_as_it_is(string damage, string finding)
    {
        await MakeVersion1Async();
        using var foreign = Some.ForeignConnection(_folder.Store);
        if (damage.StartsWith("UPDATE", StringComparison.Ordinal)) foreign.RunPast("events_refuse_update", damage);
        else foreign.Run(damage);
        var schema = foreign.Run("SELECT group_concat(sql) FROM (SELECT sql FROM sqlite_master ORDER BY name)");
        await using var storage = new SqliteEventStorage(_folder.Store);
        await FluentActions.Awaiting(() => storage.GetHeadAsync().AsTask()).Should().ThrowAsync<StoreCorruptedException>().WithMessage($"*{finding}*");
        await FluentActions.Awaiting(() => storage.AppendAsync(Some.Append("s", ExpectedVersion.Any)).AsTask()).Should().ThrowAsync<StoreCorruptedException>().WithMessage($"*{finding}*");
        foreign.Run("PRAGMA user_version").Should().Be(1L);
        foreign.Run("SELECT group_concat(sql) FROM (SELECT sql FROM sqlite_master ORDER BY name)").Should().Be(schema);
    }

    [Fact]
    public async Task Append_by_a_process_that_still_knows_version_1_is_refused_by_the_upgraded_file()
    {
        await MakeVersion1Async(10);
        using var old = Some.ForeignConnection(_folder.Store);
        using var insert = old.CreateCommand();
        insert.CommandText = "INSERT INTO events (position, stream, version, type, id, recorded, data, metadata, tags) SELECT max(position) + 1, 1, 1000, 1, randomblob(16), 0, x'00', NULL, NULL FROM events";
        insert.Prepare();
        await using var storage = new SqliteEventStorage(_folder.Store);
        await storage.GetHeadAsync();
        insert.Invoking(i => i.ExecuteNonQuery()).Should().Throw<SqliteException>().WithMessage("*events.seal*");
        await storage.AppendAsync(Some.Append("s", ExpectedVersion.Any));
        await Tree.ExpectWholeAsync(storage);
    }

    /// <summary>A file of version 1 with events, tags, metadata, read models, an alias and an app's own table and view.</summary>
    private async Task<List<string>> MakeVersion1Async(int count = Count)
    {
        var today = _folder.FileNamed("today.db");
        await using var storage = new SqliteEventStorage(today);
        for (var n = 1; n <= count; n += 50)
        {
            var events = Enumerable.Range(n, Math.Min(50, count + 1 - n));
            await storage.AppendAsync(new AppendRequest([.. events.GroupBy(i => i % 7).Select(stream => new StreamWrite($"s-{stream.Key}", ExpectedVersion.Any, [.. stream.Select(i =>
                Some.Event($"type {i % 4}", $$"""{"n":{{i}},"text":"{{new string('x', i % 211)}}é"}""", tags: i % 11 == 0 ? [] : [$"z{i}", $"t{i % 10}", "all"]) with { Metadata = i % 5 == 0 ? Encoding.UTF8.GetBytes($"by {i}") : default })]))]));
        }

        await storage.ReadModels.CommitAsync(new()
        {
            Creates = [SomeReadModel.Orders, SomeReadModel.Notes],
            Aliases = [new("shop", SomeReadModel.Orders.Name)],
            Changes = [.. Enumerable.Range(0, 20).Select(i => SomeReadModel.Order($"k{i}", i % 2 == 0 ? "Bonn" : "Köln", i, i, $"document {i}"))],
        });
        await storage.ReadModels.CommitAsync(SomeReadModel.Tables((connection, _) =>
        {
            connection.Run("CREATE TABLE mine (position INTEGER REFERENCES events (position))");
            connection.Run("INSERT INTO mine VALUES (1), (7)");
            connection.Run("CREATE VIEW positions_of_mine AS SELECT e.position, e.version FROM events e JOIN mine m ON m.position = e.position");
            return ValueTask.CompletedTask;
        }));
        var everything = await EverythingOfAsync(storage);
        await storage.DisposeAsync();
        OldStore.MakeVersion1Of(today, _folder.Store);
        return everything;
    }

    private static async Task<List<string>> EverythingOfAsync(SqliteEventStorage storage)
    {
        var all = new List<string>();
        for (var read = new LogRead(); ;)
        {
            using var page = await storage.ReadLogAsync(read);
            foreach (var e in page.Events)
                all.Add($"{e.Position} {e.Stream} {e.Version} {e.Id} {e.Type} {e.RecordedAt:O} {Convert.ToHexString(e.Data.Span)} {Convert.ToHexString(e.Metadata.Span)} [{string.Join(',', e.Tags)}]");
            if (page.IsEnd) return all;
            read = read with { After = page.Next };
        }
    }
}
