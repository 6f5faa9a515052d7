using EventSourcing.Sqlite.Tests.ReadModels;

namespace EventSourcing.Sqlite.Tests;

/// <summary>What only shows after a while: many shapes of queries, a log that never rests, a file that goes away.</summary>
public sealed class LongRunTests : IDisposable
{
    private readonly TemporaryFolder _folder = new();

    public void Dispose() => _folder.Dispose();

    [Fact]
    public async Task Append_while_others_read_without_pause_keeps_the_write_ahead_log_bounded()
    {
        await using var storage = new SqliteEventStorage(_folder.Store);
        var data = $"\"{new string('x', 100_000)}\"";
        await storage.AppendAsync(Some.Append("s", 0, Some.Event(data: data)));
        using var stop = new CancellationTokenSource();
        var readers = Enumerable.Range(0, 2).Select(_ => Task.Run(async () =>
        {
            while (!stop.IsCancellationRequested)
            {
                using var page = await storage.ReadLogAsync(new LogRead { Limit = 20 });
            }
        })).ToList();

        for (var i = 1; i < 1_200; i++) await storage.AppendAsync(Some.Append("s", i, Some.Event(data: data)));

        await stop.CancelAsync();
        await Task.WhenAll(readers);
        new FileInfo(_folder.Store + "-wal").Length.Should().BeLessThan(40_000_000, "120 MB were written, and 4 MiB is when the log is moved into the file");
    }

    [Fact]
    public async Task Query_in_hundreds_of_shapes_leaves_every_statement_usable()
    {
        await using var storage = new SqliteEventStorage(_folder.Store);
        for (var shape = 1; shape <= 300; shape++)
        {
            var query = EventQuery.Any(Enumerable.Range(0, 1 + (shape % 20)).Select(i => new EventQueryItem(
                types: Enumerable.Range(0, 1 + (shape / 20)).Select(t => $"t{t}"), tags: [$"tag{i}"])));
            await storage.AppendAsync(
                Some.Append($"s-{shape}", 0, Some.Event($"type{shape}", tags: ["other", $"{shape}"])) with { Conditions = [new AppendCondition(query, 0)] });
            using var found = await storage.ReadLogAsync(new LogRead { Filter = query });
            found.Count.Should().Be(0);
            using var stream = await storage.ReadStreamAsync(new StreamRead($"s-{shape}"));
            stream.Count.Should().Be(1);
            await storage.ReadModels.CommitAsync(new() { Creates = [SomeReadModel.Notes], Changes = [SomeReadModel.Note("a"), new(SomeReadModel.Notes.Name, "b", null)] });
        }

        (await storage.GetHeadAsync()).Should().Be(300);
    }

    [Fact]
    public async Task Read_after_any_number_of_query_shapes_finds_its_statements_alive()
    {
        await using (var filled = new SqliteEventStorage(_folder.Store)) await filled.AppendAsync(Some.Append("s", 0));

        // Wherever the limit of kept statements lies: the one that exceeds it must once be one that a read prepares midway.
        for (var shapes = 100; shapes < 140; shapes++)
        {
            await using var storage = new SqliteEventStorage(_folder.Store);
            for (var shape = 0; shape < shapes; shape++)
            {
                using var none = await storage.ReadLogAsync(new LogRead
                {
                    Filter = EventQuery.Any(Enumerable.Range(0, 1 + (shape / 40)).Select(_ => new EventQueryItem(Enumerable.Range(0, 1 + (shape % 40)).Select(t => $"t{t}"), ["x"]))),
                });
            }

            using var stream = await storage.ReadStreamAsync(new StreamRead("s"));
            stream.Count.Should().Be(1);
        }
    }

    [Fact]
    public async Task Use_of_a_store_whose_file_was_deleted_fails_instead_of_going_on_in_nowhere()
    {
        await using var storage = new SqliteEventStorage(_folder.Store);
        await storage.AppendAsync(Some.Append("s", 0));
        foreach (var file in Directory.GetFiles(Path.GetDirectoryName(_folder.Store)!)) File.Delete(file);

        (await FluentActions.Awaiting(() => storage.AppendAsync(Some.Append("s", 1)).AsTask()).Should().ThrowAsync<StorageFailedException>()).Which.OutcomeIsUnknown.Should().BeFalse();
        await FluentActions.Awaiting(() => storage.GetHeadAsync().AsTask()).Should().ThrowAsync<StorageFailedException>();
        File.Exists(_folder.Store).Should().BeFalse("an empty store in its place would look as if all events were gone");
    }
}
