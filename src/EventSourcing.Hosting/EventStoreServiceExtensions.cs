using EventSourcing;
using Microsoft.Extensions.Configuration;
using Microsoft.Extensions.DependencyInjection.Extensions;
using Microsoft.Extensions.Diagnostics.HealthChecks;
using Microsoft.Extensions.Hosting;
using Microsoft.Extensions.Logging;
using Microsoft.Extensions.Logging.Abstractions;
using Microsoft.Extensions.Options;

namespace Microsoft.Extensions.DependencyInjection;

/// <summary>Registers event stores with the services of an app.</summary>
public static class EventStoreServiceExtensions
{
    /// <summary>Marks checks of whether an app can serve, not of whether it lives.</summary>
    private const string ReadyTag = "ready";

    /// <summary>
    /// Registers a store that the host opens, runs and closes. It is the app's <see cref="EventStore"/>, and also keyed by its name;
    /// <see cref="ProjectionAdmin"/> likewise.
    /// </summary>
    /// <param name="services">The services of the app.</param>
    /// <param name="name">
    /// The name of the store: of its connection string, of its section <c>EventSourcing:{name}</c> in the configuration, and in traces,
    /// metrics, logs and health checks.
    /// </param>
    /// <param name="types">The events that this app writes and reads.</param>
    /// <param name="build">Says which storage it has, and what runs on it.</param>
    /// <returns>The builder of the store.</returns>
    /// <exception cref="InvalidOperationException">The name is taken, or another store is registered without being keyed.</exception>
    public static EventStoreBuilder AddEventStore(
        this IServiceCollection services, string name, EventTypes types, Action<EventStoreBuilder>? build = null)
    {
        ArgumentNullException.ThrowIfNull(services);
        if (services.FirstOrDefault(service => service.ServiceType == typeof(UnkeyedStore))?.ImplementationInstance is UnkeyedStore other)
        {
            throw new InvalidOperationException(
                $"'{other.Name}' is the app's store already, so '{name}' cannot be it too. Register '{name}' by AddKeyedEventStore.");
        }

        var builder = AddKeyedEventStore(services, name, types, build);
        services.AddSingleton(new UnkeyedStore(name));
        return builder;
    }

    /// <summary>
    /// Registers a further store, whose services are only resolved by its name: <c>[FromKeyedServices("name")] EventStore store</c>.
    /// </summary>
    /// <param name="services">The services of the app.</param>
    /// <param name="name">As for <see cref="AddEventStore"/>.</param>
    /// <param name="types">The events that this app writes and reads.</param>
    /// <param name="build">Says which storage it has, and what runs on it.</param>
    /// <returns>The builder of the store.</returns>
    /// <exception cref="InvalidOperationException">The name is taken.</exception>
    public static EventStoreBuilder AddKeyedEventStore(
        this IServiceCollection services, string name, EventTypes types, Action<EventStoreBuilder>? build = null)
    {
        ArgumentNullException.ThrowIfNull(services);
        ArgumentException.ThrowIfNullOrWhiteSpace(name);
        ArgumentNullException.ThrowIfNull(types);
        if (Registrations(services).Any(other => other.Name == name))
            throw new InvalidOperationException($"A store named '{name}' is registered already. Give each store a name of its own.");
        var registration = new StoreRegistration(name, types);
        services.AddSingleton(registration);
        services.AddKeyedSingleton(name, (provider, _) => new HostedStore(
            provider,
            registration,
            provider.GetRequiredService<IOptionsMonitor<EventStoreSettings>>(),
            provider.GetService<ILoggerFactory>() ?? NullLoggerFactory.Instance));
        services.AddKeyedSingleton(name, static (provider, key) => new StoreEnd(provider.GetRequiredKeyedService<HostedStore>(key)));
        services.AddKeyedSingleton(name, static (provider, key) => provider.GetRequiredKeyedService<HostedStore>(key).Store);
        services.AddKeyedSingleton(name, static (provider, key) => provider.GetRequiredKeyedService<EventStore>(key).ProjectionAdmin());
        AddSettings(services, name);
        AddHealthCheck(services, name);
        AddOnce(services);
        var builder = new EventStoreBuilder(services, registration);
        build?.Invoke(builder);
        return builder;
    }

    private static void AddSettings(IServiceCollection services, string name)
    {
        services.AddOptions<EventStoreSettings>(name)
            .BindConfiguration(StoreRegistration.SectionOf(name))
            .PostConfigure<IConfiguration>((settings, configuration) =>
                settings.ConnectionString ??= configuration.GetConnectionString(name))
            .ValidateOnStart();
        services.AddSingleton<IValidateOptions<EventStoreSettings>>(new SettingsValidator(name));
    }

    private static void AddHealthCheck(IServiceCollection services, string name)
    {
        services.AddHealthChecks();
        services.AddOptions<HealthCheckServiceOptions>().Configure<IOptionsMonitor<EventStoreSettings>>((options, settings) =>
        {
            var of = settings.Get(name);
            if (of.DisableHealthChecks) return;
            options.Registrations.Add(new HealthCheckRegistration(
                $"eventstore-{name}",
                provider => new StoreHealthCheck(provider.GetRequiredKeyedService<HostedStore>(name)),
                failureStatus: null,
                tags: [ReadyTag],
                timeout: of.LeaseDuration));
        });
    }

    private static void AddOnce(IServiceCollection services)
    {
        services.TryAddEnumerable(ServiceDescriptor.Singleton<IHostedService, HostedStores>());
        services.TryAddSingleton(static provider => provider.GetRequiredKeyedService<EventStore>(UnkeyedName(provider)));
        services.TryAddSingleton(static provider => provider.GetRequiredKeyedService<ProjectionAdmin>(UnkeyedName(provider)));
    }

    /// <summary>The name of the store that is the app's own.</summary>
    internal static string UnkeyedName(IServiceProvider provider) =>
        provider.GetService<UnkeyedStore>()?.Name ?? throw new InvalidOperationException(
        "All stores of this app are keyed: "
        + string.Join(", ", provider.GetServices<StoreRegistration>().Select(store => $"'{store.Name}'"))
        + ". Ask for one by its key, for example [FromKeyedServices(\"name\")], or register one by AddEventStore.");

    private static IEnumerable<StoreRegistration> Registrations(IServiceCollection services) =>
        services.Where(service => service.ServiceType == typeof(StoreRegistration))
            .Select(service => service.ImplementationInstance).OfType<StoreRegistration>();

    /// <summary>The store that is the app's own.</summary>
    private sealed record UnkeyedStore(string Name);
}
