using System.Net;
using System.Net.Http.Json;
using System.Text;
using System.Text.Json.Nodes;
using Banking;
using Microsoft.AspNetCore.Builder;
using Microsoft.AspNetCore.Http;
using Microsoft.AspNetCore.Mvc;

namespace EventSourcing.AspNetCore.Tests;

/// <summary>A key repeats a request, and nothing else: not another request, nor that of another caller.</summary>
public sealed class IdempotencyKeyTests : IAsyncLifetime
{
    private TestApi _api = null!;

    public static TheoryData<string> Keys => new() { "1", "8e03978e-40d5-43e8-bc93-6894a57f9324", "\"0197a3c2-5f60-7000-8000-000000000001\"", "00000000-0000-0000-0000-000000000000" };

    public async Task InitializeAsync()
    {
        _api = await TestApi.StartAsync(app =>
        {
            app.MapPost("/accounts/{id}/deposits", (string id, Booking booking, IdempotencyKey key, EventStore store) => BookAsync(store, id, booking, key));
            app.MapPut("/accounts/{id}/deposits", (string id, IdempotencyKey key, Booking booking, EventStore store) => BookAsync(store, id, booking, key));
            app.MapPost("/accounts/{id}/bonuses", (string id, Booking booking, IdempotencyKey key, EventStore store) => BookAsync(store, id, booking, key));
            app.MapPost("/accounts/{id}/forms", ([FromForm] decimal amount, string id, IdempotencyKey key, EventStore store) => BookAsync(store, id, new Booking(amount), key))
                .DisableAntiforgery();
            app.MapPost("/accounts/{id}/queries", (string id, decimal amount, IdempotencyKey key, EventStore store) => BookAsync(store, id, new Booking(amount), key));
            app.MapPost("/early", async (HttpContext context, EventStore _) =>
            {
                await context.Request.ReadFromJsonAsync<Booking>();
                await IdempotencyKey.BindAsync(context, null!);
            }).Accepts<Booking>("application/json");
        });
        await _api.Store.Aggregate<Account>("ann").CreateAsync(account => account.Open());
    }

    public async Task DisposeAsync() => await _api.DisposeAsync();

    [Theory]
    [MemberData(nameof(Keys))]
    public async Task Repeat_a_request_takes_effect_once_and_is_answered_as_the_first_time(string key)
    {
        var first = await PostAsync("deposits", 5, key);
        var again = await PostAsync("deposits", 5, key);
        (first.StatusCode, again.StatusCode).Should().Be((HttpStatusCode.OK, HttpStatusCode.OK));
        (await again.Content.ReadAsStringAsync()).Should().Be(await first.Content.ReadAsStringAsync());
        (await BalanceAsync()).Should().Be(5);
    }

    [Theory]
    [MemberData(nameof(Keys))]
    public async Task Use_a_key_with_another_body_is_answered_with_422_and_changes_nothing(string key)
    {
        await PostAsync("deposits", 5, key);
        var other = await PostAsync("deposits", 7, key);
        other.StatusCode.Should().Be(HttpStatusCode.UnprocessableEntity);
        ((string?)JsonNode.Parse(await other.Content.ReadAsStringAsync())!["type"]).Should().Be("urn:event-sourcing:key-reused");
        (await BalanceAsync()).Should().Be(5);
        (await PostAsync("deposits", 5, key)).StatusCode.Should().Be(HttpStatusCode.OK, "the first request can still be repeated");
    }

    [Theory]
    [MemberData(nameof(Keys))]
    public async Task Use_a_key_for_another_path_method_or_caller_is_another_command(string key)
    {
        await PostAsync("deposits", 5, key);
        await PostAsync("deposits", 5, key, "X-User: ann");
        await PostAsync("deposits", 5, key, "X-User: carol");
        await PostAsync("bonuses", 5, key);
        await SendAsync(HttpMethod.Put, "deposits", 5, key);
        (await BalanceAsync()).Should().Be(25);
        await PostAsync("deposits", 5, key, "X-User: carol");
        await SendAsync(HttpMethod.Put, "deposits", 5, key);
        (await BalanceAsync()).Should().Be(25);
    }

