using System.Globalization;
using SQLitePCL;

namespace EventSourcing.Sqlite.Tests.Reading;

/// <summary>Queries by the beginning of streams' names and by many types find by index what a walk through the log finds.</summary>
public sealed class PrefixQueryTests : IDisposable
{
    private const int Events = 30_000;

    /// <summary>The log has the events of one append stream by stream, so "one-7" does not begin at the eighth.</summary>
    private const int FirstOfOne = 14;

    private readonly TemporaryFolder _folder = new();

    public void Dispose() => _folder.Dispose();

    [Fact]
    public async Task Queries_of_every_shape_find_what_matches_in_both_directions_and_page_by_page()
    {
        await using var storage = new SqliteEventStorage(_folder.Store);
        var log = await FillAsync(storage, 3_000);
        var prefixes = new[] { "wide-", "wide-1", "one-7", "one", "nobody-", "w", "ü", "\uFFFF", "\U0001F600", "\U0010FFFF", "z\U0010FFFF", "wide-1\U0010FFFF" };
        var queries = prefixes.Select(EventQuery.InStreams)
            .Concat(prefixes.Select(prefix => EventQuery.Any(new EventQueryItem(types: ["type-3", "type-4", "unknown"], streamPrefix: prefix))))
            .Concat(prefixes.Select(prefix => EventQuery.Any(new EventQueryItem(tags: ["even"], streamPrefix: prefix))))
            .Append(EventQuery.OfTypes(Enumerable.Range(0, 101).Select(TypeOf)))
            .Append(EventQuery.OfTypes(Enumerable.Range(40, 1_000).Select(TypeOf)))
            .Append(EventQuery.InStreams("one-").Or(EventQuery.OfTypes(Enumerable.Range(0, 150).Where(n => n % 3 == 0).Select(TypeOf))).Or(EventQuery.WithTags("even", "third")))
            .ToList();
        foreach (var query in queries)
        {
            var expected = log.Where(e => query.Matches(e.Type, e.Stream, e.Tags)).Select(e => e.Position).ToList();
            (await ReadAsync(storage, new LogRead { Filter = query, Limit = 7, After = 5, UpTo = 2_900 })).Should().Equal(expected.Where(p => p is > 5 and <= 2_900), $"{query}");
            (await ReadAsync(storage, new LogRead { Filter = query, Limit = 1_000, Direction = ReadDirection.Backwards, After = 5 })).Should().Equal(expected.Where(p => p > 5).Reverse(), $"{query}");
        }
    }

    /// <summary>Also those that are looked up before the write lock is taken, since more of the log lies behind them.</summary>
    [Theory]
    [InlineData(0)]
    [InlineData(1)]
    [InlineData(1_500)]
    [InlineData(2_999)]
    [InlineData(3_000)]
    public async Task Conditions_fail_at_the_first_match_and_hold_without_one(long after)
    {
        await using var storage = new SqliteEventStorage(_folder.Store);
        var log = await FillAsync(storage, 3_000);
        EventQuery[] queries =
        [
            EventQuery.InStreams("nobody-"), EventQuery.InStreams("one-7"), EventQuery.InStreams("wide-"), EventQuery.InStreams("\U0010FFFF"),
            EventQuery.OfTypes(Enumerable.Range(60, 101).Select(TypeOf)), EventQuery.OfTypes(Enumerable.Range(150, 400).Select(TypeOf)),
            EventQuery.WithTags("even", "third"), EventQuery.WithTags("even", "odd"),
            EventQuery.Any(new EventQueryItem(types: ["type-3"], streamPrefix: "wide-2")), EventQuery.Any(new EventQueryItem(tags: ["even"], streamPrefix: "one-")),
        ];
        foreach (var query in queries)
        {
            var expected = log.Where(e => e.Position > after && query.Matches(e.Type, e.Stream, e.Tags)).Select(e => e.Position).FirstOrDefault();
            var head = await storage.GetHeadAsync();
            var append = async () => await storage.AppendAsync(Some.Append($"decided-{Guid.NewGuid():N}", ExpectedVersion.NoStream) with { Conditions = [new AppendCondition(query, after)] });
            if (expected == 0)
            {
                await append.Should().NotThrowAsync($"{query}");
            }
            else
            {
                (await append.Should().ThrowAsync<AppendConditionFailedException>($"{query}")).Which.ConflictingPosition.Should().Be(expected, $"{query}");
                (await storage.GetHeadAsync()).Should().Be(head);
            }
        }
    }

