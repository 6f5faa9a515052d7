using System.Net;
using System.Text.Json.Nodes;
using Microsoft.AspNetCore.Builder;
using Microsoft.AspNetCore.Hosting;
using Microsoft.AspNetCore.Http;
using Microsoft.AspNetCore.Routing;
using Microsoft.Extensions.DependencyInjection;
using Microsoft.Extensions.Logging;
using Microsoft.Extensions.Logging.Testing;

namespace EventSourcing.AspNetCore.Tests;

public sealed class ProblemTests : IAsyncLifetime, IDisposable
{
    private const string Canary = "canary-4711";
    private WebApplication _app = null!;
    private HttpClient _client = null!;
    private Func<Exception> _fails = null!;
    private AggregateNotFoundException _notFound = null!;
    private IdempotencyKey _key;
    private IfMatch _seen;

    public static TheoryData<string, int, string> Errors => new()
    {
        { "mismatch", 412, "urn:event-sourcing:version-mismatch" },
        { "wrong", 409, "urn:event-sourcing:wrong-expected-version" },
        { "exists", 409, "urn:event-sourcing:already-exists" },
        { "condition", 409, "urn:event-sourcing:condition-failed" },
        { "duplicate", 409, "urn:event-sourcing:duplicate-id" },
        { "reused", 422, "urn:event-sourcing:key-reused" },
        { "not found", 404, "urn:event-sourcing:not-found" },
        { "id", 400, "urn:event-sourcing:invalid-id" },
        { "readonly", 403, "urn:event-sourcing:read-only" },
        { "moved", 503, "urn:event-sourcing:moved" },
        { "busy", 503, "urn:event-sourcing:busy" },
        { "failed", 503, "urn:event-sourcing:storage-failed" },
    };

    public async Task InitializeAsync()
    {
        var builder = WebApplication.CreateSlimBuilder();
        builder.WebHost.UseUrls("http://127.0.0.1:0");
        builder.Logging.ClearProviders().AddFakeLogging();
        builder.Services.Configure<RouteHandlerOptions>(options => options.ThrowOnBadRequest = true);
        builder.Services.AddEventStoreProblems(problems => problems
            .Map<NotSupportedException>(422, "Not here.", error => error.Message)
            .Map<TimeoutException>(504, "It took too long."));
        _app = builder.Build();
        _app.UseExceptionHandler();
        _app.MapGet("/fail", IResult () => throw _fails());
        _app.MapPost("/command", (IdempotencyKey key, IfMatch seen) =>
        {
            (_key, _seen) = (key, seen);
            return Results.Ok("done").WithVersion(7);
        });
        _app.MapMethods("/state", ["GET", "HEAD"], () => Results.Ok("state").WithVersion(7));
        _app.MapGet("/page", (int number) => number);
        await _app.StartAsync();
        await using var store = new EventStore(new InMemoryEventStorage(), EventTypes.FromAssemblyOf<Banking.Account>());
        _notFound = (await FluentActions.Awaiting(() => store.Aggregate<Banking.Account>(Canary).LoadAsync()).Should().ThrowAsync<AggregateNotFoundException>()).Which;
        _client = new HttpClient { BaseAddress = new Uri(_app.Urls.Single()) };
    }

    public async Task DisposeAsync() => await _app.DisposeAsync();

    public void Dispose() => _client.Dispose();

    [Theory]
    [MemberData(nameof(Errors))]
    public async Task Fail_with_an_error_of_the_library_is_a_problem_without_its_message(string error, int status, string type)
    {
        _fails = () => Of(error);
        var answer = await _client.GetAsync(new Uri("/fail", UriKind.Relative));
        ((int)answer.StatusCode).Should().Be(status);
        answer.Content.Headers.ContentType!.MediaType.Should().Be("application/problem+json");
        (answer.Headers.RetryAfter is not null).Should().Be(status == 503);
        var text = await answer.Content.ReadAsStringAsync();
        text.Should().NotContain(Canary);
        ((string?)JsonNode.Parse(text)!["type"]).Should().Be(type);
        if (error == "failed") ((bool?)JsonNode.Parse(text)!["outcomeIsUnknown"]).Should().BeTrue();
    }

    [Theory]
    [InlineData("not found", "text/html")]
    [InlineData("not found", "text/csv")]
    [InlineData("mismatch", "text/html")]
    [InlineData("failed", "image/png")]
    public async Task Fail_for_a_client_that_does_not_take_json_has_the_same_status_and_no_body(string error, string accept)
    {
        _fails = () => Of(error);
        using var request = new HttpRequestMessage(HttpMethod.Get, "/fail");
        request.Headers.TryAddWithoutValidation("Accept", accept);
        var answer = await _client.SendAsync(request);
        ((int)answer.StatusCode).Should().Be((int)Errors.Single(row => (string)row[0] == error)[1]);
        (await answer.Content.ReadAsStringAsync()).Should().BeEmpty();
        Logged(LogLevel.Error).Should().HaveCount(error == "failed" ? 1 : 0);
    }

