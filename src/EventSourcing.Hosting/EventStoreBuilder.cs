using System.Diagnostics.CodeAnalysis;
using Microsoft.Extensions.DependencyInjection;
using Microsoft.Extensions.DependencyInjection.Extensions;

namespace EventSourcing;

/// <summary>
/// Says what a hosted store consists of. What is registered here is started and stopped by the host. Not thread-safe; use it before the
/// host is built.
/// </summary>
public sealed class EventStoreBuilder
{
    private readonly StoreRegistration _registration;

    internal EventStoreBuilder(IServiceCollection services, StoreRegistration registration)
    {
        Services = services;
        _registration = registration;
    }

    /// <summary>The name of the store, under which its services are keyed.</summary>
    public string Name => _registration.Name;

    /// <summary>The services of the app.</summary>
    public IServiceCollection Services { get; }

    /// <summary>Says which storage the store has, by its connection string.</summary>
    /// <param name="create">
    /// Creates the storage from <see cref="EventStoreSettings.ConnectionString"/>, without opening it yet. The store disposes it.
    /// </param>
    /// <returns>This builder.</returns>
    public EventStoreBuilder UseStorage(Func<string, IEventStorage> create)
    {
        ArgumentNullException.ThrowIfNull(create);
        return UseStorage((_, settings) => create(
            string.IsNullOrWhiteSpace(settings.ConnectionString)
                ? throw new InvalidOperationException(
                    $"The store '{Name}' has no connection string. Set ConnectionStrings:{Name} "
                    + $"or {StoreRegistration.SectionOf(Name)}:ConnectionString in the configuration.")
                : settings.ConnectionString));
    }

    /// <summary>Says which storage the store has, by services and settings.</summary>
    /// <param name="create">Creates the storage, without opening it yet. The store disposes it.</param>
    /// <returns>This builder.</returns>
    public EventStoreBuilder UseStorage(Func<IServiceProvider, EventStoreSettings, IEventStorage> create)
    {
        ArgumentNullException.ThrowIfNull(create);
        if (_registration.Storage is not null)
            throw new InvalidOperationException($"The store '{Name}' has a storage already. Call UseStorage once.");
        _registration.Storage = create;
        return this;
    }

    /// <summary>Changes the options of the store, for example its JSON or its ledger. Several changes are made in their order.</summary>
    /// <param name="change">Returns the options changed by <c>with</c>.</param>
    /// <returns>This builder.</returns>
    public EventStoreBuilder Configure(Func<EventStoreOptions, EventStoreOptions> change)
    {
        ArgumentNullException.ThrowIfNull(change);
        return Configure((_, options) => change(options));
    }

    /// <summary>Changes the options of the store, with services of the app.</summary>
    /// <param name="change">Returns the options changed by <c>with</c>.</param>
    /// <returns>This builder.</returns>
    public EventStoreBuilder Configure(Func<IServiceProvider, EventStoreOptions, EventStoreOptions> change)
    {
        ArgumentNullException.ThrowIfNull(change);
        _registration.Options.Add(change);
        return this;
    }

    /// <summary>Changes the settings of the store in code. The configuration of the app comes first.</summary>
    /// <param name="change">Changes the settings.</param>
    /// <returns>This builder.</returns>
    public EventStoreBuilder ConfigureSettings(Action<EventStoreSettings> change)
    {
        ArgumentNullException.ThrowIfNull(change);
        Services.Configure(Name, change);
        return this;
    }

    /// <summary>
    /// Runs a projection in the background. It is one object, made by the container, and can be resolved as a service.
    /// </summary>
    /// <typeparam name="TProjection">The projection. It gets services by its constructor.</typeparam>
    /// <param name="options">How it runs; by default as the settings say.</param>
    /// <returns>This builder.</returns>
    /// <exception cref="InvalidOperationException">It is registered on this store already.</exception>
    public EventStoreBuilder AddProjection<
        [DynamicallyAccessedMembers(DynamicallyAccessedMemberTypes.PublicConstructors)] TProjection>(ProjectionOptions? options = null)
        where TProjection : Projection
    {
        Register<TProjection>();
        _registration.Projections.Add(new(static provider => provider.GetRequiredService<TProjection>(), options));
        return this;
    }

