using EventSourcing.Sqlite.Tests.ReadModels;
using Microsoft.Data.Sqlite;

namespace EventSourcing.Sqlite.Tests;

public sealed class FileTests : IDisposable
{
    private readonly TemporaryFolder _folder = new();

    public void Dispose() => _folder.Dispose();

    [Fact]
    public async Task Reopen_finds_everything_as_it_was()
    {
        var e = Some.Event("typed", """{"a":1}""", tags: ["x", "y"]) with { Metadata = "{}"u8.ToArray() };
        await using (var storage = new SqliteEventStorage(_folder.Store))
        {
            await storage.AppendAsync(Some.Append("s", 0, e));
            await storage.ReadModels.CommitAsync(new() { Creates = [SomeReadModel.Orders], Aliases = [new("p", SomeReadModel.Orders.Name)], Changes = [SomeReadModel.Order("k", "Bonn", data: "doc")] });
        }

        File.Exists(_folder.Store + "-wal").Should().BeFalse("the last to close moves the log into the file");
        await using var reopened = new SqliteEventStorage(_folder.Store);
        using var page = await reopened.ReadStreamAsync(new StreamRead("s"));
        var stored = page.Events[0];
        (stored.Position, stored.Version, stored.Type, stored.Id).Should().Be((1, 1, "typed", e.Id));
        stored.Data.ToArray().Should().Equal(e.Data.ToArray());
        stored.Metadata.ToArray().Should().Equal(e.Metadata.ToArray());
        stored.Tags.Should().Equal("x", "y");
        (await reopened.ReadModels.QueryAsync("p", new() { OrderBy = "city" })).Should().ContainSingle().Which.OrderedBy.Should().Be(new FieldValue("Bonn"));
        (await reopened.ReadModels.LoadAsync("p", ["k"]))[0].Should().Equal("doc"u8.ToArray());
        (await reopened.AppendAsync(Some.Append("s", 0, e))).WasAlreadyStored.Should().BeTrue();
    }

    [Fact]
    public async Task Open_touches_nothing_until_first_used()
    {
        await using (new SqliteEventStorage(_folder.Store))
        {
            File.Exists(_folder.Store).Should().BeFalse();
        }

        File.Exists(_folder.Store).Should().BeFalse();
    }

    [Fact]
    public async Task Open_of_a_file_that_is_no_database_is_refused_and_leaves_it_alone()
    {
        var content = string.Concat(Enumerable.Repeat("Dear diary, ", 200));
        await File.WriteAllTextAsync(_folder.Store, content);
        await RefusedAsync("not a SQLite database");
        (await File.ReadAllTextAsync(_folder.Store)).Should().Be(content);
    }

    [Fact]
    public async Task Open_of_another_applications_database_is_refused_and_leaves_it_alone()
    {
        using (var foreign = Some.ForeignConnection(_folder.Store)) foreign.Run("CREATE TABLE theirs (x); INSERT INTO theirs VALUES (1)");
        var before = await File.ReadAllBytesAsync(_folder.Store);
        await RefusedAsync("another application");
        (await File.ReadAllBytesAsync(_folder.Store)).Should().Equal(before);
        Directory.GetFiles(Path.GetDirectoryName(_folder.Store)!).Should().ContainSingle();
    }

    [Fact]
    public async Task Open_of_a_newer_schema_is_refused()
    {
        await CreateAsync();
        using (var foreign = Some.ForeignConnection(_folder.Store)) foreign.Run("PRAGMA user_version = 999");
        await RefusedAsync("version 999");
    }

    [Theory]
    [InlineData("DROP TRIGGER events_refuse_update")]
    [InlineData("DROP INDEX events_by_id")]
    [InlineData("DROP VIEW event_log; CREATE VIEW event_log AS SELECT 1")]
    [InlineData("CREATE TRIGGER mine INSTEAD OF INSERT ON event_log BEGIN SELECT 1; END")]
    [InlineData("CREATE TRIGGER mine AFTER UPDATE ON LEDGER BEGIN SELECT 1; END")]
    public async Task Open_of_a_tampered_schema_is_refused(string tampering)
    {
        await CreateAsync();
        using (var foreign = Some.ForeignConnection(_folder.Store)) foreign.Run(tampering);
        await using var storage = new SqliteEventStorage(_folder.Store);
        await FluentActions.Awaiting(() => storage.GetHeadAsync().AsTask()).Should().ThrowAsync<StoreCorruptedException>();
        await FluentActions.Awaiting(() => storage.AppendAsync(Some.Append("s", ExpectedVersion.Any)).AsTask()).Should().ThrowAsync<StoreCorruptedException>();
    }

