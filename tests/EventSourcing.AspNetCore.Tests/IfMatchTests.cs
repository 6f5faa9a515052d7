using System.Net;
using System.Text.Json.Nodes;
using Banking;
using Microsoft.AspNetCore.Builder;
using Microsoft.AspNetCore.Http;

namespace EventSourcing.AspNetCore.Tests;

/// <summary>The precondition holds or the answer is 412, however a command is given.</summary>
public sealed class IfMatchTests : IAsyncLifetime
{
    private TestApi _api = null!;

    public async Task InitializeAsync()
    {
        _api = await TestApi.StartAsync(app =>
        {
            app.MapPost("/appends/{id}", (string id, IfMatch seen, EventStore store) => store.AppendAsync($"account-{id}", seen.Expected, [Money()]));
            app.MapPost("/others/{id}", (string id, IfMatch seen, EventStore store) => store.AppendAsync($"account-{id}", 17, [Money()]));
            app.MapPost("/commands/{id}", async (string id, IfMatch seen, EventStore store) =>
            {
                var result = await store.Aggregate<Account>(id).CreateOrUpdateAsync(account =>
                {
                    seen.ThrowIfNot(account.Version);
                    if (!account.IsOpen) account.Open();
                    else account.Deposit(account.Version, Operation.CashDeposit, 1);
                });
                return Results.Ok().WithVersion(result.Version);
            });
        });
        await _api.Store.Aggregate<Account>("ann").CreateAsync(account => account.Open());
    }

    public async Task DisposeAsync() => await _api.DisposeAsync();

    [Theory]
    [InlineData("appends", "ann", "\"7\"")]
    [InlineData("appends", "nobody", "\"1\"")]
    [InlineData("appends", "nobody", "*")]
    [InlineData("commands", "ann", "\"7\"")]
    [InlineData("commands", "nobody", "\"1\"")]
    [InlineData("commands", "nobody", "*")]
    public async Task Send_a_version_that_is_not_there_is_answered_with_412_and_changes_nothing(string how, string id, string tag)
    {
        var answer = await _api.SendAsync(HttpMethod.Post, $"/{how}/{id}", null, $"If-Match: {tag}");
        answer.StatusCode.Should().Be(HttpStatusCode.PreconditionFailed);
        var problem = JsonNode.Parse(await answer.Content.ReadAsStringAsync())!;
        ((string?)problem["type"]).Should().Be("urn:event-sourcing:version-mismatch");
        ((long?)problem["version"]).Should().Be(id == "ann" ? 1 : 0);
        (await _api.Store.GetHeadAsync()).Should().Be(1);
    }

    [Theory]
    [InlineData("appends", "\"1\"")]
    [InlineData("appends", "*")]
    [InlineData("commands", "\"1\"")]
    [InlineData("commands", "*")]
    [InlineData("commands", null)]
    [InlineData("appends", null)]
    public async Task Send_a_version_that_is_there_or_none_takes_effect(string how, string? tag)
    {
        var answer = await _api.SendAsync(HttpMethod.Post, $"/{how}/ann", null, tag is null ? [] : [$"If-Match: {tag}"]);
        answer.StatusCode.Should().Be(HttpStatusCode.OK);
        (await _api.Store.GetHeadAsync()).Should().Be(2);
    }

    [Theory]
    [InlineData("\"1\"")]
    [InlineData(null)]
    public async Task Meet_a_conflict_that_is_not_about_the_tag_is_answered_with_409(string? tag)
    {
        var answer = await _api.SendAsync(HttpMethod.Post, "/others/ann", null, tag is null ? [] : [$"If-Match: {tag}"]);
        answer.StatusCode.Should().Be(HttpStatusCode.Conflict);
        (await _api.Store.GetHeadAsync()).Should().Be(1);
    }

    private static MoneyDeposited Money() => new(1, Operation.CashDeposit, 1);
}