    [Fact]
    public async Task Use_a_key_with_another_query_or_form_is_answered_with_422_and_changes_nothing()
    {
        (await QueryAsync(5)).Should().Be(HttpStatusCode.OK);
        (await QueryAsync(7)).Should().Be(HttpStatusCode.UnprocessableEntity);
        (await QueryAsync(5)).Should().Be(HttpStatusCode.OK);
        (await FormAsync("amount=5")).Should().Be(HttpStatusCode.OK);
        (await FormAsync("amount=7")).Should().Be(HttpStatusCode.UnprocessableEntity);
        (await FormAsync("amount=5")).Should().Be(HttpStatusCode.OK);
        (await BalanceAsync()).Should().Be(10);

        async Task<HttpStatusCode> QueryAsync(int amount) =>
            (await _api.SendAsync(HttpMethod.Post, $"/accounts/ann/queries?amount={amount}", null, "Idempotency-Key: 1")).StatusCode;

        async Task<HttpStatusCode> FormAsync(string form) => (await _api.SendAsync(
            HttpMethod.Post, "/accounts/ann/forms", new StringContent(form, Encoding.UTF8, "application/x-www-form-urlencoded"), "Idempotency-Key: 1")).StatusCode;
    }

    [Fact]
    public async Task Send_a_large_body_is_compared_to_its_end()
    {
        var padding = new string(' ', 200_000);
        (await SendAsync($$"""{"amount":5}{{padding}}""")).Should().Be(HttpStatusCode.OK);
        (await SendAsync($$"""{"amount":5}{{padding}} """)).Should().Be(HttpStatusCode.UnprocessableEntity);
        (await SendAsync($$"""{"amount":5}{{padding}}""")).Should().Be(HttpStatusCode.OK);
        (await BalanceAsync()).Should().Be(5);

        async Task<HttpStatusCode> SendAsync(string json) => (await _api.SendAsync(
            HttpMethod.Post, "/accounts/ann/deposits", new StringContent(json, Encoding.UTF8, "application/json"), "Idempotency-Key: 1")).StatusCode;
    }

    [Fact]
    public async Task Keep_of_a_request_what_nobody_can_guess_who_has_not_the_key()
    {
        await PostAsync("deposits", 5, "1");
        await PostAsync("deposits", 5, "2");
        var kept = (await _api.Store.ReadLogAsync().ToListAsync()).Skip(1).Select(e => e.Metadata.CommandFingerprint).ToList();
        kept.Should().HaveCount(2).And.OnlyHaveUniqueItems().And.OnlyContain(fingerprint => fingerprint!.Length == 32);
    }

    [Theory]
    [InlineData(false, HttpStatusCode.InternalServerError)]
    [InlineData(true, HttpStatusCode.BadRequest)]
    public async Task Read_the_body_before_the_key_is_an_error_and_not_an_empty_body(bool isChunked, HttpStatusCode status)
    {
        var body = new StringContent("""{"amount":5}""", Encoding.UTF8, "application/json");
        using var request = new HttpRequestMessage(HttpMethod.Post, "/early") { Content = body };
        request.Headers.TransferEncodingChunked = isChunked;
        request.Headers.Add("Idempotency-Key", "1");
        (await _api.Client.SendAsync(request)).StatusCode.Should().Be(status);
        if (isChunked) return;
        _api.Logs.GetSnapshot().Should().Contain(log => log.Exception is InvalidOperationException && log.Exception.Message.Contains("EnableBuffering"));
    }

    [Theory]
    [InlineData("8e03978e-40d5-43e8-bc93-6894a57f9324", "8e03978e-40d5-43e8-bc93-6894a57f9324")]
    [InlineData("\"8e03978e-40d5-43e8-bc93-6894a57f9324\"", "8e03978e-40d5-43e8-bc93-6894a57f9324")]
    [InlineData("order-17", "72a90ea3-da8b-8dd0-9bde-2f27314e02e2")]
    [InlineData("00000000-0000-0000-0000-000000000000", "12b9377c-be7e-8c94-a8a7-0d9d23929523")]
    public void Make_a_key_of_a_text_is_the_same_everywhere(string text, string id) =>
        IdempotencyKey.Of(text).Should().Be(new IdempotencyKey(Guid.Parse(id)));

    private static async Task<IResult> BookAsync(EventStore store, string id, Booking booking, IdempotencyKey key)
    {
        var result = await store.Aggregate<Account>(id).UpdateAsync(
            account => account.Deposit(account.Version, Operation.CashDeposit, booking.Amount), commandId: key.CommandId);
        return Results.Ok(result.Position);
    }

    private Task<HttpResponseMessage> PostAsync(string what, decimal amount, string key, params string[] headers) =>
        SendAsync(HttpMethod.Post, what, amount, key, headers);

    private Task<HttpResponseMessage> SendAsync(HttpMethod method, string what, decimal amount, string key, params string[] headers) =>
        _api.SendAsync(method, $"/accounts/ann/{what}", JsonContent.Create(new Booking(amount)), [$"Idempotency-Key: {key}", .. headers]);

    private async Task<decimal> BalanceAsync() => (await _api.Store.Aggregate<Account>("ann").LoadAsync()).Balance;

    internal sealed record Booking(decimal Amount);
}
