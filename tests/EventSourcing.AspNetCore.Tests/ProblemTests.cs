using System.Net;
using System.Text.Json.Nodes;
using Microsoft.AspNetCore.Builder;
using Microsoft.AspNetCore.Hosting;
using Microsoft.AspNetCore.Http;
using Microsoft.Extensions.DependencyInjection;
using Microsoft.Extensions.Logging;

namespace EventSourcing.AspNetCore.Tests;

public sealed class ProblemTests : IAsyncLifetime, IDisposable
{
    private const string Canary = "canary-4711";
    private WebApplication _app = null!;
    private HttpClient _client = null!;
    private Func<Exception> _fails = null!;
    private IdempotencyKey _key;
    private IfMatch _seen;

    public static TheoryData<string, int, string> Errors => new()
    {
        { "mismatch", 412, "urn:event-sourcing:version-mismatch" },
        { "wrong", 409, "urn:event-sourcing:wrong-expected-version" },
        { "condition", 409, "urn:event-sourcing:condition-failed" },
        { "duplicate", 409, "urn:event-sourcing:duplicate-id" },
        { "readonly", 403, "urn:event-sourcing:read-only" },
        { "moved", 503, "urn:event-sourcing:moved" },
        { "busy", 503, "urn:event-sourcing:busy" },
        { "failed", 503, "urn:event-sourcing:storage-failed" },
    };

    public async Task InitializeAsync()
    {
        var builder = WebApplication.CreateSlimBuilder();
        builder.WebHost.UseUrls("http://127.0.0.1:0");
        builder.Logging.ClearProviders();
        builder.Services.AddEventStoreProblems(problems => problems.Map<NotSupportedException>(422, "Not here.", error => error.Message));
        _app = builder.Build();
        _app.UseExceptionHandler();
        _app.MapGet("/fail", IResult () => throw _fails());
        _app.MapPost("/command", (IdempotencyKey key, IfMatch seen) =>
        {
            (_key, _seen) = (key, seen);
            return Results.Ok("done").WithVersion(7);
        });
        _app.MapGet("/state", () => Results.Ok("state").WithVersion(7));
        await _app.StartAsync();
        _client = new HttpClient { BaseAddress = new Uri(_app.Urls.Single()) };
    }

    public async Task DisposeAsync() => await _app.DisposeAsync();

    public void Dispose() => _client.Dispose();

    [Theory]
    [MemberData(nameof(Errors))]
    public async Task Fail_with_an_error_of_the_library_is_a_problem_without_its_message(string error, int status, string type)
    {
        _fails = () => error switch
        {
            "mismatch" => new VersionMismatchException(1, 2),
            "wrong" => new WrongExpectedVersionException(Canary, 1, 2),
            "condition" => new AppendConditionFailedException(new AppendCondition(EventQuery.OfTypes([Canary]), 3), 4),
            "duplicate" => new DuplicateEventIdException(Guid.NewGuid(), 3, Canary),
            "readonly" => new StoreReadOnlyException(Canary),
            "moved" => new StoreMovedException(Canary, Canary),
            "busy" => new StoreBusyException(Canary, TimeSpan.Zero),
            _ => new StorageFailedException(Canary, outcomeIsUnknown: true, new IOException(Canary)),
        };
        var answer = await _client.GetAsync(new Uri("/fail", UriKind.Relative));
        ((int)answer.StatusCode).Should().Be(status);
        answer.Content.Headers.ContentType!.MediaType.Should().Be("application/problem+json");
        (answer.Headers.RetryAfter is not null).Should().Be(status == 503);
        var text = await answer.Content.ReadAsStringAsync();
        text.Should().NotContain(Canary);
        ((string?)JsonNode.Parse(text)!["type"]).Should().Be(type);
        if (error == "failed") ((bool?)JsonNode.Parse(text)!["outcomeIsUnknown"]).Should().BeTrue();
    }

