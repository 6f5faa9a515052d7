using EventSourcing;
using Microsoft.Extensions.DependencyInjection;

namespace Microsoft.Extensions.Hosting;

/// <summary>Registers event stores with a host.</summary>
public static class EventStoreHostExtensions
{
    /// <inheritdoc cref="EventStoreServiceExtensions.AddEventStore"/>
    /// <param name="builder">The builder of the host.</param>
    /// <param name="name">
    /// The name of the store: of its connection string, of its section <c>EventSourcing:{name}</c> in the configuration, and in traces,
    /// metrics, logs and health checks.
    /// </param>
    /// <param name="types">The events that this app writes and reads.</param>
    /// <param name="build">Says which storage it has, and what runs on it.</param>
    public static EventStoreBuilder AddEventStore(
        this IHostApplicationBuilder builder, string name, EventTypes types, Action<EventStoreBuilder>? build = null)
    {
        ArgumentNullException.ThrowIfNull(builder);
        return builder.Services.AddEventStore(name, types, build);
    }

    /// <inheritdoc cref="EventStoreServiceExtensions.AddKeyedEventStore"/>
    /// <param name="builder">The builder of the host.</param>
    /// <param name="name">As for <see cref="AddEventStore"/>.</param>
    /// <param name="types">The events that this app writes and reads.</param>
    /// <param name="build">Says which storage it has, and what runs on it.</param>
    public static EventStoreBuilder AddKeyedEventStore(
        this IHostApplicationBuilder builder, string name, EventTypes types, Action<EventStoreBuilder>? build = null)
    {
        ArgumentNullException.ThrowIfNull(builder);
        return builder.Services.AddKeyedEventStore(name, types, build);
    }
}
