using System.Diagnostics;
using System.Globalization;
using System.Text;
using EventSourcing.Sqlite.Tests.ReadModels;
using Microsoft.Data.Sqlite;

namespace EventSourcing.Sqlite.Tests.Erasure;

/// <summary>What an erasure leaves in the file and beside it, byte by byte.</summary>
public sealed class ErasedBytesTests : IDisposable
{
    private readonly TemporaryFolder _folder = new();

    public void Dispose() => _folder.Dispose();

    [Theory]
    [InlineData(1)]
    [InlineData(2)]
    [InlineData(3)]
    public async Task Erase_at_random_leaves_no_copy_of_a_payload_in_any_file(int seed)
    {
        // Sizes below and above what fits a cell and a page; streams and instants such that cells move and pages split.
        var random = new Random(seed);
        await using var storage = new SqliteEventStorage(_folder.Store);
        var all = new List<string>();
        while (all.Count < 600)
        {
            var events = Enumerable.Range(0, random.Next(1, 40)).Select(_ => Secret(all, random)).ToArray();
            await storage.AppendAsync(Some.Append($"s-{random.Next(20)}", ExpectedVersion.Any, events));
        }

        var erased = new HashSet<int>();
        for (var round = 0; round < 12; round++)
        {
            var from = random.Next(all.Count);
            var chosen = (round % 2 == 0 ? Enumerable.Range(0, all.Count).OrderBy(_ => random.Next()).Take(40) : Enumerable.Range(from, Math.Min(60, all.Count - from))).ToList();
            erased.UnionWith(chosen);
            await storage.AppendAsync(Erasing([.. chosen.Select(i => i + 1L)]));
            await storage.AppendAsync(Some.Append("later", ExpectedVersion.Any, [.. Enumerable.Range(0, random.Next(1, 10)).Select(_ => Some.Event(data: new string('.', random.Next(3000))))]));
            var bytes = await FilesAsync();
            for (var i = 0; i < all.Count; i++) bytes.Contains(all[i], StringComparison.Ordinal).Should().Be(!erased.Contains(i), $"event {i + 1} is {(erased.Contains(i) ? "" : "not ")}erased, after round {round}");
        }

        await Tree.ExpectWholeAsync(storage);
        using var foreign = Some.ForeignConnection(_folder.Store);
        foreign.Run("PRAGMA integrity_check").Should().Be("ok");
    }

    [Fact]
    public async Task Erase_in_a_file_of_version_1_leaves_no_copy_of_what_the_upgrade_moved()
    {
        var todays = _folder.FileNamed("todays.db");
        var all = new List<string>();
        await using (var storage = new SqliteEventStorage(todays))
        {
            for (var i = 0; i < 300; i++) await storage.AppendAsync(Some.Append("s", ExpectedVersion.Any, Secret(all, new Random(i))));
        }

        OldStore.MakeVersion1Of(todays, _folder.Store);
        await using var upgraded = new SqliteEventStorage(_folder.Store);
        await upgraded.AppendAsync(Erasing([.. Enumerable.Range(1, 300).Select(p => (long)p)]));
        var bytes = await FilesAsync();
        all.Where(secret => bytes.Contains(secret, StringComparison.Ordinal)).Should().BeEmpty();
    }

    [Fact]
    public async Task Erase_while_another_reader_is_at_its_snapshot_removes_the_copies_with_a_later_commit()
    {
        await using var storage = new SqliteEventStorage(_folder.Store);
        var all = new List<string>();
        await storage.AppendAsync(Some.Append("s", 0, Secret(all, new Random(1)), Some.Event()));
        using (var reader = Some.ForeignConnection(_folder.Store))
        {
            reader.Run("BEGIN; SELECT count(*) FROM events");
            await storage.AppendAsync(Erasing([1]));
            (await FilesAsync()).Should().Contain(all[0], "the reader's view still has it");
            reader.Run("SELECT CAST(data AS TEXT) FROM events WHERE position = 1").As<string>().Should().StartWith(all[0]);
            reader.Run("COMMIT");
        }

        var deadline = Stopwatch.StartNew();
        while ((await FilesAsync()).Contains(all[0], StringComparison.Ordinal))
        {
            deadline.Elapsed.Should().BeLessThan(TimeSpan.FromSeconds(20));
            await storage.AppendAsync(Some.Append("later", ExpectedVersion.Any));
            await Task.Delay(50);
        }
    }