    [Fact]
    public async Task Fail_with_an_error_of_the_app_is_what_it_was_mapped_to_and_any_other_is_500_without_its_message()
    {
        _fails = () => new NotSupportedException("Not on Sundays.");
        var mapped = await _client.GetAsync(new Uri("/fail", UriKind.Relative));
        mapped.StatusCode.Should().Be(HttpStatusCode.UnprocessableEntity);
        (await mapped.Content.ReadAsStringAsync()).Should().Contain("Not here.").And.Contain("Not on Sundays.");
        _fails = () => new InvalidOperationException(Canary);
        var other = await _client.GetAsync(new Uri("/fail", UriKind.Relative));
        other.StatusCode.Should().Be(HttpStatusCode.InternalServerError);
        (await other.Content.ReadAsStringAsync()).Should().NotContain(Canary);
    }

    [Theory]
    [InlineData("8e03978e-40d5-43e8-bc93-6894a57f9324", "8e03978e-40d5-43e8-bc93-6894a57f9324")]
    [InlineData("\"8e03978e-40d5-43e8-bc93-6894a57f9324\"", "8e03978e-40d5-43e8-bc93-6894a57f9324")]
    [InlineData("order-17", "72a90ea3-da8b-8dd0-9bde-2f27314e02e2")]
    public async Task Send_an_idempotency_key_is_the_id_of_the_command(string header, string id)
    {
        using var request = new HttpRequestMessage(HttpMethod.Post, "/command");
        request.Headers.TryAddWithoutValidation("Idempotency-Key", header);
        (await _client.SendAsync(request)).StatusCode.Should().Be(HttpStatusCode.OK);
        _key.CommandId.Should().Be(Guid.Parse(id));
    }

    [Fact]
    public async Task Send_neither_header_accepts_every_version_and_has_no_command_id()
    {
        var answer = await _client.PostAsync(new Uri("/command", UriKind.Relative), content: null);
        answer.Headers.ETag!.Tag.Should().Be("\"7\"");
        (_key, _seen).Should().Be((default(IdempotencyKey), default(IfMatch)));
        _seen.Expected.Should().Be(ExpectedVersion.Any);
        FluentActions.Invoking(() => _seen.ThrowIfNot(5)).Should().NotThrow();
    }

    [Fact]
    public async Task Send_a_version_is_compared_with_the_state()
    {
        using var request = new HttpRequestMessage(HttpMethod.Post, "/command");
        request.Headers.TryAddWithoutValidation("If-Match", "\"5\"");
        await _client.SendAsync(request);
        _seen.Version.Should().Be(5);
        _seen.Expected.Should().Be((ExpectedVersion)5);
        FluentActions.Invoking(() => _seen.ThrowIfNot(5)).Should().NotThrow();
        FluentActions.Invoking(() => _seen.ThrowIfNot(6)).Should().Throw<VersionMismatchException>().Which.Actual.Should().Be(6);
    }

    [Theory]
    [InlineData("Idempotency-Key", "\"\"")]
    [InlineData("If-Match", "5")]
    [InlineData("If-Match", "\"five\"")]
    [InlineData("If-Match", "W/\"5\"")]
    [InlineData("If-Match", "\"-5\"")]
    [InlineData("If-Match", "\"5\", \"6\"")]
    public async Task Send_a_header_that_means_nothing_is_answered_with_400(string header, string value)
    {
        using var request = new HttpRequestMessage(HttpMethod.Post, "/command");
        request.Headers.TryAddWithoutValidation(header, value).Should().BeTrue();
        (await _client.SendAsync(request)).StatusCode.Should().Be(HttpStatusCode.BadRequest);
    }

    [Fact]
    public async Task Get_what_the_caller_has_already_is_answered_without_a_body()
    {
        using var request = new HttpRequestMessage(HttpMethod.Get, "/state");
        request.Headers.TryAddWithoutValidation("If-None-Match", "\"7\"");
        var answer = await _client.SendAsync(request);
        answer.StatusCode.Should().Be(HttpStatusCode.NotModified);
        (await answer.Content.ReadAsStringAsync()).Should().BeEmpty();
        (await _client.GetStringAsync(new Uri("/state", UriKind.Relative))).Should().Be("\"state\"");
    }
}
