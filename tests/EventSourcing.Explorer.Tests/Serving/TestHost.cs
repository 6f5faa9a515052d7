using System.Net;
using EventSourcing.Explorer.Tests.Bank;
using Microsoft.AspNetCore.Builder;
using Microsoft.AspNetCore.Hosting;
using Microsoft.Extensions.DependencyInjection;
using Microsoft.Extensions.Logging;

namespace EventSourcing.Explorer.Tests.Serving;

/// <summary>An app with an explorer, on a port of this machine.</summary>
public sealed class TestHost : IAsyncDisposable
{
    private readonly WebApplication _app;

    private TestHost(WebApplication app, Uri address)
    {
        _app = app;
        Address = address;
        Client = NewClient();
    }

    /// <summary>The app's root.</summary>
    public Uri Address { get; }

    public HttpClient Client { get; }

    /// <param name="store">The store, as a singleton of the app; null for none.</param>
    /// <param name="map">Maps the explorer, and what else there is.</param>
    /// <param name="services">Adds services.</param>
    public static async Task<TestHost> StartAsync(
        EventStore? store, Action<WebApplication> map, Action<IServiceCollection>? services = null)
    {
        var builder = WebApplication.CreateSlimBuilder();
        builder.WebHost.UseUrls("http://127.0.0.1:0");
        builder.Logging.ClearProviders();
        if (store is not null) builder.Services.AddSingleton(_ => new Unowned(store)).AddSingleton(store);
        services?.Invoke(builder.Services);
        var app = builder.Build();

        // A request can claim to come from elsewhere.
        app.Use((http, next) =>
        {
            if (http.Request.Headers["Test-Remote"].ToString() is { Length: > 0 } remote) http.Connection.RemoteIpAddress = remote == "none"
                ? null
                : IPAddress.Parse(remote);
            return next(http);
        });
        map(app);
        await app.StartAsync();
        return new TestHost(app, new Uri(app.Urls.Single() + "/"));
    }

    public static Task<TestHost> StartAsync(
        SampleBank bank,
        Action<EventExplorerOptions>? configure = null) => StartAsync(bank.Store, app => app.MapEventExplorer("/events", options =>
    {
        SampleBank.Show(options);
        configure?.Invoke(options);
    }));

    public HttpClient NewClient() =>
        new(new SocketsHttpHandler { AllowAutoRedirect = false, UseCookies = false }) { BaseAddress = Address };

    public async ValueTask DisposeAsync()
    {
        Client.Dispose();
        await _app.DisposeAsync();
    }

    /// <summary>The store belongs to the test, not to the app.</summary>
    private sealed record Unowned(EventStore Store);
}
