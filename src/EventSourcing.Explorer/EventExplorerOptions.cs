using System.Diagnostics.CodeAnalysis;
using System.Text.Json.Nodes;
using EventSourcing.Explorer;

namespace EventSourcing;

/// <summary>What an event explorer shows, and to whom. Set it up while the app starts; it is not thread-safe.</summary>
public sealed class EventExplorerOptions
{
    private readonly List<StateSource> _states = [];
    private readonly List<DocumentSource> _documents = [];

    /// <summary>The store to show. By default it is taken from the app's services.</summary>
    public EventStore? Store { get; set; }

    /// <summary>The key of the store among the app's services; <see langword="null"/> for the one that has no key.</summary>
    public object? StoreKey { get; set; }

    /// <summary>The title of all pages.</summary>
    public string Title { get; set; } = "Events";

    /// <summary>
    /// Whether payloads are hidden from everybody: the data of events, metadata other than correlation and causation, states of aggregates,
    /// documents, and the texts of errors. Types, streams, tags, positions and keys stay visible. Documents can then be chosen and ordered
    /// by their keys only, and so they can if there is <see cref="Redact"/>.
    /// </summary>
    public bool HidePayloads { get; set; }

    /// <summary>
    /// The authorization policy of the app that a user must meet to see payloads; <see langword="null"/> if everybody who may see the pages
    /// may see them.
    /// </summary>
    public string? PayloadPolicy { get; set; }

    /// <summary>
    /// The authorization policy of the app that a user must meet to give orders to projections: resume, skip, rebuild, stop, start.
    /// <see langword="null"/>, the default, allows nobody. Each order needs a reason, and is kept in the store with the user's name.
    /// </summary>
    public string? ActionPolicy { get; set; }

    /// <summary>
    /// Changes payloads before they are shown. It gets a name (the stored type of an event, the category of an aggregate, or the name of a
    /// read model) and the payload, which it may change and return. It is called on several threads at once. If it throws, the payload is
    /// not shown.
    /// </summary>
    public Func<string, JsonNode?, JsonNode?>? Redact { get; set; }

    internal IReadOnlyList<StateSource> States => _states;

    internal IReadOnlyList<DocumentSource> Documents => _documents;

    /// <summary>Shows the state of an aggregate beside its events, by its public members.</summary>
    /// <typeparam name="T">The aggregate's class.</typeparam>
    /// <returns>These options.</returns>
    public EventExplorerOptions Aggregate<[DynamicallyAccessedMembers(DynamicallyAccessedMemberTypes.PublicParameterlessConstructor)] T>()
        where T : Aggregate, new()
    {
        _states.Add(new AggregateSource<T>());
        return this;
    }

    /// <summary>Shows the state of a decider beside the events of its streams.</summary>
    /// <typeparam name="TState">The state.</typeparam>
    /// <typeparam name="TCommand">The decider's commands.</typeparam>
    /// <param name="decider">The decider.</param>
    /// <returns>These options.</returns>
    public EventExplorerOptions Decider<TState, TCommand>(Decider<TState, TCommand> decider)
    {
        ArgumentNullException.ThrowIfNull(decider);
        _states.Add(new DeciderSource<TState, TCommand>(decider));
        return this;
    }

    /// <summary>Shows which events made a document of a read model, and the document as it was.</summary>
    /// <typeparam name="TDocument">The document.</typeparam>
    /// <param name="projection">The projection.</param>
    /// <returns>These options.</returns>
    public EventExplorerOptions ReadModel<[DynamicallyAccessedMembers(
        DynamicallyAccessedMemberTypes.PublicConstructors | DynamicallyAccessedMemberTypes.PublicFields
        | DynamicallyAccessedMemberTypes.PublicProperties)] TDocument>(
        Projection<TDocument> projection)
        where TDocument : class
    {
        ArgumentNullException.ThrowIfNull(projection);
        _documents.Add(new DocumentSource<TDocument>(projection));
        return this;
    }
}
