using Microsoft.Extensions.Configuration;
using Microsoft.Extensions.DependencyInjection;
using Microsoft.Extensions.Diagnostics.HealthChecks;
using Microsoft.Extensions.Hosting;
using Microsoft.Extensions.Logging;
using Microsoft.Extensions.Logging.Testing;

namespace EventSourcing.Hosting.Tests;

/// <summary>An app with the real host, and what tests look at.</summary>
internal sealed class TestApp : IAsyncDisposable
{
    private static readonly TimeSpan Patience = TimeSpan.FromSeconds(30);

    private TestApp(IHost host) => Host = host;

    public IHost Host { get; }

    public EventStore Store => Host.Services.GetRequiredService<EventStore>();

    public Script Script => Host.Services.GetRequiredService<Script>();

    public FakeLogCollector Logs => Host.Services.GetFakeLogCollector();

    /// <summary>Builds an app without starting it. Times are short, so that tests are.</summary>
    public static TestApp Build(Action<EventStoreBuilder> store, Action<IHostApplicationBuilder>? app = null, params string[] settings) =>
        Build("parcels", store, app, after: null, settings);

    /// <summary>Builds an app whose services are changed after the store was registered, as tests of an app do.</summary>
    public static TestApp BuildAndChange(Action<EventStoreBuilder> store, Action<IServiceCollection> after) =>
        Build("parcels", store, app: null, after, []);

    /// <summary>Starts an app whose store has a name that no other test hears of.</summary>
    public static async Task<TestApp> StartAsync(string name, Action<EventStoreBuilder> store)
    {
        var built = Build(name, store, app: null, after: null, []);
        await built.Host.StartAsync();
        return built;
    }

    private static TestApp Build(
        string name,
        Action<EventStoreBuilder> store,
        Action<IHostApplicationBuilder>? app,
        Action<IServiceCollection>? after,
        string[] settings)
    {
        var builder = Microsoft.Extensions.Hosting.Host.CreateEmptyApplicationBuilder(new HostApplicationBuilderSettings { EnvironmentName = Environments.Development });
        builder.ConfigureContainer(new DefaultServiceProviderFactory(new ServiceProviderOptions { ValidateScopes = true }));
        builder.Configuration.AddInMemoryCollection(
        [
            Setting($"EventSourcing:{name}:LeaseDuration=00:00:00.3"),
            Setting($"EventSourcing:{name}:FirstRestartAfter=00:00:00.02"),
        ]);
        builder.Configuration.AddInMemoryCollection(settings.Select(Setting));
        builder.Logging.AddFakeLogging();
        builder.Services.AddSingleton<Script>().AddScoped<Trip>();
        app?.Invoke(builder);
        builder.AddEventStore(name, Parcels.Types, store);
        after?.Invoke(builder.Services);
        return new TestApp(builder.Build());
    }

    public static async Task<TestApp> StartAsync(Action<EventStoreBuilder> store, Action<IHostApplicationBuilder>? app = null, params string[] settings)
    {
        var built = Build(store, app, settings);
        try
        {
            await built.Host.StartAsync();
            return built;
        }
        catch
        {
            await ((IAsyncDisposable)built.Host).DisposeAsync();
            throw;
        }
    }

    public static async Task UntilAsync(Func<Task<bool>> isSo, string what)
    {
        using var patience = new CancellationTokenSource(Patience);
        while (!await isSo())
        {
            if (patience.IsCancellationRequested) throw new TimeoutException($"Never: {what}");
            await Task.Delay(5, CancellationToken.None);
        }
    }

    public static Task UntilAsync(Func<bool> isSo, string what) => UntilAsync(() => Task.FromResult(isSo()), what);

    public Task<HealthReport> ProbeAsync() => Host.Services.GetRequiredService<HealthCheckService>().CheckHealthAsync();

    public async Task<HealthStatus> HealthAsync() => (await ProbeAsync()).Status;

    public Task UntilHealthAsync(HealthStatus status) => UntilAsync(async () => await HealthAsync() == status, $"{status}");

    public async Task<int> PendingAsync(string to) =>
        (await Store.ReadModel(Host.Services.GetRequiredService<PendingParcels>()).FindAsync(to))?.Count ?? 0;

    public async ValueTask DisposeAsync()
    {
        await Host.StopAsync();
        if (Host is IAsyncDisposable host) await host.DisposeAsync();
    }

    private static KeyValuePair<string, string?> Setting(string line) => line.Split('=', 2) is var parts ? new(parts[0], parts[1]) : default;
}
