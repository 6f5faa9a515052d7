using AngleSharp;
using AngleSharp.Dom;
using EventSourcing.Explorer.Tests.Bank;

namespace EventSourcing.Explorer.Tests.Serving;

/// <summary>The sample bank with its explorer, for tests that only look.</summary>
public sealed class SampleHost : IAsyncLifetime
{
    private SampleBank? _bank;
    private TestHost? _host;

    public SampleBank Bank => _bank!;

    public TestHost Host => _host!;

    /// <summary>An address of every page.</summary>
    public IReadOnlyList<string> Pages => PagesOf(Bank);

    public static IReadOnlyList<string> PagesOf(SampleBank bank) =>
    [
        "", "log", "log?type=limit-set&tag=desk-1&prefix=account-&from=2026-09-03&to=2026-10-20", "log?asof=100", "log?tag=none-has-it",
        "streams", "streams?prefix=account-", "streams?prefix=zzz",
        "stream?name=account-ann", "stream?name=account-ann&at=5&from=2", "stream?name=transfer-2041", "stream?name=%24erasures",
        $"event?position={bank.AnnPaid}", $"event?position={bank.Old}", $"event?position={bank.Unknown}", $"event?position={bank.Erased}", $"event?position={bank.Large}",
        $"trace?correlation={SampleBank.Payment}&near={bank.AnnPaid}", "trace?correlation=none", "types", "projections", "projection?name=Statements", "projection?name=Balances",
        "read-models", "read-model?name=Balances", "read-model?name=Balances&c.amount=min&v.amount=100&order=amount&down=1",
        "document?model=Balances&key=ann", "document?model=Balances&key=ann&asof=100", "ledger",
    ];

    public async Task InitializeAsync()
    {
        _bank = await SampleBank.OpenAsync(isOnDisk: true);
        _host = await TestHost.StartAsync(_bank);
    }

    public async Task DisposeAsync()
    {
        await _host!.DisposeAsync();
        await _bank!.DisposeAsync();
    }

    public Task<IDocument> OpenAsync(string page, int status = 200) => OpenAsync(Host.Client, "events/" + page, status);

    public static async Task<IDocument> OpenAsync(HttpClient client, string address, int status = 200)
    {
        using var answer = await client.GetAsync(address);
        var text = await answer.Content.ReadAsStringAsync();
        ((int)answer.StatusCode).Should().Be(status, "{0} answers {1}", address, text.Length > 3000 ? text[..3000] : text);
        answer.Content.Headers.ContentType!.MediaType.Should().Be("text/html");
        return await BrowsingContext.New(Configuration.Default).OpenAsync(
            request => request.Content(text).Address(new Uri(client.BaseAddress!, address)));
    }

    public static async Task<System.Text.Json.JsonElement> JsonAsync(HttpClient client, string address, int? status = 200)
    {
        using var request = new HttpRequestMessage(HttpMethod.Get, address);
        request.Headers.Accept.ParseAdd("application/json");
        using var answer = await client.SendAsync(request);
        if (status is { } expected) ((int)answer.StatusCode).Should().Be(expected);
        answer.Content.Headers.ContentType!.MediaType.Should().Be("application/json");
        return System.Text.Json.JsonElement.Parse(await answer.Content.ReadAsStringAsync());
    }
}

[CollectionDefinition(nameof(SampleHost))]
[System.Diagnostics.CodeAnalysis.SuppressMessage("Naming", "CA1711", Justification = "xunit's word")]
public sealed class SampleHostCollection : ICollectionFixture<SampleHost>;