    [Fact]
    public async Task Open_what_somebody_left_who_died_after_an_erasure_removes_the_copies_with_the_first_commit()
    {
        var all = new List<string>();
        await using (var storage = new SqliteEventStorage(_folder.Store))
        {
            await storage.AppendAsync(Some.Append("s", 0, Secret(all, new Random(1)), Some.Event()));
            using var reader = Some.ForeignConnection(_folder.Store);
            reader.Run("BEGIN; SELECT count(*) FROM events");
            await storage.AppendAsync(Erasing([1]));

            // As the files lie when the process is killed now.
            await CopyAsync(_folder.Store, _folder.FileNamed("killed.db"));
            reader.Run("COMMIT");
        }

        await using var reopened = new SqliteEventStorage(_folder.FileNamed("killed.db"));
        (await Some.LogOf(reopened)).Should().HaveCount(3);
        await reopened.AppendAsync(Some.Append("s", 2));
        (await FilesAsync("killed.db")).Should().NotContain(all[0]);
    }

    /// <summary>Both that which was killed and that which comes after reach the file by a link, so the file's log has another folder and name.</summary>
    [Fact]
    public async Task Open_by_a_symbolic_link_what_somebody_left_who_died_after_an_erasure_removes_the_copies_with_the_first_commit()
    {
        if (OperatingSystem.IsWindows()) return;
        Directory.CreateDirectory(_folder.FileNamed("data"));
        var link = _folder.FileNamed("link.db");
        File.CreateSymbolicLink(link, "data/real.db");
        var all = new List<string>();
        await using (var storage = new SqliteEventStorage(link))
        {
            await storage.AppendAsync(Some.Append("s", 0, Secret(all, new Random(1)), Some.Event()));
            using var reader = Some.ForeignConnection(_folder.FileNamed("data/real.db"));
            reader.Run("BEGIN; SELECT count(*) FROM events");
            await storage.AppendAsync(Erasing([1]));

            // As the files lie when the process is killed now.
            await CopyAsync(_folder.FileNamed("data/real.db"), _folder.FileNamed("data/killed.db"));
            reader.Run("COMMIT");
        }

        (await FilesAsync("data/killed.db")).Should().Contain(all[0], "it died before it could remove the copies");
        var other = _folder.FileNamed("other.db");
        File.CreateSymbolicLink(other, "data/killed.db");
        await using var reopened = new SqliteEventStorage(other);
        await reopened.AppendAsync(Some.Append("s", 2));
        (await FilesAsync("data/killed.db")).Should().NotContain(all[0]);
    }

    [Fact]
    public async Task Erase_takes_effect_for_other_connections_and_survives_reopening()
    {
        await using (var storage = new SqliteEventStorage(_folder.Store))
        {
            await storage.AppendAsync(Some.Append("s", 0, Some.Event(data: "first"), Some.Event(data: "second")));
            await using var other = new SqliteEventStorage(_folder.Store);
            (await Some.LogOf(other))[0].Data.Should().Be("first");
            await storage.AppendAsync(Erasing([1]));
            (await Some.LogOf(other))[0].Data.Should().Be("");
            await other.AppendAsync(Erasing([2]));
            (await Some.LogOf(storage))[1].Data.Should().Be("");
        }

        await using var reopened = new SqliteEventStorage(_folder.Store);
        using var page = await reopened.ReadLogAsync(new LogRead());
        page.Events.ToArray().Select(e => e.IsErased).Should().Equal(true, true, false, false);
        await Tree.ExpectWholeAsync(reopened);
    }

    [Fact]
    public async Task Look_at_erased_events_in_the_view_shows_no_data()
    {
        await using var storage = new SqliteEventStorage(_folder.Store);
        await storage.AppendAsync(Some.Append("s", 0, Some.Event(data: """{"customer":"Ann"}"""), Some.Event(data: """{"customer":"Bob"}""")));
        await storage.AppendAsync(Erasing([1]));
        (await storage.ReadSql<string>("SELECT group_concat(coalesce(json_extract(data, '$.customer'), 'erased'), ',') FROM (SELECT data FROM event_log WHERE stream = 's' ORDER BY position)")).Should().Be("erased,Bob");
    }

