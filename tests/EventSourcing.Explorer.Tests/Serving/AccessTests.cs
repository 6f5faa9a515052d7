using System.Net;
using System.Net.Sockets;
using System.Text;
using EventSourcing.Explorer.Tests.Bank;
using Microsoft.AspNetCore.Builder;

namespace EventSourcing.Explorer.Tests.Serving;

[Collection(nameof(SampleHost))]
public class AccessTests(SampleHost sample)
{
    private static readonly string[] Paths = ["events/", "events/log", "events/stream?name=account-ann", "events/data?position=1", "events/proof?position=1", "events/live", "events/go?to=1"];

    public static TheoryData<string, string> FromElsewhere => new()
    {
        { "Test-Remote", "203.0.113.9" }, { "Test-Remote", "::ffff:203.0.113.9" }, { "Test-Remote", "none" }, { "X-Forwarded-For", "127.0.0.1" }, { "X-Forwarded-Host", "localhost" },
        { "X-Forwarded-Proto", "https" }, { "Forwarded", "for=127.0.0.1" }, { "Via", "1.1 proxy" }, { "X-Real-IP", "127.0.0.1" }, { "X-Original-For", "127.0.0.1:1" },
        { "CF-Connecting-IP", "127.0.0.1" }, { "Host", "evil.example" }, { "Host", "localhost.evil.example" }, { "Host", "127.0.0.1.evil.example" }, { "Host", "192.168.0.7" },
    };

    [Theory]
    [MemberData(nameof(FromElsewhere))]
    public async Task Request_that_may_come_from_elsewhere_is_refused_on_every_page_and_reads_nothing(string header, string value)
    {
        var before = sample.Bank.Counting.Events;
        foreach (var path in Paths)
        {
            using var answer = await SendAsync(sample.Host.Client, path, (header, value));
            answer.StatusCode.Should().Be(HttpStatusCode.Forbidden, path);
            (await answer.Content.ReadAsStringAsync())
                .Should().Contain("RequireAuthorization").And.NotContain("account-ann").And.NotContain("money-");
        }

        using var styles = await SendAsync(sample.Host.Client, "events/explorer.css", (header, value));
        styles.StatusCode.Should().Be(HttpStatusCode.OK, "the refusal is to be readable");
        sample.Bank.Counting.Events.Should().Be(before);
    }

    [Theory]
    [InlineData("Test-Remote", "127.0.0.1")]
    [InlineData("Test-Remote", "127.8.8.8")]
    [InlineData("Test-Remote", "::1")]
    [InlineData("Test-Remote", "::ffff:127.0.0.1")]
    [InlineData("Host", "localhost:5000")]
    [InlineData("Host", "LOCALHOST")]
    [InlineData("Host", "shop.localhost:81")]
    [InlineData("Host", "[::1]:5000")]
    [InlineData("Host", "127.0.0.1")]
    public async Task Request_of_this_machine_is_answered(string header, string value)
    {
        using var answer = await SendAsync(sample.Host.Client, "events/log", (header, value));
        answer.StatusCode.Should().Be(HttpStatusCode.OK);
    }

    [Fact]
    public async Task Proxy_that_hides_itself_is_refused_by_how_it_speaks_and_by_where_the_browser_says_it_is()
    {
        using var tcp = new TcpClient();
        await tcp.ConnectAsync(sample.Host.Address.Host, sample.Host.Address.Port);
        var stream = tcp.GetStream();
        await stream.WriteAsync(
            Encoding.ASCII.GetBytes($"GET /events/log HTTP/1.0\r\nHost: {sample.Host.Address.Authority}\r\nConnection: close\r\n\r\n"));
        (await new StreamReader(stream).ReadToEndAsync()).Should().Contain("403 Forbidden").And.Contain("HTTP/1.0");

        using var answer = await SendAsync(
            sample.Host.Client, "events/log", ("Sec-Fetch-Site", "same-origin"), ("Referer", "https://shop.example/events/"));
        answer.StatusCode.Should().Be(HttpStatusCode.Forbidden);
        using var linked = await SendAsync(
            sample.Host.Client, "events/log", ("Sec-Fetch-Site", "cross-site"), ("Referer", "https://wiki.example/"));
        linked.StatusCode.Should().Be(HttpStatusCode.OK, "a link from elsewhere is no proxy");
    }

    [Fact]
    public async Task With_authorization_on_the_endpoints_that_alone_decides()
    {
        await using var host = await TestHost.StartAsync(sample.Bank.Store, app =>
        {
            app.UseAuthentication();
            app.UseAuthorization();
            app.MapEventExplorer("/events", SampleBank.Show).RequireAuthorization("operators");
        }, TestUsers.Add);

        foreach (var path in Paths.Append("events/explorer.css"))
        {
            (await SendAsync(host.Client, path)).StatusCode.Should().Be(HttpStatusCode.Unauthorized, path);
            (await SendAsync(host.Client, path, (TestUsers.Name, "ann"))).StatusCode.Should().Be(HttpStatusCode.Forbidden, path);
        }

        using var answer = await SendAsync(
            host.Client, "events/log", (TestUsers.Name, "ann"), (TestUsers.Roles, "operator"), ("X-Forwarded-For", "203.0.113.9"),
            ("Test-Remote", "203.0.113.9"), ("Host", "shop.example"));
        answer.StatusCode.Should().Be(HttpStatusCode.OK);
    }

    [Fact]
    public async Task Who_says_that_anybody_may_see_it_opens_it()
    {
        await using var host = await TestHost.StartAsync(sample.Bank.Store, app => app.MapEventExplorer("/events").AllowAnonymous());
        (await SendAsync(host.Client, "events/log", ("Test-Remote", "203.0.113.9"))).StatusCode.Should().Be(HttpStatusCode.OK);
    }

    [Fact]
    public async Task Refusal_comes_as_json_too()
    {
        var refusal = await SampleHost.JsonAsync(await ElsewhereAsync(), "events/log", 403);
        refusal.GetProperty("reason").GetString().Should().Contain("RequireAuthorization");
    }

    public static async Task<HttpResponseMessage> SendAsync(HttpClient client, string path, params (string Name, string Value)[] headers)
    {
        using var request = new HttpRequestMessage(HttpMethod.Get, path);
        foreach (var (name, value) in headers) request.Headers.TryAddWithoutValidation(name, value).Should().BeTrue();
        return await client.SendAsync(request, HttpCompletionOption.ResponseHeadersRead);
    }

    private Task<HttpClient> ElsewhereAsync()
    {
        var client = sample.Host.NewClient();
        client.DefaultRequestHeaders.Add("Test-Remote", "203.0.113.9");
        return Task.FromResult(client);
    }
}
