namespace EventSourcing.Tests.Concurrency;

/// <summary>
/// A worker that appends batches, each on the condition that a query it has read by has no new matches. The queries go
/// over so few types and tags that workers are often in each other's way, and often are not.
/// </summary>
internal sealed class DecisionMaker(IEventStorage storage, int seed)
{
    private static readonly string[] Types = ["T0", "T1", "T2"];
    private static readonly string[] Tags = ["x", "y"];
    private readonly Random _random = new(seed);

    /// <summary>Appends batches, and gives up those that are refused.</summary>
    public async Task<IReadOnlyList<Verdict>> RunAsync(int batches)
    {
        var verdicts = new List<Verdict>(batches);
        var head = 0L;
        for (var i = 0; i < batches; i++)
        {
            var query = RandomQuery();

            // Usually what is known is as new as can be; sometimes it is from the time of the decision before.
            if (i == 0 || _random.Next(4) > 0) head = await HeadAtReadingAsync(new Decision(default, 0, 0, 0, query).ToQuery());
            if (_random.Next(3) == 0) await Task.Yield();
            verdicts.Add(await DecideAsync(query, head));
        }

        return verdicts;
    }

    private async Task<long> HeadAtReadingAsync(EventQuery query)
    {
        using var page = await storage.ReadLogAsync(new LogRead { Filter = query, Direction = ReadDirection.Backwards, Limit = 1 });
        return page.Head;
    }

    private async Task<Verdict> DecideAsync(IReadOnlyList<DecisionItem> query, long after)
    {
        var batch = Guid.NewGuid();
        var count = _random.Next(1, 5);
        NewEvent[] events = [.. Enumerable.Range(0, count).Select(i => RandomEvent(new Decision(batch, i, count, after, query)))];
        var cut = _random.Next(1, count + 1);
        var (one, other) = (_random.Next(4), 4 + _random.Next(4));
        StreamWrite[] writes = [new($"s{one}", ExpectedVersion.Any, events[..cut]), new($"s{other}", ExpectedVersion.Any, events[cut..])];
        var condition = new AppendCondition(new Decision(batch, 0, count, after, query).ToQuery(), after);
        try
        {
            var result = await storage.AppendAsync(new AppendRequest(writes) { Conditions = [condition] });
            if (result.Position - result.FirstPosition + 1 != count) Assert.Fail($"A batch of {count} stands at {result.FirstPosition}–{result.Position}.");
            return new Verdict(batch, result.FirstPosition);
        }
        catch (AppendConditionFailedException refused)
        {
            if (refused.ConflictingPosition <= after) Assert.Fail($"An append after {after} was refused for the event at {refused.ConflictingPosition}.");
            return new Verdict(batch, 0);
        }
    }

    private NewEvent RandomEvent(Decision decision) => new(Guid.NewGuid(), Types[_random.Next(Types.Length)], decision.ToJson()) { Tags = RandomTags() };

    private DecisionItem[] RandomQuery() => _random.Next(12) == 0 ? [] : [.. Enumerable.Range(0, _random.Next(1, 3)).Select(_ => RandomItem())];

    private DecisionItem RandomItem()
    {
        var item = new DecisionItem(_random.Next(3) > 0 ? [Types[_random.Next(Types.Length)]] : [], RandomTags());
        return item.Types.Count + item.Tags.Count > 0 ? item : RandomItem();
    }

    private string[] RandomTags() => [.. Tags.Where(_ => _random.Next(2) == 0)];
}