    /// <summary>What the condition is refused by is appended between the look before the lock and the one under it, by any of them.</summary>
    [Fact]
    public async Task Conditions_of_appends_at_once_let_one_through()
    {
        await using var storage = new SqliteEventStorage(_folder.Store);
        await FillAsync(storage, 2_500);
        var query = EventQuery.Any(new EventQueryItem(types: ["claimed"], streamPrefix: "claim-"));
        var results = await Task.WhenAll(Enumerable.Range(0, 40).Select(n => Task.Run(async () =>
        {
            try
            {
                await storage.AppendAsync(Some.Append($"claim-{n}", ExpectedVersion.NoStream, Some.Event("claimed")) with { Conditions = [new AppendCondition(query, After: 0)] });
                return true;
            }
            catch (AppendConditionFailedException)
            {
                return false;
            }
        })));
        results.Count(appended => appended).Should().Be(1);
    }

    [Fact]
    public async Task Repeated_append_whose_condition_its_own_events_break_gives_the_original_result()
    {
        await using var storage = new SqliteEventStorage(_folder.Store);
        await FillAsync(storage, 1_500);
        var request = Some.Append("claim-1", ExpectedVersion.NoStream, Some.Event("claimed")) with { Conditions = [new AppendCondition(EventQuery.InStreams("claim-"), After: 0)] };
        var first = await storage.AppendAsync(request);
        await FillAsync(storage, 1_500);
        var second = await storage.AppendAsync(request);
        second.WasAlreadyStored.Should().BeTrue();
        second.FirstPosition.Should().Be(first.FirstPosition);
    }

    /// <summary>The count of the engine's own steps says what a question costs, whatever the machine does beside it.</summary>
    [Theory]
    [InlineData("nobody", 0, 2_000)]
    [InlineData("one", 0, 10_000)]
    [InlineData("one", Events - 10, 10_000)]
    [InlineData("types", 0, 60_000)]
    [InlineData("types", Events - 10, 60_000)]
    public async Task Conditions_by_index_take_few_steps_however_long_the_log_is(string question, long after, int most)
    {
        await using (var storage = new SqliteEventStorage(_folder.Store)) await FillAsync(storage, Events);
        var query = question switch
        {
            "nobody" => EventQuery.InStreams("nobody-"),
            "one" => EventQuery.InStreams("one-7"),
            _ => EventQuery.OfTypes(Enumerable.Range(200, 101).Select(TypeOf)),
        };
        using var database = Connector.OpenForAppSql(_folder.Store, create: false);
        LogReader.FirstMatch(database, query, after, Events).Should().Be(question == "one" && after == 0 ? FirstOfOne : 0);
        var (steps, scanned, plans) = CostOf(database);
        steps.Should().BeLessThan(most);
        scanned.Should().Be(0);
        plans.Should().NotBeEmpty().And.NotContain(plan => plan.StartsWith("SCAN ", StringComparison.Ordinal) && !plan.Contains("CONSTANT", StringComparison.Ordinal) && !plan.Contains("MERGE", StringComparison.Ordinal));
    }

    /// <summary>A page costs what its events cost, and not what the log has: also the last one, and one of a stream in a log of others.</summary>
    [Theory]
    [InlineData("nobody", ReadDirection.Forwards, 0, 2_000)]
    [InlineData("nobody", ReadDirection.Backwards, 0, 2_000)]
    [InlineData("one", ReadDirection.Forwards, 0, 10_000)]
    [InlineData("one", ReadDirection.Backwards, 0, 10_000)]
    [InlineData("one", ReadDirection.Forwards, Events - 10, 10_000)]
    [InlineData("types", ReadDirection.Forwards, 0, 60_000)]
    [InlineData("types", ReadDirection.Backwards, 0, 60_000)]
    public async Task Pages_by_index_take_few_steps_however_long_the_log_is(string question, ReadDirection direction, long after, int most)
    {
        await using (var storage = new SqliteEventStorage(_folder.Store)) await FillAsync(storage, Events);
        var query = question switch
        {
            "nobody" => EventQuery.InStreams("nobody-"),
            "one" => EventQuery.InStreams("one-7"),
            _ => EventQuery.OfTypes(Enumerable.Range(200, 101).Select(TypeOf)),
        };
        using var database = Connector.OpenForAppSql(_folder.Store, create: false);
        using var page = LogReader.ReadLog(database, new NameCache(), new LogRead { Filter = query, Direction = direction, After = after, Limit = 20 });
        page.Count.Should().Be(question == "one" && after == 0 ? 20 : 0);
        var (steps, scanned, plans) = CostOf(database);
        steps.Should().BeLessThan(most);
        scanned.Should().Be(0);
        plans.Should().NotBeEmpty().And.NotContain(plan => plan.StartsWith("SCAN ", StringComparison.Ordinal) && !plan.Contains("CONSTANT", StringComparison.Ordinal) && !plan.Contains("MERGE", StringComparison.Ordinal));
    }

