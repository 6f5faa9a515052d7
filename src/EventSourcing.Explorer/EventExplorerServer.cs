using System.Net;
using Microsoft.AspNetCore.Builder;
using Microsoft.AspNetCore.Hosting;
using Microsoft.AspNetCore.Hosting.Server;
using Microsoft.AspNetCore.Hosting.Server.Features;
using Microsoft.AspNetCore.Http;
using Microsoft.Extensions.DependencyInjection;

namespace EventSourcing;

/// <summary>
/// An explorer of a store that runs on its own, without an app, and serves this machine alone. It reads no configuration, and needs none of
/// the types of the app that wrote the store. Dispose it to stop it. It does not dispose the store.
/// </summary>
public sealed class EventExplorerServer : IAsyncDisposable
{
    private readonly WebApplication _app;

    private EventExplorerServer(WebApplication app, Uri address)
    {
        _app = app;
        Address = address;
    }

    /// <summary>Where the overview is, for example <c>http://127.0.0.1:5170/</c>.</summary>
    public Uri Address { get; }

    /// <summary>Starts an explorer of a store, and returns once it answers.</summary>
    /// <param name="store">The store. It may be open read-only, and its list of types may be empty: <c>new EventTypes()</c>.</param>
    /// <param name="url">
    /// Where to answer: an address of this machine, such as <c>http://127.0.0.1:5170</c>. Port 0 takes any port that is free.
    /// </param>
    /// <param name="configure">Says what is shown.</param>
    /// <param name="cancellationToken">Abandons the start.</param>
    /// <returns>The explorer, which runs until it is disposed.</returns>
    /// <exception cref="ArgumentException">The address is not one of this machine alone.</exception>
    /// <exception cref="IOException">The port is in use.</exception>
    public static async Task<EventExplorerServer> StartAsync(
        EventStore store,
        string url = "http://127.0.0.1:0",
        Action<EventExplorerOptions>? configure = null,
        CancellationToken cancellationToken = default)
    {
        ArgumentNullException.ThrowIfNull(store);
        ThrowIfNotLocal(url);
        var builder = WebApplication.CreateEmptyBuilder(new WebApplicationOptions());
        builder.WebHost.UseKestrelCore().UseUrls(url);
        builder.Services.AddRoutingCore();
        var app = builder.Build();
        try
        {
            app.MapEventExplorer("/", options =>
            {
                configure?.Invoke(options);
                options.Store = store;
            });
            await app.StartAsync(cancellationToken).ConfigureAwait(false);
            var addresses = app.Services.GetRequiredService<IServer>().Features.Get<IServerAddressesFeature>()!.Addresses;
            return new EventExplorerServer(app, new Uri(addresses.First()));
        }
        catch
        {
            await app.DisposeAsync().ConfigureAwait(false);
            throw;
        }
    }

    /// <summary>Starts an explorer of a store, and runs it until it is cancelled.</summary>
    /// <param name="store">The store, as above.</param>
    /// <param name="url">Where to answer, as above.</param>
    /// <param name="started">Gets the address once it answers.</param>
    /// <param name="configure">Says what is shown.</param>
    /// <param name="cancellationToken">Stops it.</param>
    /// <returns>A task that completes when it has stopped.</returns>
    /// <exception cref="ArgumentException">The address is not one of this machine alone.</exception>
    /// <exception cref="IOException">The port is in use.</exception>
    public static async Task RunAsync(
        EventStore store,
        string url,
        Action<Uri>? started = null,
        Action<EventExplorerOptions>? configure = null,
        CancellationToken cancellationToken = default)
    {
        var server = await StartAsync(store, url, configure, cancellationToken).ConfigureAwait(false);
        await using (server.ConfigureAwait(false))
        {
            started?.Invoke(server.Address);
            await Task.Delay(Timeout.Infinite, cancellationToken).ConfigureAwait(ConfigureAwaitOptions.SuppressThrowing);
        }
    }

    /// <summary>Stops answering. Requests that are under way get a moment to end.</summary>
    /// <returns>A task that completes when it has stopped.</returns>
    public async ValueTask DisposeAsync()
    {
        using var patience = new CancellationTokenSource(TimeSpan.FromSeconds(2));
        await _app.StopAsync(patience.Token).ConfigureAwait(false);
        await _app.DisposeAsync().ConfigureAwait(false);
    }

    /// <summary>
    /// Whether the server would listen on this machine alone. The address is read here as the server reads it, and the server does not read
    /// it as a URI. If the host is a name other than localhost, the server listens on all addresses. A semicolon begins another address.
    /// </summary>
    private static bool IsLocal(string url)
    {
        if (url.Contains(';', StringComparison.Ordinal) || !Uri.TryCreate(url, UriKind.Absolute, out _)) return false;
        try
        {
            var address = BindingAddress.Parse(url);
            return address.Scheme.Equals(Uri.UriSchemeHttp, StringComparison.OrdinalIgnoreCase)
                && address.PathBase.Length == 0
                && (address.Host.Equals("localhost", StringComparison.OrdinalIgnoreCase)
                    || (IPAddress.TryParse(address.Host, out var ip) && IPAddress.IsLoopback(ip)));
        }
        catch (FormatException)
        {
            return false;
        }
    }

    private static void ThrowIfNotLocal(string url)
    {
        ArgumentNullException.ThrowIfNull(url);
        if (IsLocal(url)) return;
        throw new ArgumentException(
            $"'{url}' is not an http address of this machine alone, such as http://127.0.0.1:5170. "
                + "To show a store to others, map the explorer in an app and ask for authorization.",
            nameof(url));
    }
}
