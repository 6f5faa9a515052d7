using System.Net;
using EventSourcing.Explorer.Tests.Bank;
using Microsoft.AspNetCore.Builder;

namespace EventSourcing.Explorer.Tests.Serving;

public class OrderTests : IAsyncLifetime
{
    private SampleBank _bank = null!;
    private TestHost _host = null!;

    public async Task InitializeAsync()
    {
        _bank = await SampleBank.OpenAsync();
        _host = await TestHost.StartAsync(_bank.Store, app =>
        {
            app.UseAuthentication();
            app.UseAuthorization();
            app.MapEventExplorer("/events", explorer => explorer.ActionPolicy = "operators");
            app.MapEventExplorer("/quiet");
        }, TestUsers.Add);
    }

    public async Task DisposeAsync()
    {
        await _host.DisposeAsync();
        await _bank.DisposeAsync();
    }

    [Fact]
    public async Task Order_without_permission_is_refused_and_nothing_is_ordered()
    {
        var parked = await ParkedAsync();
        var orders = await OrdersAsync();
        (await OrderAsync("quiet/act", "skip", parked.Id, "no use", [.. Operator])).StatusCode
            .Should().Be(HttpStatusCode.Forbidden, "no policy is named");
        (await OrderAsync("events/act", "skip", parked.Id, "no use")).StatusCode
            .Should().Be(HttpStatusCode.Forbidden, "nobody is signed in");
        (await OrderAsync("events/act", "skip", parked.Id, "no use", (TestUsers.Name, "bob"))).StatusCode
            .Should().Be(HttpStatusCode.Forbidden, "bob is no operator");
        (await SampleHost.OpenAsync(_host.Client, "events/projection?name=Statements")).QuerySelectorAll("form[method=post]")
            .Should().BeEmpty();

        (await ParkedAsync()).Should().Be(parked);
        (await OrdersAsync()).Should().Be(orders).And.Be(0);
    }

    [Theory]
    [InlineData("Origin", "https://evil.example")]
    [InlineData("Origin", "null")]
    [InlineData("Origin", "http://localhost:1")]
    [InlineData("Sec-Fetch-Site", "cross-site")]
    [InlineData("Sec-Fetch-Site", "same-site")]
    [InlineData("Sec-Fetch-Site", "none")]
    public async Task Order_from_another_site_is_refused_and_nothing_is_ordered(string header, string value)
    {
        var parked = await ParkedAsync();
        (await OrderAsync("events/act", "skip", parked.Id, "no use", [.. Operator, (header, value)])).StatusCode
            .Should().Be(HttpStatusCode.Forbidden);
        (await OrderAsync("events/verify", "start", "", "", (header, value))).StatusCode.Should().Be(HttpStatusCode.Forbidden);

        (await ParkedAsync()).Should().Be(parked);
        (await OrdersAsync()).Should().Be(0);
        (await SampleHost.JsonAsync(_host.Client, "events/ledger")).TryGetProperty("verification", out _).Should().BeFalse();
    }

    [Theory]
    [InlineData("skip", "")]
    [InlineData("skip", "   ")]
    [InlineData("dance", "a reason")]
    public async Task Order_without_a_reason_or_without_a_meaning_is_refused(string order, string reason)
    {
        var parked = await ParkedAsync();
        (await OrderAsync("events/act", order, parked.Id, reason, [.. Operator])).StatusCode.Should().Be(HttpStatusCode.BadRequest);
        (await ParkedAsync()).Should().Be(parked);
        (await OrdersAsync()).Should().Be(0);
    }

    [Fact]
    public async Task Skip_is_carried_out_and_kept_with_the_user_and_the_reason()
    {
        var parked = await ParkedAsync();
        using var answer = await OrderAsync(
            "events/act", "skip", parked.Id, "written twice",
            [.. Operator, ("Origin", _host.Address.GetLeftPart(UriPartial.Authority)), ("Sec-Fetch-Site", "same-origin")]);
        answer.StatusCode.Should().Be(HttpStatusCode.SeeOther);
        answer.Headers.Location!.OriginalString.Should().Be("projection?name=Statements&done=skip");

        await UntilAsync(async () => (await _bank.Store.ProjectionAdmin().GetSkippedAsync("Statements")).Count == 1);
        (await _bank.Store.ProjectionAdmin().GetSkippedAsync("Statements")).Single()
            .Should().BeEquivalentTo(new { By = "ann", Reason = "written twice", parked.Position });
        var order = (await SampleHost.JsonAsync(_host.Client, "events/projections")).GetProperty("orders")[0];
        order.GetProperty("by").GetString().Should().Be("ann");
        order.GetProperty("reason").GetString().Should().Be("written twice");
        (await SampleHost.OpenAsync(_host.Client, "events/projections")).Body!.TextContent.Should().Contain("written twice");
    }

    [Fact]
    public async Task Each_order_can_be_given_and_is_kept()
    {
        var parked = await ParkedAsync();
        foreach (var order in new[] { "resume", "resume-all", "rebuild", "stop", "start" })
            (await OrderAsync("events/act", order, parked.Id, "because", [.. Operator])).StatusCode
                .Should().Be(HttpStatusCode.SeeOther, order);
        (await OrderAsync("events/act", "skip", "no such", "because", [.. Operator])).StatusCode.Should().Be(HttpStatusCode.Conflict);
        (await OrdersAsync()).Should().Be(5);
    }