    public static TheoryData<string> RefusedUpdates => new(
        "seal = zeroblob(32)",
        "data = x''",
        "seal = zeroblob(32), data = x'01'",
        "seal = zeroblob(31), data = x''",
        "seal = zeroblob(33), data = x''",
        "seal = NULL, data = x''",
        "seal = zeroblob(32), data = NULL",
        "seal = zeroblob(32), data = ''",
        "seal = zeroblob(32), data = x'', metadata = x'01'",
        "seal = zeroblob(32), data = x'', metadata = NULL",
        "seal = zeroblob(32), data = x'', tags = NULL",
        "seal = zeroblob(32), data = x'', tags = '[]'",
        "seal = zeroblob(32), data = x'', version = 7",
        "seal = zeroblob(32), data = x'', stream = 7",
        "seal = zeroblob(32), data = x'', type = 7",
        "seal = zeroblob(32), data = x'', id = randomblob(16)",
        "seal = zeroblob(32), data = x'', recorded = recorded + 1",
        "seal = zeroblob(32), data = x'', position = 70");

    [Theory]
    [MemberData(nameof(RefusedUpdates))]
    public async Task Update_anything_but_what_an_erasure_does_is_refused(string set)
    {
        await using var storage = new SqliteEventStorage(_folder.Store);
        await storage.AppendAsync(Some.Append("s", 0, Some.Event(tags: ["t"]) with { Metadata = "{}"u8.ToArray() }));
        using var foreign = Some.ForeignConnection(_folder.Store);
        var update = () => foreign.Run($"UPDATE events SET {set} WHERE position = 1");
        update.Should().Throw<SqliteException>().Where(e => e.SqliteErrorCode == 19);
        foreign.Run("SELECT length(seal) || ' ' || CAST(data AS TEXT) || ' ' || CAST(metadata AS TEXT) || ' ' || tags FROM events").Should().Be("16 {} {} [\"t\"]");
    }

    [Theory]
    [InlineData("seal = randomblob(16)")]
    [InlineData("seal = randomblob(32)")]
    [InlineData("data = x'01'")]
    [InlineData("seal = randomblob(16), data = x'01'")]
    public async Task Update_an_erased_event_is_refused(string set)
    {
        await using var storage = new SqliteEventStorage(_folder.Store);
        await storage.AppendAsync(Some.Append("s", 0));
        await storage.AppendAsync(Erasing([1]));
        using var foreign = Some.ForeignConnection(_folder.Store);
        FluentActions.Invoking(() => foreign.Run($"UPDATE events SET {set} WHERE position = 1")).Should().Throw<SqliteException>().WithMessage("*append-only*");
    }

    private static NewEvent Secret(List<string> all, Random random)
    {
        var secret = string.Create(CultureInfo.InvariantCulture, $"secret-{all.Count:D5}-{random.NextInt64():X16}");
        all.Add(secret);
        return Some.Event(data: secret + new string('x', random.Next(4) switch { 0 => 0, 1 => random.Next(200), 2 => random.Next(3000), _ => random.Next(12_000) }));
    }

    private static AppendRequest Erasing(long[] positions) =>
        new([new StreamWrite(PayloadsErased.StreamName, ExpectedVersion.Any, [new NewEvent(Guid.CreateVersion7(), PayloadsErased.TypeName, new PayloadsErased([.. positions.Order()], "r", null).ToBytes())])]) { Erase = positions };

    /// <summary>All bytes of the store's files. Read by another process: closing them here would drop SQLite's locks.</summary>
    private async Task<string> FilesAsync(string name = "store.db")
    {
        await CopyAsync(_folder.FileNamed(name), _folder.FileNamed("copy"));
        return Encoding.Latin1.GetString([.. await File.ReadAllBytesAsync(_folder.FileNamed("copy")), .. await File.ReadAllBytesAsync(_folder.FileNamed("copy-wal"))]);
    }

    private static async Task CopyAsync(string from, string to)
    {
        foreach (var suffix in new[] { "", "-wal" }) await SystemCommand.RunAsync("cp", from + suffix, to + suffix);
    }
}