    [Theory]
    [MemberData(nameof(Errors))]
    public async Task Fail_with_a_status_of_500_or_more_is_logged_with_its_cause_and_any_other_is_not(string error, int status, string type)
    {
        var failure = Of(error);
        _fails = () => failure;
        await _client.GetAsync(new Uri("/fail", UriKind.Relative));
        var logged = Logged(LogLevel.Warning);
        if (status < 500)
        {
            logged.Should().BeEmpty($"{type} is an answer, and no outage");
            return;
        }

        var line = logged.Should().ContainSingle().Which;
        line.Exception.Should().BeSameAs(failure);
        line.Level.Should().Be(error == "failed" ? LogLevel.Error : LogLevel.Warning);
        line.Category.Should().Be("EventSourcing");
        line.Message.Should().NotContain(Canary);
    }

    [Fact]
    public async Task Fail_with_an_error_that_is_mapped_to_500_or_more_is_logged_as_an_error()
    {
        _fails = () => new TimeoutException(Canary);
        (await _client.GetAsync(new Uri("/fail", UriKind.Relative))).StatusCode.Should().Be(HttpStatusCode.GatewayTimeout);
        Logged(LogLevel.Error).Should().ContainSingle().Which.Exception.Should().BeOfType<TimeoutException>();
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
    [InlineData("Idempotency-Key", "\" \"")]
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

    [Theory]
    [InlineData("W/\"7\"")]
    [InlineData("\"6\", W/\"7\"")]
    [InlineData("\"6\",\"7\"")]
    [InlineData("*")]
    public async Task Get_what_the_caller_has_already_is_answered_without_a_body_whichever_form_the_tag_has(string tags)
    {
        foreach (var method in new[] { HttpMethod.Get, HttpMethod.Head })
        {
            using var request = new HttpRequestMessage(method, "/state");
            request.Headers.TryAddWithoutValidation("If-None-Match", tags);
            var answer = await _client.SendAsync(request);
            answer.StatusCode.Should().Be(HttpStatusCode.NotModified);
            answer.Headers.ETag!.Tag.Should().Be("\"7\"");
        }
    }

    [Theory]
    [InlineData("W/\"6\"")]
    [InlineData("\"77\"")]
    [InlineData("7")]
    public async Task Get_what_the_caller_does_not_have_is_answered_with_a_body(string tags)
    {
        using var request = new HttpRequestMessage(HttpMethod.Get, "/state");
        request.Headers.TryAddWithoutValidation("If-None-Match", tags);
        (await (await _client.SendAsync(request)).Content.ReadAsStringAsync()).Should().Be("\"state\"");
    }

    [Theory]
    [InlineData("/page?number=canary-4711", "canary-4711", "number", "int")]
    [InlineData("/page", "number", "query string", "int")]
    public async Task Send_what_cannot_be_bound_is_answered_without_names_of_parameters_and_types(string path, params string[] secrets)
    {
        var answer = await _client.GetAsync(new Uri(path, UriKind.Relative));
        answer.StatusCode.Should().Be(HttpStatusCode.BadRequest);
        var text = await answer.Content.ReadAsStringAsync();
        text.Should().Contain("urn:event-sourcing:bad-request");
        foreach (var secret in secrets) text.Should().NotContain(secret);
    }

    private Exception Of(string error) => error switch
    {
        "mismatch" => new VersionMismatchException(1, 2),
        "wrong" => new WrongExpectedVersionException(Canary, 1, 2),
        "exists" => new WrongExpectedVersionException(Canary, ExpectedVersion.NoStream, 2),
        "condition" => new AppendConditionFailedException(new AppendCondition(EventQuery.OfTypes([Canary]), 3), 4),
        "duplicate" => new DuplicateEventIdException(Guid.NewGuid(), 3, Canary),
        "reused" => new CommandIdReusedException(Guid.NewGuid(), 3),
        "not found" => _notFound,
        "id" => Assert.Throws<InvalidIdException>(() => StreamName.For("account", Canary + new string('x', 200))),
        "readonly" => new StoreReadOnlyException(Canary),
        "moved" => new StoreMovedException(Canary, Canary),
        "busy" => new StoreBusyException(Canary, TimeSpan.Zero),
        _ => new StorageFailedException(Canary, outcomeIsUnknown: true, new IOException(Canary)),
    };

    private List<FakeLogRecord> Logged(LogLevel least) => [.. _app.Services.GetFakeLogCollector().GetSnapshot().Where(line => line.Level >= least)];
}