    [Theory]
    [InlineData("UPDATE events SET data = x'00'")]
    [InlineData("DELETE FROM events")]
    [InlineData("UPDATE streams SET name = 'x'")]
    [InlineData("DELETE FROM event_types")]
    [InlineData("DELETE FROM event_tags")]
    [InlineData("INSERT INTO events SELECT 300, stream, 2, type, id, recorded, seal, data, metadata, tags FROM events WHERE position = 1")]
    [InlineData("INSERT INTO events SELECT 300, stream, 2, type, randomblob(16), recorded, seal, 'text', metadata, tags FROM events WHERE position = 1")]
    [InlineData("INSERT INTO events SELECT 300, stream, 2, type, randomblob(16), recorded, x'00', data, metadata, tags FROM events WHERE position = 1")]
    [InlineData("UPDATE events SET seal = randomblob(16)")]
    [InlineData("DELETE FROM ledger")]
    [InlineData("DELETE FROM ledger_tiles")]
    [InlineData("UPDATE ledger_tiles SET hash = zeroblob(32)")]
    public async Task Change_of_stored_events_is_refused_by_the_database(string sql)
    {
        await CreateAsync();
        using var foreign = Some.ForeignConnection(_folder.Store);
        FluentActions.Invoking(() => foreign.Run(sql)).Should().Throw<SqliteException>().Which.SqliteErrorCode.Should().Be(19);
    }

    [Fact]
    public async Task Append_by_short_lived_handles_keeps_the_log_short()
    {
        // The other connection keeps the file open, as a crash would: nobody moves the log into the file on closing.
        await CreateAsync();
        using var other = Some.ForeignConnection(_folder.Store);
        other.Run("SELECT count(*) FROM events");
        for (var handle = 0; handle < 8; handle++)
        {
            await using var storage = new SqliteEventStorage(_folder.Store);
            for (var i = 0; i < 10; i++) await storage.AppendAsync(Some.Append("s", ExpectedVersion.Any, new NewEvent(Guid.CreateVersion7(), "large", new byte[500_000])));
        }

        new FileInfo(_folder.Store + "-wal").Length.Should().BeLessThan(25_000_000, "40 MB were written, and a checkpoint is due after 4 MiB");
    }

    [Fact]
    public async Task Event_log_view_shows_events_with_names()
    {
        var id = Guid.Parse("0190a6ff-1c2d-7e3f-8a4b-5c6d7e8f9a0b");
        var clock = new FixedClock(new DateTimeOffset(1993, 1, 2, 3, 4, 5, TimeSpan.Zero).AddTicks(678));
        await using (var storage = new SqliteEventStorage(_folder.Store, new SqliteEventStorageOptions { TimeProvider = clock }))
            await storage.AppendAsync(Some.Append("account-ann", 0, Some.Event("money-deposited", """{"amount":1}""", id, "t")));

        using var foreign = Some.ForeignConnection(_folder.Store);
        foreign.Run("SELECT position || ' ' || stream || ' ' || version || ' ' || type || ' ' || recorded_at || ' ' || data || ' ' || tags || ' ' || id FROM event_log")
            .Should().Be($$"""1 account-ann 1 money-deposited 1993-01-02T03:04:05.0000678Z {"amount":1} ["t"] {{id}}""");
    }

    [Fact]
    public async Task Append_into_a_missing_folder_fails_typed_and_works_once_it_is_there()
    {
        var folder = _folder.FileNamed("later");
        await using var storage = new SqliteEventStorage(Path.Combine(folder, "store.db"));
        var append = () => storage.AppendAsync(Some.Append("s", 0)).AsTask();
        (await append.Should().ThrowAsync<StorageFailedException>()).Which.OutcomeIsUnknown.Should().BeFalse();
        await FluentActions.Awaiting(() => storage.GetHeadAsync().AsTask()).Should().ThrowAsync<StorageFailedException>();
        Directory.CreateDirectory(folder);
        (await append()).Position.Should().Be(1);
    }

    [Fact]
    public async Task Write_ahead_log_stays_bounded()
    {
        var data = $"\"{new string('x', 100_000)}\"";
        await using var storage = new SqliteEventStorage(_folder.Store);
        for (var i = 0; i < 1_000; i++) await storage.AppendAsync(Some.Append("s", i, Some.Event(data: data)));
        new FileInfo(_folder.Store + "-wal").Length.Should().BeLessThan(40_000_000, "100 MB were written, and 4 MiB is when the log is moved into the file");
    }

