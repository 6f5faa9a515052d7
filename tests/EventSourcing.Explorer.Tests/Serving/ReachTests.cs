using AngleSharp.Dom;
using EventSourcing.Explorer.Tests.Bank;
using Microsoft.AspNetCore.Builder;

namespace EventSourcing.Explorer.Tests.Serving;

public class ReachTests
{
    /// <summary>How many events two pages of a storage have.</summary>
    private const int Most = 2 * EventPage.DefaultLimit;

    [Fact]
    public async Task Every_page_reads_at_most_two_pages_however_long_the_log_is()
    {
        await using var counting = new CountingStorage(new InMemoryEventStorage());
        await using var store = new EventStore(counting, EventTypes.FromAssemblyOf<Account>());
        var bookings = Enumerable.Range(1, 5_000).Select(i => (object)new MoneyDeposited(i, "r")).ToList();
        await store.AppendAsync("account-long", 0, bookings);
        for (var i = 0; i < 500; i++)
            await store.AppendAsync($"account-{i}", 0, [new AccountOpened("x", "EUR"), new MoneyDeposited(1, "r")]);
        await using (var running = store.StartProjections(new Balances()))
        {
            await running.CatchUpAsync(TimeSpan.FromSeconds(60));
        }

        await using var host = await TestHost.StartAsync(store, app => app.MapEventExplorer("/events", SampleBank.Show));
        foreach (var page in new[]
        {
            "", "log", "log?prefix=account-17&type=money-deposited", "log?from=2020-01-01&to=2090-01-01", "log?after=10", "streams",
            "streams?prefix=account-", "stream?name=account-long",
            "stream?name=account-long&at=400", "stream?name=account-7", "event?position=4000", "event?position=300",
            "trace?correlation=x&near=3000", "types", "projections", "projection?name=Balances",
            "read-models", "read-model?name=Balances", "document?model=Balances&key=7", "document?model=Balances&key=7&asof=5500",
            "document?model=Balances&key=long", "document?model=Balances&key=long&asof=900", "ledger", "proof?position=700", "data?position=700",
        })
        {
            var before = counting.Events;
            using var answer = await host.Client.GetAsync("events/" + page);
            answer.EnsureSuccessStatusCode();
            await answer.Content.ReadAsStringAsync();
            (counting.Events - before).Should().BeLessThanOrEqualTo(Most, page);
        }
    }

    [Fact]
    public async Task State_of_a_long_stream_is_shown_when_it_is_asked_for()
    {
        await using var store = new EventStore(new InMemoryEventStorage(), EventTypes.FromAssemblyOf<Account>());
        await store.AppendAsync("account-long", 0, [.. Enumerable.Range(1, 2_000).Select(i => (object)new MoneyDeposited(1, "r"))]);
        await using var host = await TestHost.StartAsync(store, app => app.MapEventExplorer("/events", SampleBank.Show));

        var unasked = await SampleHost.OpenAsync(host.Client, "events/stream?name=account-long");
        unasked.QuerySelector(".state").Should().BeNull();
        var asked = await WholeAsync("events/" + unasked.QuerySelector(".notice a")!.GetAttribute("href"));
        asked.QuerySelectorAll(".state dd").Select(dd => dd.TextContent).Should().Contain("2000");
        asked.QuerySelector("tbody ins")!.TextContent.Should().Be("2000");
        (await WholeAsync("events/stream?name=account-long&at=1500&from=1000&fold=1")).QuerySelector(".compared ins")!.TextContent
            .Should().Be("1500");

        async Task<IDocument> WholeAsync(string address)
        {
            using var patience = new CancellationTokenSource(TimeSpan.FromSeconds(30));
            while ((await SampleHost.JsonAsync(host.Client, address, status: null)).TryGetProperty("folding", out _))
                await Task.Delay(10, patience.Token);
            return await SampleHost.OpenAsync(host.Client, address);
        }
    }

    [Fact]
    public async Task Rate_over_time_adds_up_to_the_log_whatever_its_span()
    {
        var clock = new BankClock();
        await using var store = new EventStore(
            new InMemoryEventStorage(new EventStorageOptions { TimeProvider = clock }), EventTypes.FromAssemblyOf<Account>());
        await using var host = await TestHost.StartAsync(store, app => app.MapEventExplorer("/events"));
        foreach (
            var pause in new[] { TimeSpan.Zero, TimeSpan.FromSeconds(1), TimeSpan.FromMinutes(3), TimeSpan.FromDays(2), TimeSpan.FromDays(400), TimeSpan.FromDays(30_000) })
        {
            clock.Now += pause;
            await store.AppendAsync("account-1", ExpectedVersion.Any, [new MoneyDeposited(1, "r"), new MoneyDeposited(2, "r")]);
            var rate = (
                await SampleHost.JsonAsync(host.Client, "events/")).GetProperty("rate").GetProperty("buckets").EnumerateArray().ToList();
            rate.Sum(bucket => bucket.GetProperty("count").GetInt64()).Should().Be(await store.GetHeadAsync());
            rate.Count.Should().BeLessThanOrEqualTo(57);
            rate[^1].GetProperty("count").GetInt64().Should().BeGreaterThanOrEqualTo(2);
        }
    }
}
