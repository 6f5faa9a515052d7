namespace EventSourcing.Tests;

/// <summary>What the conformance kit asks of a storage's catalogue, an app gets from its store, page by page.</summary>
public class StoreCatalogTests
{
    [Fact]
    public async Task List_streams_goes_through_all_pages_in_order()
    {
        await using var store = await FilledAsync(600);
        var streams = await store.Catalog.ListStreamsAsync().ToListAsync();
        streams.Select(stream => stream.Name).Should().Equal(Enumerable.Range(1_000, 600).Select(n => $"s-{n}"));
        streams.Should().OnlyContain(stream => stream.Version == 1 && stream.LastRecordedAt.Offset == TimeSpan.Zero);
        streams.Select(stream => stream.LastPosition).Should().Equal(Enumerable.Range(1, 600).Select(n => 601L - n));
    }

    [Theory]
    [InlineData(1, 1)]
    [InlineData(256, 256)]
    [InlineData(257, 257)]
    [InlineData(long.MaxValue, 599)]
    public async Task List_streams_up_to_a_limit_after_a_name_returns_exactly_those(long limit, int count)
    {
        await using var store = await FilledAsync(600);
        var streams = await store.Catalog.ListStreamsAsync("s-", after: "s-1000", limit).ToListAsync();
        streams.Select(stream => stream.Name).Should().Equal(Enumerable.Range(1_001, count).Select(n => $"s-{n}"));
    }

    [Fact]
    public async Task List_streams_while_others_append_sees_those_that_come_on_a_later_page()
    {
        await using var store = await FilledAsync(600);
        var seen = new List<string>();
        await foreach (var stream in store.Catalog.ListStreamsAsync())
        {
            if (seen.Count == 0) await store.AppendAsync([new("a", 0, [new MoneyDeposited(1)]), new("z", 0, [new MoneyDeposited(1)])]);
            seen.Add(stream.Name);
        }

        seen.Should().Equal(Enumerable.Range(1_000, 600).Select(n => $"s-{n}").Append("z"));
    }

    [Theory]
    [InlineData("a\n", null, 1)]
    [InlineData("", "a\n", 1)]
    [InlineData("", null, 0)]
    [InlineData("", null, -1)]
    public async Task List_streams_by_a_bad_argument_is_refused(string prefix, string? after, long limit)
    {
        await using var store = await FilledAsync(1);
        var list = async () => await store.Catalog.ListStreamsAsync(prefix, after, limit).ToListAsync();
        await list.Should().ThrowAsync<ArgumentException>();
    }

    [Fact]
    public async Task List_types_read_models_and_size_gives_what_the_storage_has()
    {
        await using var store = await FilledAsync(3);
        await store.Storage.ReadModels.CommitAsync(new ReadModelCommit { Creates = [new ReadModelDefinition("m", [])] });
        (await store.Catalog.ListEventTypesAsync()).Should().Equal(new EventTypeSummary(store.Types.NameOf<MoneyDeposited>(), 3, 1, 3));
        (await store.Catalog.ListReadModelsAsync()).Should().ContainSingle().Which.Definition.Name.Should().Be("m");
        (await store.Catalog.GetSizeAsync()).Should().BeNull("a storage in memory does not know");
    }

    private static async Task<EventStore> FilledAsync(int streams)
    {
        var store = Bank.Open(new InMemoryEventStorage());
        foreach (var n in Enumerable.Range(1_000, streams).Reverse()) await store.AppendAsync($"s-{n}", 0, [new MoneyDeposited(n)]);
        return store;
    }
}
