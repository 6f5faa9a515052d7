using EventSourcing.Tests.Aggregates;

namespace EventSourcing.Tests.Storage;

public sealed class EventPagesTests
{
    [Fact]
    public async Task Read_a_long_log_asks_for_longer_and_longer_pages_up_to_a_bound()
    {
        var (store, asked) = await FilledAsync(12_000);
        await using (store)
        {
            var positions = new List<long>();
            await foreach (var e in store.ReadLogAsync()) positions.Add(e.Position);

            positions.Should().Equal(Enumerable.Range(1, 12_000).Select(i => (long)i));
            asked.Should().Equal((0, 512), (512, 1024), (1536, 2048), (3584, 4096), (7680, 4096), (11_776, 4096));
        }
    }

    [Fact]
    public async Task Read_a_short_log_asks_for_one_page()
    {
        var (store, asked) = await FilledAsync(300);
        await using (store)
        {
            (await store.ReadLogAsync().CountAsync()).Should().Be(300);
            asked.Should().Equal((0, 512));
        }
    }

    [Fact]
    public async Task Read_with_a_limit_asks_for_no_event_more()
    {
        var (store, asked) = await FilledAsync(3_000);
        await using (store)
        {
            (await store.ReadLogAsync(new LogReadOptions { Limit = 2_000 }).CountAsync()).Should().Be(2_000);
            asked.Should().Equal((0, 512), (512, 1024), (1536, 464));
        }
    }

    /// <summary>A store of so many events, and what its storage was asked for: the position to read after, and the most events.</summary>
    private static async Task<(EventStore Store, List<(long After, int Limit)> Asked)> FilledAsync(int events)
    {
        var asked = new List<(long, int)>();
        var storage = new WatchedStorage(new InMemoryEventStorage())
        {
            BeforeLogRead = read =>
            {
                lock (asked) asked.Add((read.After, read.Limit));
                return Task.CompletedTask;
            },
        };
        var store = new EventStore(storage, new EventTypes(EventType.Of<Ticked>("ticked")));
        for (var i = 0; i < events; i += 1_000)
            await store.AppendAsync($"s-{i}", 0, [.. Enumerable.Range(i, Math.Min(1_000, events - i)).Select(n => new Ticked(n))]);
        return (store, asked);
    }

    private sealed record Ticked(int Number);
}