    [Fact]
    public async Task Append_of_hostile_names_round_trips_through_the_file()
    {
        string[] names = ["'; DROP TABLE events; --", "a\"b", "%", "_", "é", "e\u0301", "\U0001F600", "\uE000", "\uFFFD", new string('\uFFFF', 200), "a", "A", " a", "a ", "null", "\u202Ertl", "../../etc/passwd", "[x]", "$type"];
        await using (var storage = new SqliteEventStorage(_folder.Store))
        {
            foreach (var name in names)
                await storage.AppendAsync(Some.Append(name, ExpectedVersion.NoStream, Some.Event(name, tags: [name, name + "\u001F|"[..Math.Min(2, 200 - name.Length)]])));
        }

        await using var reopened = new SqliteEventStorage(_folder.Store);
        foreach (var (name, i) in names.Select((name, i) => (name, i)))
        {
            using var stream = await reopened.ReadStreamAsync(new StreamRead(name));
            (stream.Events[0].Stream, stream.Events[0].Type, stream.Events[0].Position, stream.Count).Should().Be((name, name, i + 1, 1));
            using var tagged = await reopened.ReadLogAsync(new LogRead { Filter = EventQuery.WithTags(name) });
            tagged.Events.ToArray().Select(e => e.Position).Should().Equal(i + 1);
            using var typed = await reopened.ReadLogAsync(new LogRead { Filter = EventQuery.OfTypes(name) });
            typed.Events.ToArray().Select(e => e.Position).Should().Equal(i + 1);
        }
    }

    private async Task CreateAsync()
    {
        await using var storage = new SqliteEventStorage(_folder.Store);
        await storage.AppendAsync(Some.Append("s", 0, Some.Event(tags: "t")));
        await storage.AppendAsync(Some.Append("other", 0, [.. Enumerable.Range(0, 255).Select(_ => Some.Event())]));
    }

    private async Task RefusedAsync(string why)
    {
        await using var storage = new SqliteEventStorage(_folder.Store);
        await FluentActions.Awaiting(() => storage.GetHeadAsync().AsTask()).Should().ThrowAsync<IncompatibleStoreException>().WithMessage($"*{why}*");
        await FluentActions.Awaiting(() => storage.AppendAsync(Some.Append("s", 0)).AsTask()).Should().ThrowAsync<IncompatibleStoreException>().WithMessage($"*{why}*");
    }

    private sealed class FixedClock(DateTimeOffset now) : TimeProvider
    {
        public override DateTimeOffset GetUtcNow() => now;
    }

    [Theory]
    [InlineData("missing/shop.db", "There is no folder '*missing'. Create it")]
    [InlineData("missing/deeper/shop.db", "There is no folder '*missing'. Create it")]
    [InlineData("~/shop.db", "'~' means the home folder to a shell")]
    [InlineData("a-file/shop.db", "a-file' is not a folder")]
    [InlineData("folder", "t is a folder, not a file. Choose another path")]
    [InlineData("circle", "lead in a circle")]
    [InlineData("lost", "is a symbolic link to '*nowhere*shop.db', and there is no folder")]
    [InlineData("long", "has 300 bytes. A store's name may have 247")]
    [InlineData("too long for -journal", "has 248 bytes. A store's name may have 247")]
    [InlineData("deep", "bytes, and SQLite takes fewer than 512")]
    public async Task Open_a_path_where_no_file_can_be_says_why_and_what_to_do(string name, string why)
    {
        var folder = Path.GetDirectoryName(_folder.Store)!;
        await File.WriteAllTextAsync(Path.Combine(folder, "a-file"), "");
        Directory.CreateDirectory(Path.Combine(folder, "folder"));
        if (!OperatingSystem.IsWindows())
        {
            File.CreateSymbolicLink(Path.Combine(folder, "circle"), Path.Combine(folder, "circle-2"));
            File.CreateSymbolicLink(Path.Combine(folder, "circle-2"), Path.Combine(folder, "circle"));
            File.CreateSymbolicLink(Path.Combine(folder, "lost"), Path.Combine(folder, "nowhere", "shop.db"));
        }
        else if (name is "circle" or "lost" or "deep")
        {
            return; // links need a right there, and paths have another limit
        }

        var deep = Path.Combine(folder, new string('a', 200), new string('b', 200), new string('c', 200));
        if (name == "deep") Directory.CreateDirectory(deep);
        var before = Directory.GetFileSystemEntries(folder, "*", SearchOption.AllDirectories);
        var path = Path.Combine(folder, name switch { "long" => new string('l', 300), "too long for -journal" => new string('l', 248), "deep" => Path.Combine(deep, "shop.db"), _ => name });
        foreach (var readOnly in new[] { false, true })
        {
            await using var storage = new SqliteEventStorage(path, new SqliteEventStorageOptions { ReadOnly = readOnly });
            var failure = (await FluentActions.Awaiting(async () => await (readOnly ? storage.GetHeadAsync() : Head(storage))).Should().ThrowAsync<EventSourcingException>()).Which;
            failure.Message.Should().Match($"*{why}*").And.NotContain("PRAGMA");
        }

        Directory.GetFileSystemEntries(folder, "*", SearchOption.AllDirectories).Should().Equal(before);

        static async ValueTask<long> Head(SqliteEventStorage storage) => (await storage.AppendAsync(Some.Append("s", 0))).Position;
    }
}
