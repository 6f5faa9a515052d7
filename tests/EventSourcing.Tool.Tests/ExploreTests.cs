using System.Net;
using System.Net.Sockets;
using System.Text.RegularExpressions;
using EventSourcing.Tests.Postgres;

namespace EventSourcing.Tool.Tests;

/// <summary>The explorer, served by the tool. That it ends by a signal is a test of the process.</summary>
public sealed class ExploreTests : IDisposable
{
    private readonly WorkFolder _folder = new();

    public void Dispose() => _folder.Dispose();

    [Fact]
    public async Task Explore_a_file_serves_its_pages_until_it_is_interrupted()
    {
        await Shop.MakeAsync();

        var run = await ExploreAsync(async client =>
        {
            (await client.GetStringAsync("log")).Should().Contain("order-cancelled").And.Contain("31.50");
            (await client.GetStringAsync("trace?correlation=" + Shop.IdAt(1))).Should().Contain("payment-taken");
            using var order = await client.PostAsync("act", new FormUrlEncodedContent([]));
            order.StatusCode.Should().Be(HttpStatusCode.Forbidden, "it only reads");
        }, "shop.db");

        run.ExitCode.Should().Be(130);
        run.Error.Should().StartWith("Open this address in a browser");
    }

    [Fact]
    public async Task Explore_with_data_hidden_shows_none_of_it()
    {
        await Shop.MakeAsync();

        var run = await ExploreAsync(async client =>
            (await client.GetStringAsync("event?position=1")).Should().Contain("order-17").And.NotContain("31.50"),
            "shop.db", "--hide-data", "--json", "--quiet");

        run.Error.Should().BeEmpty();
        run.Json.Should().ContainSingle();
    }

    [PostgresFact]
    public async Task Explore_a_database_serves_its_pages_and_shows_no_password()
    {
        using var place = new PostgresStore();
        await Shop.MakeAsync(place.Open(new Shop.Clock()));

        var run = await ExploreAsync(async client =>
            (await client.GetStringAsync("")).Should().Contain($"<title>Overview · {place.Display}</title>").And.NotContain(PostgresStore.Password),
            place.Url);

        run.Both.Should().NotContain(PostgresStore.Password);
    }

    [Fact]
    public async Task Explore_what_is_not_there_is_refused_and_makes_nothing()
    {
        var run = await Run.Piped("explore", "shop.db");

        run.ExitCode.Should().Be(2);
        run.Error.Should().Contain("There is no file 'shop.db'.");
        _folder.FileNames.Should().BeEmpty();
    }

    [Theory]
    [InlineData("0")]
    [InlineData("65536")]
    [InlineData("http")]
    public async Task Explore_at_no_port_is_refused(string port) =>
        (await Run.Piped("explore", "shop.db", "--port", port)).Error.Should().Contain("--port");

    [Fact]
    public async Task Explore_at_a_port_in_use_says_so()
    {
        await Shop.MakeAsync();
        using var taken = new TcpListener(IPAddress.Loopback, 0);
        taken.Start();
        var port = ((IPEndPoint)taken.LocalEndpoint).Port.ToString(System.Globalization.CultureInfo.InvariantCulture);

        var run = await Run.Piped("explore", "shop.db", "--port", port);

        run.ExitCode.Should().Be(2);
        run.Error.Should().Contain($"127.0.0.1:{port}").And.Contain("in use");
    }

    /// <summary>Runs <c>evs explore</c> for as long as the pages are read.</summary>
    private static async Task<Run> ExploreAsync(Func<HttpClient, Task> read, params string[] arguments)
    {
        using var end = new CancellationTokenSource();
        var address = new TaskCompletionSource<Uri>(TaskCreationOptions.RunContinuationsAsynchronously);
        var options = new Run.Options
        {
            Interrupt = end.Token,
            Printed = text =>
            {
                if (Regex.Match(text, @"http://[\d.:]+/") is { Success: true } found) address.TrySetResult(new Uri(found.Value));
            },
        };
        var exploring = Run.Of(options, ["explore", .. arguments]);
        if (await Task.WhenAny(exploring, address.Task) == exploring) return await exploring;
        using var client = new HttpClient { BaseAddress = await address.Task };
        await read(client);
        await end.CancelAsync();
        return await exploring;
    }
}