    private static string TypeOf(int n) => string.Create(CultureInfo.InvariantCulture, $"type-{n}");

    private static async Task<List<(long Position, string Stream, string Type, string[] Tags)>> FillAsync(SqliteEventStorage storage, int count)
    {
        var odd = new[] { "ü-1", "\uFFFF", "\U0001F600-1", "\U0010FFFF", "\U0010FFFF\U0010FFFF", "z\U0010FFFF-2", "wide-1\U0010FFFF" };
        var start = await storage.GetHeadAsync();
        var log = new List<(long, string, string, string[])>();
        for (var i = 0; i < count;)
        {
            var writes = new Dictionary<string, List<NewEvent>>(StringComparer.Ordinal);
            for (var n = 0; n < 500 && i < count; n++, i++)
            {
                var stream = i % 100 == 7 ? "one-7" : i % 211 == 5 ? odd[i / 211 % odd.Length] : string.Create(CultureInfo.InvariantCulture, $"wide-{i % 300}");
                string[] tags = [.. new[] { i % 2 == 0 ? "even" : "odd", i % 3 == 0 ? "third" : "" }.Where(tag => tag.Length > 0)];
                if (!writes.TryGetValue(stream, out var events)) writes.Add(stream, events = []);
                events.Add(Some.Event(TypeOf(i % 150), "{}", null, tags));
            }

            await storage.AppendAsync(new AppendRequest([.. writes.Select(write => new StreamWrite(write.Key, ExpectedVersion.Any, write.Value))]));
            foreach (var (stream, events) in writes) log.AddRange(events.Select(e => (0L, stream, e.Type, e.Tags.ToArray())));
        }

        return [.. log.Select((e, i) => (start + i + 1, e.Item2, e.Item3, e.Item4))];
    }

    private static async Task<List<long>> ReadAsync(SqliteEventStorage storage, LogRead read)
    {
        var positions = new List<long>();
        while (true)
        {
            using var page = await storage.ReadLogAsync(read);
            foreach (ref readonly var e in page.Events) positions.Add(e.Position);
            if (page.IsEnd) return positions;
            read = read.Direction == ReadDirection.Forwards ? read with { After = page.Next } : read with { UpTo = page.Next };
        }
    }

    /// <summary>The steps that the statements of a connection have taken, the rows that they stepped over without an index, and their plans.</summary>
    private static (long Steps, long Scanned, List<string> Plans) CostOf(Database database)
    {
        var handle = database.Connection!.Handle!;
        var (steps, scanned, texts) = (0L, 0L, new List<string>());
        for (var statement = raw.sqlite3_next_stmt(handle, null); statement is not null; statement = raw.sqlite3_next_stmt(handle, statement))
        {
            steps += raw.sqlite3_stmt_status(statement, raw.SQLITE_STMTSTATUS_VM_STEP, 0);
            scanned += raw.sqlite3_stmt_status(statement, raw.SQLITE_STMTSTATUS_FULLSCAN_STEP, 0);
            texts.Add(raw.sqlite3_sql(statement).utf8_to_string());
        }

        var plans = new List<string>();
        foreach (var text in texts.Where(text => text.StartsWith("SELECT", StringComparison.Ordinal)))
        {
            using var plan = database.PrepareOnce("EXPLAIN QUERY PLAN " + text);
            while (plan.Step()) plans.Add(plan.Text(3));
        }

        return (steps, scanned, plans);
    }
}
