using EventSourcing.Explorer.Tests.Bank;

namespace EventSourcing.Explorer.Tests.Serving;

public class StandAloneTests
{
    [Fact]
    public async Task Any_store_is_shown_without_the_types_of_its_app()
    {
        await using var bank = await SampleBank.OpenAsync();
        await using var strange = new EventStore(new Lent(bank.Counting), new EventTypes());
        await using var server = await EventExplorerServer.StartAsync(strange);
        using var client = new HttpClient { BaseAddress = server.Address };

        foreach (
            var page in SampleHost.PagesOf(bank).Where(
                page => !page.StartsWith("document?model=Balances&key=ann&", StringComparison.Ordinal)))
            await SampleHost.OpenAsync(client, page);
        (await SampleHost.OpenAsync(client, $"event?position={bank.AnnPaid}")).Body!.TextContent
            .Should().Contain("transfer 2041 to Ben").And.NotContain("cannot read");
        (await SampleHost.OpenAsync(client, "types")).QuerySelectorAll(".badge.warn").Should().NotBeEmpty();
        (await client.PostAsync("act", new FormUrlEncodedContent([]))).StatusCode.Should().Be(System.Net.HttpStatusCode.Forbidden);
    }

    [Fact]
    public async Task Store_that_is_open_read_only_is_shown_and_takes_no_orders()
    {
        var folder = Directory.CreateTempSubdirectory("explorer-");
        try
        {
            var path = Path.Combine(folder.FullName, "shop.db");
            await using (
                var store = new EventStore(
                    new SqliteEventStorage(path),
                    EventTypes.FromAssemblyOf<Account>())) await store.AppendAsync("account-1", 0, [new AccountOpened("Ann", "EUR")]);
            await using var readOnly = new EventStore(
                new SqliteEventStorage(path, new SqliteEventStorageOptions { ReadOnly = true }), new EventTypes());
            await using var server = await EventExplorerServer.StartAsync(readOnly, configure: explorer => explorer.ActionPolicy = null);
            using var client = new HttpClient { BaseAddress = server.Address };
            foreach (
                var page in new[] { "", "log", "streams", "stream?name=account-1", "event?position=1", "types", "projections", "read-models", "ledger", "trace?correlation=x" })
                await SampleHost.OpenAsync(client, page);
            (await SampleHost.OpenAsync(client, "")).Body!.TextContent.Should().Contain("open read-only");
        }
        finally
        {
            folder.Delete(recursive: true);
        }
    }

    [Fact]
    public async Task Server_runs_until_it_is_cancelled()
    {
        await using var store = new EventStore(new InMemoryEventStorage(), new EventTypes());
        using var cancel = new CancellationTokenSource();
        var started = new TaskCompletionSource<Uri>();
        var running = EventExplorerServer.RunAsync(
            store, "http://127.0.0.1:0", started.SetResult, explorer => explorer.Title = "Shop", cancel.Token);
        using var client = new HttpClient { BaseAddress = await started.Task };
        (await SampleHost.OpenAsync(client, "")).Title.Should().Be("Overview · Shop");
        await cancel.CancelAsync();
        await running;
        (await store.GetHeadAsync()).Should().Be(0, "the store is the caller's, and still open");
    }

    [Theory]
    [InlineData("http://0.0.0.0:5000")]
    [InlineData("http://*:5000")]
    [InlineData("http://shop.example:5000")]
    [InlineData("http://192.168.0.7:5000")]
    [InlineData("5000")]
    [InlineData("https://localhost:5000")]
    [InlineData("http://loopback:5000")]
    [InlineData("http://localhost.:5000")]
    [InlineData("http://shop.localhost:5000")]
    [InlineData("http://0.0.0.0@127.0.0.1:5000")]
    [InlineData("http://127.0.0.1/;http://0.0.0.0:5000")]
    [InlineData("http://127.0.0.1:5000/path")]
    [InlineData("http://unix:/tmp/explorer.sock")]
    public async Task Address_that_others_could_reach_is_refused(string url)
    {
        await using var store = new EventStore(new InMemoryEventStorage(), new EventTypes());
        await FluentActions.Awaiting(() => EventExplorerServer.StartAsync(store, url))
            .Should().ThrowAsync<ArgumentException>().WithMessage("*this machine alone*");
    }

    [Theory]
    [InlineData("http://127.0.0.1:0")]
    [InlineData("http://127.0.0.1:0/")]
    [InlineData("HTTP://127.0.0.2:0")]
    public async Task Address_of_this_machine_alone_is_listened_at(string url)
    {
        if (!OperatingSystem.IsLinux() && url.Contains("127.0.0.2", StringComparison.Ordinal)) return;
        await using var store = new EventStore(new InMemoryEventStorage(), new EventTypes());
        await using var server = await EventExplorerServer.StartAsync(store, url);

        System.Net.IPAddress.IsLoopback(System.Net.IPAddress.Parse(server.Address.Host)).Should().BeTrue();
    }

    /// <summary>A storage that belongs to somebody else.</summary>
    private sealed class Lent(IEventStorage inner) : IEventStorage
    {
        public IStorageCatalog Catalog => inner.Catalog;

        public ILedgerStorage Ledger => inner.Ledger;

        public EventStorageOptions Options => inner.Options;

        public IReadModelStorage ReadModels => inner.ReadModels;

        public ValueTask<AppendResult> AppendAsync(AppendRequest request, CancellationToken cancellationToken = default) =>
            inner.AppendAsync(request, cancellationToken);

        public ValueTask DisposeAsync() => ValueTask.CompletedTask;

        public ValueTask<long> GetHeadAsync(CancellationToken cancellationToken = default) => inner.GetHeadAsync(cancellationToken);

        public ValueTask<long> GetPositionAsync(Guid eventId, CancellationToken cancellationToken = default) =>
            inner.GetPositionAsync(eventId, cancellationToken);

        public ValueTask<EventPage> ReadLogAsync(LogRead read, CancellationToken cancellationToken = default) =>
            inner.ReadLogAsync(read, cancellationToken);

        public ValueTask<EventPage> ReadStreamAsync(StreamRead read, CancellationToken cancellationToken = default) =>
            inner.ReadStreamAsync(read, cancellationToken);

        public ValueTask<long> ImportAsync(ImportRequest request, CancellationToken cancellationToken = default) =>
            inner.ImportAsync(request, cancellationToken);

        public ValueTask<string?> GetMovedToAsync(CancellationToken cancellationToken = default) => inner.GetMovedToAsync(cancellationToken);

        public ValueTask<bool> SetMovedToAsync(string? movedTo, long head, CancellationToken cancellationToken = default) =>
            inner.SetMovedToAsync(movedTo, head, cancellationToken);

        public ValueTask<long> WaitForEventsAsync(long position, CancellationToken cancellationToken = default) =>
            inner.WaitForEventsAsync(position, cancellationToken);
    }
}
