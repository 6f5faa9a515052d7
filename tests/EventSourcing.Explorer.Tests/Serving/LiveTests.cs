using EventSourcing.Explorer.Tests.Bank;
using Microsoft.AspNetCore.Builder;

namespace EventSourcing.Explorer.Tests.Serving;

public class LiveTests
{
    [Fact]
    public async Task Live_log_sends_what_is_appended_and_matches()
    {
        await using var store = new EventStore(new InMemoryEventStorage(), EventTypes.FromAssemblyOf<Account>());
        await using var host = await TestHost.StartAsync(store, app => app.MapEventExplorer("/events"));
        using var live = await LiveAsync(host, "events/live?type=money-deposited&after=0");
        await store.AppendAsync("account-1", 0, [new AccountOpened("Ann", "EUR"), new MoneyDeposited(7.25m, "first")]);

        var rows = await ReadUntilAsync(live, "event: head");
        rows.Should().Contain("id: 2").And.Contain("money-deposited").And.Contain("7.25").And.NotContain("account-opened");
        await store.AppendAsync("account-1", 2, [new MoneyDeposited(8.50m, "<b>second</b>")]);
        (await ReadUntilAsync(live, "event: head")).Should().Contain("&lt;b&gt;second").And.NotContain("7.25");
    }

    [Fact]
    public async Task Live_log_reads_no_more_than_the_newest_however_much_is_appended()
    {
        await using var counting = new CountingStorage(new InMemoryEventStorage());
        await using var store = new EventStore(counting, EventTypes.FromAssemblyOf<Account>());
        await using var host = await TestHost.StartAsync(store, app => app.MapEventExplorer("/events"));
        using var live = await LiveAsync(host, "events/live");
        var before = counting.Events;
        await store.AppendAsync("account-1", 0, [.. Enumerable.Range(1, 9_000).Select(i => (object)new MoneyDeposited(i, "r"))]);

        var rows = await ReadUntilAsync(live, "data: 9000 more");
        rows.Split("<tr ").Should().HaveCount(41);
        (counting.Events - before).Should().Be(40);
    }

    [Fact]
    public async Task Live_log_goes_on_after_the_last_row_that_the_browser_has_seen()
    {
        await using var store = new EventStore(new InMemoryEventStorage(), EventTypes.FromAssemblyOf<Account>());
        await store.AppendAsync("account-1", 0, [.. Enumerable.Range(1, 9).Select(i => (object)new MoneyDeposited(i, "r"))]);
        await using var host = await TestHost.StartAsync(store, app => app.MapEventExplorer("/events"));
        using var live = await LiveAsync(host, "events/live?after=2", ("Last-Event-ID", "7"));
        (await ReadUntilAsync(live, "event: head")).Split("<tr ").Should().HaveCount(3);
    }

    [Fact]
    public async Task App_ends_although_somebody_looks()
    {
        await using var store = new EventStore(new InMemoryEventStorage(), EventTypes.FromAssemblyOf<Account>());
        var host = await TestHost.StartAsync(store, app => app.MapEventExplorer("/events"));
        using var live = await LiveAsync(host, "events/live");
        await host.DisposeAsync().AsTask().WaitAsync(TimeSpan.FromSeconds(20));
    }

    private static async Task<StreamReader> LiveAsync(TestHost host, string address, params (string, string)[] headers)
    {
        var answer = await AccessTests.SendAsync(host.Client, address, headers);
        answer.EnsureSuccessStatusCode();
        answer.Content.Headers.ContentType!.MediaType.Should().Be("text/event-stream");
        var reader = new StreamReader(await answer.Content.ReadAsStreamAsync());
        await ReadUntilAsync(reader, "retry:");
        return reader;
    }

    private static async Task<string> ReadUntilAsync(StreamReader live, string text)
    {
        using var patience = new CancellationTokenSource(TimeSpan.FromSeconds(20));
        var read = "";
        while (!read.Contains(text, StringComparison.Ordinal)) read += await live.ReadLineAsync(patience.Token) + "\n";
        return read;
    }
}
