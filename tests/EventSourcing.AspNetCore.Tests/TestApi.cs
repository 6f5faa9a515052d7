using System.Security.Claims;
using Banking;
using Microsoft.AspNetCore.Builder;
using Microsoft.AspNetCore.Hosting;
using Microsoft.AspNetCore.Http;
using Microsoft.AspNetCore.Routing;
using Microsoft.Extensions.DependencyInjection;
using Microsoft.Extensions.Hosting;
using Microsoft.Extensions.Logging;
using Microsoft.Extensions.Logging.Testing;

namespace EventSourcing.AspNetCore.Tests;

/// <summary>An API on a real server with a real store. Who calls is what the header <c>X-User</c> says.</summary>
internal sealed class TestApi : IAsyncDisposable
{
    private readonly WebApplication _app;

    private TestApi(WebApplication app)
    {
        _app = app;
        Client = new HttpClient { BaseAddress = new Uri(app.Urls.Single()) };
    }

    public HttpClient Client { get; }

    public EventStore Store => _app.Services.GetRequiredService<EventStore>();

    public FakeLogCollector Logs => _app.Services.GetFakeLogCollector();

    public static async Task<TestApi> StartAsync(Action<WebApplication> map, Action<ProblemOptions>? problems = null)
    {
        var builder = WebApplication.CreateSlimBuilder();
        builder.WebHost.UseUrls("http://127.0.0.1:0");
        builder.Logging.ClearProviders().AddFakeLogging();
        builder.AddEventStore("bank", EventTypes.FromAssemblyOf<Account>(), store => store.UseStorage((_, _) => new InMemoryEventStorage()));
        builder.Services.AddEventStoreProblems(problems);
        builder.Services.Configure<RouteHandlerOptions>(options => options.ThrowOnBadRequest = true);
        var app = builder.Build();
        app.UseExceptionHandler();
        app.Use((context, next) =>
        {
            if (context.Request.Headers["X-User"] is [{ } user])
                context.User = new ClaimsPrincipal(new ClaimsIdentity([new Claim(ClaimTypes.NameIdentifier, user)], "test"));
            return next(context);
        });
        map(app);
        await app.StartAsync();
        return new TestApi(app);
    }

    /// <summary>Sends a request with headers, each as <c>Name: value</c>.</summary>
    public async Task<HttpResponseMessage> SendAsync(HttpMethod method, string path, HttpContent? body, params string[] headers)
    {
        using var request = new HttpRequestMessage(method, path) { Content = body };
        foreach (var header in headers)
        {
            var parts = header.Split(": ", 2);
            request.Headers.TryAddWithoutValidation(parts[0], parts[1]).Should().BeTrue();
        }

        return await Client.SendAsync(request);
    }

    public async ValueTask DisposeAsync()
    {
        Client.Dispose();
        await _app.DisposeAsync();
    }
}
