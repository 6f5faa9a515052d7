using EventSourcing.Sqlite.Tests;
using Npgsql;

namespace EventSourcing.PostgreSql.Tests.Imports;

/// <summary>An import of more events than one statement has: they are one commit all the same.</summary>
public sealed class LargeImportTests : IDisposable
{
    private const int Events = 4_700;
    private readonly OneSchema _schema = new();

    public void Dispose() => _schema.Dispose();

    [Fact]
    public async Task Transfer_of_streams_tags_and_erasures_across_statements_is_the_same_log()
    {
        await using var source = await FilledAsync();
        await using var target = _schema.Open(own => own);

        var there = await source.TransferToAsync(target);

        there.Position.Should().Be(Events);
        (await RowsOfAsync(target)).Should().Equal(await RowsOfAsync(source));
        await Tree.ExpectWholeAsync(target);
        await using var back = new InMemoryEventStorage();
        (await target.TransferToAsync(back)).Root.Should().Be(there.Root);

        // New streams go on, and are found by their tags.
        await target.AppendAsync(Some.Append("order-310", 14, Some.Event()));
        var late = EventQuery.Any([new EventQueryItem([], ["late"])]);
        using var tagged = await target.ReadLogAsync(new LogRead { Filter = late, Limit = 10 });
        tagged.Events.ToArray().Select(e => e.Position).Should().Equal(4_500L, 4_501L);
    }

    [Fact]
    public async Task Import_with_a_stored_id_in_its_last_statement_stores_nothing()
    {
        await using var source = await FilledAsync();
        await using var target = _schema.Open(own => own);
        using (var first = await source.ReadLogAsync(new LogRead { WithSeals = true, Limit = 10 }))
            await target.ImportAsync(new ImportRequest(first.Events.ToArray()));
        using var rest = await source.ReadLogAsync(new LogRead { After = 10, WithSeals = true, Limit = 4_000 });
        var events = rest.Events.ToArray();
        using var again = await source.ReadLogAsync(new LogRead { Limit = 1 });
        events[^1] = events[^1] with { Id = again.Events[0].Id };

        var import = async () => await target.ImportAsync(new ImportRequest(events));

        (await import.Should().ThrowAsync<DuplicateEventIdException>()).Which.EventId.Should().Be(events[^1].Id);
        (await RowsOfAsync(target)).Should().HaveCount(10);
        _schema.Run("SELECT count(*) FROM {es}.event_tags WHERE position > 10").Should().Be(0L);
        _schema.Run("SELECT count(*) FROM {es}.streams s WHERE NOT EXISTS (SELECT FROM {es}.events e WHERE e.stream = s.id)")
            .Should().Be(0L);
        (await source.TransferToAsync(target)).Position.Should().Be(Events);
        await Tree.ExpectWholeAsync(target);
    }

    [Fact]
    public async Task Import_of_rows_for_another_head_fails_on_the_server_so_that_no_statement_before_it_is_committed()
    {
        await using var target = _schema.Open(own => own);
        await target.AppendAsync(Some.Append("order-1", 0, Some.Event()));

        var import = () => _schema.Run("SELECT {es}.import_rows(0, '{}', '{}', '{}', '{}', '{}', '{}', '{}', '{}', '{}', '{}', '{}', '{}', '{}', '{}')");

        import.Should().Throw<PostgresException>().Which.SqlState.Should().Be("ES005");
        (await target.GetHeadAsync()).Should().Be(1);
    }

    /// <summary>
    /// A log with streams of 15 events, some of which begin in one statement and end in a later one, and with erased events.
    /// </summary>
    private static async Task<InMemoryEventStorage> FilledAsync()
    {
        var storage = new InMemoryEventStorage();
        for (var i = 0; i < Events - 1; i++)
        {
            // Most streams lie together, and one has events in every statement.
            var stream = i % 13 == 0 ? "often" : $"order-{i / 15}";
            string[] tags = i % 7 == 0 ? [$"tag-{i % 3}", $"of-{i}"] : i is 4_499 or 4_500 ? ["late"] : [];
            var e = Some.Event($"type-{i % 5}", $$"""{"n":{{i}}}""", null, tags);
            await storage.AppendAsync(Some.Append(stream, ExpectedVersion.Any, e));
        }

        long[] erased = [1, 1_000, 1_001, 2_500, 4_699];
        var record = new NewEvent(Guid.NewGuid(), PayloadsErased.TypeName, new PayloadsErased(erased, "asked for", null).ToBytes());
        var write = new StreamWrite(PayloadsErased.StreamName, ExpectedVersion.Any, [record]);
        await storage.AppendAsync(new AppendRequest([write]) { Erase = erased });
        return storage;
    }

    private static async Task<List<string>> RowsOfAsync(IEventStorage storage)
    {
        var rows = new List<string>();
        for (var read = new LogRead { WithSeals = true }; ;)
        {
            using var page = await storage.ReadLogAsync(read);
            foreach (var e in page.Events)
            {
                rows.Add($"{e.Position} {e.Stream} {e.Version} {e.Id} {e.Type} {e.RecordedAt.UtcTicks} {e.IsErased} "
                    + $"{Convert.ToHexString(e.Seal.Span)} {Convert.ToHexString(e.Data.Span)} {string.Join(',', e.Tags)}");
            }

            if (page.IsEnd) return rows;
            read = read with { After = page.Next };
        }
    }
}