    [Fact]
    public async Task Order_whose_browser_has_gone_is_given_as_its_record_says()
    {
        using var gone = new CancellationTokenSource();
        await using var storage = new HookedStorage(_bank.Counting)
        {
            Committed = commit =>
            {
                if (IsRecord(commit)) gone.Cancel();
            },
        };
        await using var store = new EventStore(storage, EventTypes.FromAssemblyOf<Account>());
        await using var host = await HostAsync(store, gone.Token);
        var parked = await ParkedAsync();

        using var answer = await OrderAsync("events/act", "skip", parked.Id, "the tab is closed", host.Client, [.. Operator]);

        answer.StatusCode.Should().Be(HttpStatusCode.SeeOther);
        await UntilAsync(async () => (await _bank.Store.ProjectionAdmin().GetSkippedAsync("Statements")).Count == 1);
        (await RecordAsync()).Outcome.Should().Be("given");
    }

    [Fact]
    public async Task Order_that_fails_for_whatever_reason_is_on_record_as_failed()
    {
        var isRecorded = false;
        await using var storage = new HookedStorage(_bank.Counting)
        {
            Committing = commit =>
            {
                if (!IsRecord(commit)) throw new InvalidOperationException("Nothing can be ordered.");
                isRecorded = true;
            },
        };
        await using var store = new EventStore(storage, EventTypes.FromAssemblyOf<Account>());
        await using var host = await HostAsync(store, CancellationToken.None);
        var parked = await ParkedAsync();

        using var answer = await OrderAsync("events/act", "skip", parked.Id, "it fails", host.Client, [.. Operator]);

        answer.StatusCode.Should().Be(HttpStatusCode.InternalServerError);
        isRecorded.Should().BeTrue();
        (await RecordAsync()).Outcome.Should().Be("failed");
        (await ParkedAsync()).Should().Be(parked);
    }

    [Fact]
    public async Task Verification_runs_once_for_all_and_says_what_it_found()
    {
        (await OrderAsync("events/verify", "start", "", "")).StatusCode.Should().Be(HttpStatusCode.SeeOther);
        await UntilAsync(async () => (await VerificationAsync()).GetProperty("state").GetString() != "running");
        var found = await VerificationAsync();
        found.GetProperty("state").GetString().Should().Be("sound");
        found.GetProperty("comparedCheckpoints").GetInt32().Should().BePositive();
        (await SampleHost.OpenAsync(_host.Client, "events/ledger")).QuerySelector("#verification")!.TextContent
            .Should().Contain("The log is sound.");

        async Task<System.Text.Json.JsonElement> VerificationAsync() =>
            (await SampleHost.JsonAsync(_host.Client, "events/ledger")).GetProperty("verification");
    }

    private static IEnumerable<(string, string)> Operator => [(TestUsers.Name, "ann"), (TestUsers.Roles, "operator")];

    private static async Task UntilAsync(Func<Task<bool>> isDone)
    {
        using var patience = new CancellationTokenSource(TimeSpan.FromSeconds(20));
        while (!await isDone()) await Task.Delay(20, patience.Token);
    }

    private async Task<ParkedEvents> ParkedAsync() => (await _bank.Store.ProjectionAdmin().GetParkedAsync("Statements")).Single();

    private async Task<long> OrdersAsync() => await _bank.Store.Storage.ReadModels.CountAsync(OrderRecords.Model, []);

    private async Task<OrderRecord> RecordAsync() => (await OrderRecords.ListAsync(_bank.Store, 10, CancellationToken.None)).Single();

    private static bool IsRecord(ReadModelCommit commit) => commit.Changes.Any(change => change.Model == OrderRecords.Model);

    /// <summary>An app whose requests end early.</summary>
    private static Task<TestHost> HostAsync(EventStore store, CancellationToken aborted) => TestHost.StartAsync(store, app =>
    {
        app.Use((http, next) =>
        {
            if (aborted.CanBeCanceled) http.RequestAborted = aborted;
            return next(http);
        });
        app.UseAuthentication();
        app.UseAuthorization();
        app.MapEventExplorer("/events", explorer => explorer.ActionPolicy = "operators");
    }, TestUsers.Add);

    private Task<HttpResponseMessage> OrderAsync(
        string address, string order, string parked, string reason, params (string Name, string Value)[] headers) =>
        OrderAsync(address, order, parked, reason, _host.Client, headers);

    private static async Task<HttpResponseMessage> OrderAsync(
        string address, string order, string parked, string reason, HttpClient client, (string Name, string Value)[] headers)
    {
        using var request = new HttpRequestMessage(HttpMethod.Post, address)
        {
            Content = new FormUrlEncodedContent(
                [new("order", order), new("projection", "Statements"), new("parked", parked), new("reason", reason)]),
        };
        foreach (var (name, value) in headers) request.Headers.TryAddWithoutValidation(name, value);
        return await client.SendAsync(request);
    }
}
