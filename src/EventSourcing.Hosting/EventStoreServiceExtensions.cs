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
    /// <exception cref="ArgumentException">The name is empty or has a colon.</exception>
    /// <exception cref="InvalidOperationException">The name is taken, or another store is registered without being keyed.</exception>
    public static EventStoreBuilder AddEventStore(
        this IServiceCollection services, string name, EventTypes types, Action<EventStoreBuilder>? build = null)
    {
        ArgumentNullException.ThrowIfNull(services);

        // First, although it is looked at again below: for a store that is registered twice, the advice of the next error would be wrong.
        ThrowIfTaken(services, name);
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
    /// <exception cref="ArgumentException">The name is empty or has a colon.</exception>
    /// <exception cref="InvalidOperationException">The name is taken.</exception>
    public static EventStoreBuilder AddKeyedEventStore(
        this IServiceCollection services, string name, EventTypes types, Action<EventStoreBuilder>? build = null)
    {
        ArgumentNullException.ThrowIfNull(services);
        ArgumentException.ThrowIfNullOrWhiteSpace(name);
        ArgumentNullException.ThrowIfNull(types);
        if (name.Contains(ConfigurationPath.KeyDelimiter, StringComparison.Ordinal))
        {
            throw new ArgumentException(
                $"'{name}' has a colon. The name of a store is a key of the configuration, in which a colon begins the next key: use "
                + "another character.",
                nameof(name));
        }

        ThrowIfTaken(services, name);
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

    /// <summary>
    /// Replaces the storage of a registered store, for tests that run the whole app: in <c>ConfigureTestServices</c> of a
    /// <c>WebApplicationFactory</c>, for example by <c>(_, _) => new InMemoryEventStorage()</c>. All else stays as it was
    /// registered. Use it before the host is built.
    /// </summary>
    /// <param name="services">The services of the app.</param>
    /// <param name="name">The name under which the store was registered, with or without being keyed.</param>
    /// <param name="create">Creates the storage, without opening it yet. The store disposes it.</param>
    /// <returns>The services of the app.</returns>
    /// <exception cref="InvalidOperationException">No store of that name is registered; nothing was replaced.</exception>
    public static IServiceCollection ReplaceEventStorage(
        this IServiceCollection services, string name, Func<IServiceProvider, EventStoreSettings, IEventStorage> create)
    {
        ArgumentNullException.ThrowIfNull(services);
        ArgumentNullException.ThrowIfNull(create);
        var registration = Registrations(services).FirstOrDefault(store => store.Name == name) ?? throw new InvalidOperationException(
            $"No store named '{name}' is registered, so its storage cannot be replaced. Those that are: "
            + $"{string.Join(", ", Registrations(services).Select(store => $"'{store.Name}'"))}. Replace it after AddEventStore.");
        registration.Storage = create;
        return services;
    }

    /// <summary>Names are compared without case, since the keys of the configuration and the names of health checks are.</summary>
    private static void ThrowIfTaken(IServiceCollection services, string name)
    {
        var taken = Registrations(services).FirstOrDefault(other => string.Equals(other.Name, name, StringComparison.OrdinalIgnoreCase));
        if (taken is null) return;
        throw new InvalidOperationException(
            $"A store named '{taken.Name}' is registered already. Give each store a name of its own, which differs by more than case. To "
            + "replace the storage of that one in a test, call ReplaceEventStorage.");
    }

    private static void AddSettings(IServiceCollection services, string name)
    {
        services.AddOptions<EventStoreSettings>(name)
            .BindConfiguration(StoreRegistration.SectionOf(name))
            .PostConfigure<IConfiguration>((settings, configuration) =>
            {
                if (string.IsNullOrWhiteSpace(settings.ConnectionString))
                    settings.ConnectionString = configuration.GetConnectionString(name);
            })
            .ValidateOnStart();
        services.AddSingleton<IValidateOptions<EventStoreSettings>>(
            provider => new SettingsValidator(name, provider.GetRequiredService<IConfiguration>()));
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
