using System.Collections.Concurrent;
using System.Diagnostics;
using System.Globalization;
using System.Net;
using System.Net.Http.Json;
using System.Text.Json.Nodes;
using System.Text.RegularExpressions;

namespace EventSourcing.AspNetCore.Tests;

/// <summary>Runs the sample as a process of its own, and calls it over HTTP.</summary>
public partial class BankingApiTests
{
    [Fact]
    public async Task Play_the_readme_answers_what_it_says()
    {
        using var app = await BankingApiProcess.StartAsync();
        var readme = (await File.ReadAllTextAsync(Path.Combine(AppContext.BaseDirectory, "BankingApi.README.md"))).ReplaceLineEndings("\n");
        var blocks = Block().Matches(readme).Skip(1).ToList();
        blocks.Should().HaveCountGreaterThan(10);
        for (var i = 0; i < blocks.Count; i += 2)
        {
            (blocks[i].Groups["language"].Value, blocks[i + 1].Groups["language"].Value).Should().Be(("sh", "output"));
            var script = blocks[i].Groups["text"].Value.Replace("localhost:5080", $"localhost:{app.Port}", StringComparison.Ordinal);
            var answer = new List<string>();
            foreach (var line in script.TrimEnd('\n').Split('\n')) answer.AddRange(await TypeAsync(line, app.Folder));
            answer.Should().Equal(blocks[i + 1].Groups["text"].Value.TrimEnd('\n').Split('\n'), script);
        }

        var api = await new HttpClient().GetStringAsync(new Uri($"{app.Address}/openapi/v1.json"));
        api.Should().Contain("\"/accounts/{id}/deposits\"").And.Contain("412");
        (await app.TerminateAsync()).Should().Be(0);
    }

    [Fact]
    public async Task Use_an_idempotency_key_again_never_answers_for_another_command()
    {
        using var app = await BankingApiProcess.StartAsync();
        using var client = new HttpClient { BaseAddress = new Uri(app.Address) };
        foreach (var id in new[] { "ann", "bob", "carol", "dan" })
        {
            await SendAsync(HttpMethod.Put, $"accounts/{id}", $"open {id}", new { owner = id });
            await SendAsync(HttpMethod.Post, $"accounts/{id}/deposits", "1", new { transaction = 1, amount = 100 });
        }

        var ann = await SendAsync(HttpMethod.Post, "transfers", "1", new { from = "ann", to = "bob", transaction = 2, amount = 30 });
        var carol = await SendAsync(HttpMethod.Post, "transfers", "1", new { from = "carol", to = "dan", transaction = 2, amount = 50 });
        (ann.StatusCode, carol.StatusCode).Should().Be((HttpStatusCode.OK, HttpStatusCode.UnprocessableEntity));
        (await carol.Content.ReadAsStringAsync()).Should().Contain("urn:event-sourcing:key-reused");
        (await BalancesAsync()).Should().Equal(70, 130, 100, 100);
        var repeated = await SendAsync(HttpMethod.Post, "transfers", "1", new { from = "ann", to = "bob", transaction = 2, amount = 30 });
        (await repeated.Content.ReadAsStringAsync()).Should().Be(await ann.Content.ReadAsStringAsync());
        (await SendAsync(HttpMethod.Post, "transfers", "2", new { from = "carol", to = "dan", transaction = 2, amount = 50 })).StatusCode.Should().Be(HttpStatusCode.OK);

        await SendAsync(HttpMethod.Post, "accounts/ann/deposits", "3", new { transaction = 3, amount = 20 });
        var withdrawal = await SendAsync(HttpMethod.Post, "accounts/ann/withdrawals", "3", new { transaction = 4, amount = 5 });
        withdrawal.StatusCode.Should().Be(HttpStatusCode.OK);
        (await BalancesAsync()).Should().Equal(85, 130, 50, 150);

        async Task<HttpResponseMessage> SendAsync(HttpMethod method, string path, string key, object body)
        {
            using var request = new HttpRequestMessage(method, path) { Content = JsonContent.Create(body) };
            request.Headers.Add("Idempotency-Key", key);
            return await client.SendAsync(request);
        }

        async Task<List<decimal>> BalancesAsync()
        {
            var balances = new List<decimal>();
            foreach (var id in new[] { "ann", "bob", "carol", "dan" })
                balances.Add((decimal)JsonNode.Parse(await client.GetStringAsync(new Uri($"accounts/{id}", UriKind.Relative)))!["balance"]!);
            return balances;
        }
    }

