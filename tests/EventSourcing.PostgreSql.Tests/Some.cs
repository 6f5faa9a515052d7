using System.Text;

namespace EventSourcing.PostgreSql.Tests;

/// <summary>Events and requests where a test does not care which.</summary>
internal static class Some
{
    public static NewEvent Event(string type = "something", string data = "{}", Guid? id = null, params string[] tags) =>
        new(id ?? Guid.CreateVersion7(), type, Encoding.UTF8.GetBytes(data)) { Tags = tags };

    public static AppendRequest Append(string stream, ExpectedVersion expected, params NewEvent[] events) =>
        new([new StreamWrite(stream, expected, events.Length > 0 ? events : [Event()])]);

    public static async Task<List<LogLine>> LogOf(IEventStorage storage)
    {
        var log = new List<LogLine>();
        for (var read = new LogRead(); ;)
        {
            using var page = await storage.ReadLogAsync(read);
            foreach (var e in page.Events) log.Add(new LogLine(e.Position, e.Stream, e.Version, e.Id, e.RecordedAt));
            if (page.IsEnd) return log;
            read = read with { After = page.Next };
        }
    }

    /// <summary>The commit that makes the read model <c>m</c> with one document <c>k</c>.</summary>
    public static ReadModelCommit Document() => new()
    {
        Creates = [new ReadModelDefinition("m", [])],
        Changes = [new DocumentChange("m", "k", "{}"u8.ToArray())],
    };

    /// <summary>Positions are dense, versions of each stream have no gap, ids are there once, stamps never go back.</summary>
    /// <returns>The log's ids.</returns>
    public static async Task<HashSet<Guid>> ExpectRegularAsync(IEventStorage storage)
    {
        var log = await LogOf(storage);
        log.Select(e => e.Position).Should().Equal(Enumerable.Range(1, log.Count).Select(i => (long)i));
        foreach (var stream in log.GroupBy(e => e.Stream))
            stream.Select(e => e.Version).Should().Equal(Enumerable.Range(1, stream.Count()).Select(i => (long)i), "of {0}", stream.Key);
        log.Select(e => e.RecordedAt).Should().BeInAscendingOrder();
        var ids = log.Select(e => e.Id).ToHashSet();
        ids.Should().HaveCount(log.Count);
        return ids;
    }
}

/// <summary>What a test looks at of an event.</summary>
internal sealed record LogLine(long Position, string Stream, long Version, Guid Id, DateTimeOffset RecordedAt);