    /// <summary>
    /// Runs a projection inline: its read model changes within each append. It is brought up to date before the app serves anything.
    /// </summary>
    /// <typeparam name="TProjection">
    /// The projection. It gets services by its constructor, but not the store: the store is opened with it.
    /// </typeparam>
    /// <returns>This builder.</returns>
    /// <exception cref="InvalidOperationException">It is registered on this store already.</exception>
    public EventStoreBuilder AddInlineProjection<
        [DynamicallyAccessedMembers(DynamicallyAccessedMemberTypes.PublicConstructors)] TProjection>()
        where TProjection : Projection
    {
        Register<TProjection>();
        _registration.InlineProjections.Add(static provider => provider.GetRequiredService<TProjection>());
        return this;
    }

    /// <summary>
    /// Runs a reactor in the background. Each delivery is handled by an object of its own, made in a scope of its own, so its constructor
    /// may take scoped services. The scope ends with the delivery.
    /// </summary>
    /// <typeparam name="TReactor">The reactor. It gets services by its constructor.</typeparam>
    /// <param name="options">
    /// How it runs; by default like <see cref="ProjectionOptions.ForReactors"/>, with the times of the settings.
    /// </param>
    /// <returns>This builder.</returns>
    /// <exception cref="InvalidOperationException">It is registered on this store already.</exception>
    public EventStoreBuilder AddReactor<
        [DynamicallyAccessedMembers(DynamicallyAccessedMemberTypes.PublicConstructors)] TReactor>(ProjectionOptions? options = null)
        where TReactor : Reactor
    {
        ThrowIfRegistered(typeof(TReactor));
        Services.TryAddTransient<TReactor>();
        _registration.Reactors.Add(new(static provider => provider.GetRequiredService<TReactor>(), options));
        return this;
    }

    /// <summary>
    /// Makes the read model of a projection a service: <see cref="ReadModel{TDocument}"/>, keyed by the name of the store. Without a key it
    /// is that of the app's store (<c>AddEventStore</c>), as the <see cref="EventStore"/> without a key is.
    /// </summary>
    /// <typeparam name="TProjection">The projection, which is registered on its own.</typeparam>
    /// <typeparam name="TDocument">The document.</typeparam>
    /// <returns>This builder.</returns>
    /// <exception cref="InvalidOperationException">This store has a read model of that document already.</exception>
    public EventStoreBuilder AddReadModel<TProjection, [DynamicallyAccessedMembers(JsonMembers)] TDocument>()
        where TProjection : Projection<TDocument>
        where TDocument : class
    {
        if (!_registration.ReadModels.TryAdd(typeof(TDocument), typeof(TProjection)))
        {
            throw new InvalidOperationException(
                $"The read model of {typeof(TDocument)} of the store '{Name}' is that of {_registration.ReadModels[typeof(TDocument)]} "
                + "already. Register one projection for each document, and get that of another by store.ReadModel(projection).");
        }

        Services.AddKeyedSingleton(Name, static (provider, key) =>
            provider.GetRequiredKeyedService<EventStore>(key).ReadModel(provider.GetRequiredService<TProjection>()));
        Services.TryAddSingleton(static provider => OfTheApp<TDocument>(provider));
        return this;
    }

    private static ReadModel<TDocument> OfTheApp<[DynamicallyAccessedMembers(JsonMembers)] TDocument>(IServiceProvider provider)
        where TDocument : class
    {
        var name = EventStoreServiceExtensions.UnkeyedName(provider);
        return provider.GetKeyedService<ReadModel<TDocument>>(name) ?? throw new InvalidOperationException(
            $"The app's store '{name}' has no read model of {typeof(TDocument)}. Register it there by AddReadModel, or ask for that of "
            + "another store by its key, for example [FromKeyedServices(\"name\")].");
    }

    /// <summary>The members of documents that JSON needs, as <see cref="ReadModel{TDocument}"/> asks for them.</summary>
    private const DynamicallyAccessedMemberTypes JsonMembers =
        DynamicallyAccessedMemberTypes.PublicConstructors
        | DynamicallyAccessedMemberTypes.PublicProperties
        | DynamicallyAccessedMemberTypes.PublicFields;

    private void Register<[DynamicallyAccessedMembers(DynamicallyAccessedMemberTypes.PublicConstructors)] TProjection>()
        where TProjection : Projection
    {
        ThrowIfRegistered(typeof(TProjection));
        Services.TryAddSingleton<TProjection>();
    }

    private void ThrowIfRegistered(Type subscriber)
    {
        if (!_registration.Subscribers.Add(subscriber))
        {
            throw new InvalidOperationException(
                $"{subscriber} is registered on the store '{Name}' already. Register it once, as one kind.");
        }
    }
}
