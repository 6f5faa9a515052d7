using System.Diagnostics.CodeAnalysis;
using System.Text.Json;

namespace EventSourcing.Explorer;

/// <summary>An aggregate or decider whose state is shown beside the events of its streams.</summary>
internal abstract class StateSource
{
    public abstract string Name { get; }

    public abstract string CategoryOn(EventStore store);

    public abstract IAsyncEnumerable<HistoryStep> HistoryAsync(EventStore store, string id, AsOf asOf, CancellationToken cancellationToken);

    /// <summary>Begins the history of a state.</summary>
    public abstract HistoryReader Open(EventStore store, string id);

    public abstract Task<StateAt<JsonElement>> ShowAsync(EventStore store, string id, AsOf asOf, CancellationToken cancellationToken);

    /// <summary>The source of a stream's state, and the id in the stream's name; null if none is registered for its category.</summary>
    public static (StateSource Source, string Id, string Category)? Find(IEnumerable<StateSource> sources, EventStore store, string stream)
    {
        (StateSource, string, string)? found = null;
        var longest = -1;
        foreach (var source in sources)
        {
            var category = source.CategoryOn(store);
            var isOf = stream.Length > category.Length + 1
                && stream[category.Length] == '-'
                && stream.StartsWith(category, StringComparison.Ordinal);
            if (!isOf || category.Length <= longest) continue;
            longest = category.Length;
            found = (source, stream[(category.Length + 1)..], category);
        }

        return found;
    }
}

/// <summary>An aggregate.</summary>
internal sealed class AggregateSource<[DynamicallyAccessedMembers(DynamicallyAccessedMemberTypes.PublicParameterlessConstructor)] T>
    : StateSource
    where T : Aggregate, new()
{
    public override string Name => typeof(T).Name;

    public override string CategoryOn(EventStore store) => store.Aggregate<T>("x").Stream[..^2];

    public override IAsyncEnumerable<HistoryStep> HistoryAsync(
        EventStore store, string id, AsOf asOf, CancellationToken cancellationToken) =>
        store.Aggregate<T>(id).HistoryAsync(asOf, cancellationToken);

    public override HistoryReader Open(EventStore store, string id) => store.Aggregate<T>(id).OpenHistory();

    public override Task<StateAt<JsonElement>> ShowAsync(EventStore store, string id, AsOf asOf, CancellationToken cancellationToken) =>
        store.Aggregate<T>(id).ShowAsync(asOf, cancellationToken);
}

/// <summary>A decider.</summary>
internal sealed class DeciderSource<TState, TCommand>(Decider<TState, TCommand> decider) : StateSource
{
    public override string Name => typeof(TState).Name;

    public override string CategoryOn(EventStore store) => decider.Category;

    public override IAsyncEnumerable<HistoryStep> HistoryAsync(
        EventStore store, string id, AsOf asOf, CancellationToken cancellationToken) =>
        store.Decider(decider, id).HistoryAsync(asOf, cancellationToken);

    public override HistoryReader Open(EventStore store, string id) => store.Decider(decider, id).OpenHistory();

    public override Task<StateAt<JsonElement>> ShowAsync(EventStore store, string id, AsOf asOf, CancellationToken cancellationToken) =>
        store.Decider(decider, id).ShowAsync(asOf, cancellationToken);
}
