using EventSourcing.Explorer.Tests.Bank;
using Microsoft.AspNetCore.Builder;

namespace EventSourcing.Explorer.Tests.Serving;

public class TraceIndexTests
{
    [Fact]
    public async Task Traces_find_a_conversation_however_far_apart_its_events_are()
    {
        await using var store = new EventStore(new InMemoryEventStorage(), EventTypes.FromAssemblyOf<Account>());
        await store.AppendAsync("transfer-1", 0, [new TransferRequested("a", "b", 5)]);
        var asked = await store.ReadLogAsync().SingleAsync();
        await store.AppendAsync("account-noise", 0, [.. Enumerable.Range(1, 3_000).Select(i => (object)new MoneyDeposited(i, "r"))]);
        await store.AppendAsync("account-a", 0, [new MoneyWithdrawn(5, "t")], EventMetadata.CausedBy(asked));
        var paid = await store.ReadStreamAsync("account-a").SingleAsync();
        await store.AppendAsync("account-b", 0, [new MoneyDeposited(5, "t")], EventMetadata.CausedBy(paid));
        await store.ErasePayloadsAsync([paid.Position], "on request");
        await using var host = await TestHost.StartAsync(store, app => app.MapEventExplorer("/events"));
        var address = $"events/trace?correlation={asked.Id}&near=1";
        (await SampleHost.JsonAsync(host.Client, address)).GetProperty("events").GetArrayLength()
            .Should().Be(1, "only what is near was searched");

        await using var running = store.StartProjections(new EventTraces());
        await running.CatchUpAsync();

        var trace = await SampleHost.JsonAsync(host.Client, address);
        trace.GetProperty("isIndexed").GetBoolean().Should().BeTrue();
        trace.GetProperty("events").EnumerateArray().Select(e => e.GetProperty("position").GetInt64()).Should().Equal(1, 3_002, 3_003);
        var e = await SampleHost.JsonAsync(host.Client, "events/event?position=3002");
        e.GetProperty("cause").GetProperty("position").GetInt64().Should().Be(1);
        e.GetProperty("effects")[0].GetProperty("position").GetInt64().Should().Be(3_003);
        (await SampleHost.OpenAsync(host.Client, "events/event?position=3003")).Body!.TextContent.Should().Contain("none is recorded");
        (await store.ReadModel(new EventTraces()).Query().CountAsync()).Should().Be(2, "only what belongs to a conversation is kept");
    }
}