    [Fact]
    public async Task Terminate_under_load_keeps_every_acknowledged_append_and_projects_none_twice()
    {
        using var app = await BankingApiProcess.StartAsync();
        using var client = new HttpClient { BaseAddress = new Uri(app.Address) };
        for (var a = 0; a < 8; a++) (await client.PutAsJsonAsync($"accounts/a{a}", new { owner = $"owner {a}" })).EnsureSuccessStatusCode();
        var acknowledged = new ConcurrentDictionary<long, bool>();
        var last = 0L;
        var callers = Enumerable.Range(0, 16).Select(caller => Task.Run(async () =>
        {
            while (true)
            {
                var transaction = Interlocked.Increment(ref last);
                try
                {
                    var answer = await client.PostAsJsonAsync($"accounts/a{transaction % 8}/deposits", new { transaction, amount = 1 });
                    if (answer.IsSuccessStatusCode) acknowledged[transaction] = true;
                }
                catch (HttpRequestException)
                {
                    return; // the app has ended
                }
            }
        })).ToList();
        while (acknowledged.Count < 200) await Task.Delay(5);
        (await app.TerminateAsync()).Should().Be(0, app.Output);
        await Task.WhenAll(callers);

        await using var store = new EventStore(new SqliteEventStorage(app.Database), EventTypes.FromAssemblyOf<Banking.Account>());
        var booked = new List<long>();
        await foreach (var e in store.ReadLogAsync())
        {
            if (e.Data is Banking.MoneyDeposited deposited) booked.Add(deposited.TransactionId);
        }

        booked.Should().OnlyHaveUniqueItems();
        acknowledged.Keys.Should().BeSubsetOf(booked);
        var projection = new Banking.AccountBalances();
        (await store.ReadModel(projection).GetPositionAsync()).Should().BeLessThanOrEqualTo(await store.GetHeadAsync());
        await using (var projections = store.StartProjections(projection)) await projections.CatchUpAsync();
        (await store.ReadModel(projection).Query().ToListAsync()).Sum(account => account.Value.Transactions).Should().Be(booked.Count);
        app.Output.Should().NotContain("ObjectDisposed").And.NotContain("fail:");
    }

    [Theory]
    [InlineData("GET", "accounts/{0}")]
    [InlineData("GET", "accounts/{0}/statement")]
    [InlineData("PUT", "accounts/{0}")]
    [InlineData("POST", "accounts/{0}/deposits")]
    public async Task Request_with_an_id_that_nothing_can_have_is_answered_with_400(string method, string path)
    {
        using var app = await BankingApiProcess.StartAsync();
        using var client = new HttpClient { BaseAddress = new Uri(app.Address) };
        foreach (var id in new[] { new string('x', 300), "a%00b", "a%0Ab" })
        {
            using var request = new HttpRequestMessage(new HttpMethod(method), new Uri(string.Format(CultureInfo.InvariantCulture, path, id), UriKind.Relative));
            if (method != "GET") request.Content = JsonContent.Create(new { owner = "ann", transaction = 1, amount = 1 });
            var answer = await client.SendAsync(request);
            answer.StatusCode.Should().Be(HttpStatusCode.BadRequest, "the id is '{0}'", id);
        }

        app.Output.Should().NotContain("fail:");
    }

    [Fact]
    public async Task Telemetry_on_the_console_shows_the_spans_of_a_request_together()
    {
        using var app = await BankingApiProcess.StartAsync("--Telemetry=console");
        using var client = new HttpClient { BaseAddress = new Uri(app.Address) };
        (await client.PutAsJsonAsync("accounts/ann", new { owner = "canary-4711" })).EnsureSuccessStatusCode();

        // A span is written when it ends. So the request's span comes after that of its append, and perhaps after the projection's.
        var patience = Stopwatch.StartNew();
        while (!(IsProjected(app.Output) && SpansOfTheAppend(app.Output) > 1) && patience.Elapsed < TimeSpan.FromSeconds(30)) await Task.Delay(20);
        app.Output.Should().Contain("project AccountBalances").And.NotContain("canary-4711");
        SpansOfTheAppend(app.Output).Should().BeGreaterThan(1, "the request is a span of the same trace: " + app.Output);

        static bool IsProjected(string output) => output.Contains("project AccountBalances", StringComparison.Ordinal);

        static int SpansOfTheAppend(string output) =>
            Regex.Match(output, "Activity.TraceId: +(?<trace>[0-9a-f]{32})(?:(?!Activity.TraceId).)*?Activity.DisplayName: +append account", RegexOptions.Singleline) is
                { Success: true } span ? Regex.Count(output, span.Groups["trace"].Value) : 0;
    }

    private static async Task<IEnumerable<string>> TypeAsync(string line, string folder)
    {
        using var shell = Process.Start(new ProcessStartInfo("bash", ["-c", line]) { WorkingDirectory = folder, RedirectStandardOutput = true, RedirectStandardError = true })!;
        var output = await shell.StandardOutput.ReadToEndAsync();
        await shell.WaitForExitAsync();
        return output.TrimEnd('\n').Split('\n');
    }

    [GeneratedRegex(@"^```(?<language>sh|output)\n(?<text>.*?)^```$", RegexOptions.Multiline | RegexOptions.Singleline)]
    private static partial Regex Block();
}
