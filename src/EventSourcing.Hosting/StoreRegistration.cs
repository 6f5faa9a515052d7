namespace EventSourcing;

/// <summary>What the app has said about one store. The builder fills it before the container is built.</summary>
internal sealed class StoreRegistration(string name, EventTypes types)
{
    public string Name => name;

    public EventTypes Types => types;

    public Func<IServiceProvider, EventStoreSettings, IEventStorage>? Storage { get; set; }

    public List<Func<IServiceProvider, EventStoreOptions, EventStoreOptions>> Options { get; } = [];

    public List<Func<IServiceProvider, Projection>> InlineProjections { get; } = [];

    public List<(Func<IServiceProvider, Projection> Create, ProjectionOptions? Options)> Projections { get; } = [];

    public List<(Func<IServiceProvider, Reactor> Create, ProjectionOptions? Options)> Reactors { get; } = [];

    /// <summary>The classes that are registered, to refuse one that is registered twice.</summary>
    public HashSet<Type> Subscribers { get; } = [];

    /// <summary>The documents whose read models are services, with their projections.</summary>
    public Dictionary<Type, Type> ReadModels { get; } = [];

    public static string SectionOf(string name) => $"EventSourcing:{name}";
}
