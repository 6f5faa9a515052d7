namespace EventSourcing;

/// <summary>
/// The projections and reactors that run on one store object, so that two that exclude each other are refused when the second one is
/// started. Those of other processes are known from what is stored. Thread-safe.
/// </summary>
internal sealed class StartedSubscribers : IAsyncDisposable
{
    private readonly Lock _lock = new();
    private readonly List<Subscriber> _started = [];

    /// <summary>The started subscribers of a store object.</summary>
    public static StartedSubscribers Of(EventStore store) => store.Lifetime.Part(static _ => new StartedSubscribers());

    /// <summary>Does nothing: everything that still runs is stopped on its own.</summary>
    public ValueTask DisposeAsync() => default;

    /// <summary>Adds all of the subscribers, or none.</summary>
    /// <exception cref="SubscriberNameTakenException">One has the name of another class.</exception>
    /// <exception cref="ArgumentException">Two projections name one table.</exception>
    public void Add(IReadOnlyList<Subscriber> subscribers)
    {
        lock (_lock)
        {
            foreach (var added in subscribers)
            {
                if (_started.Find(known => known.Name == added.Name && !SubscriberIdentity.AreSame(known, added)) is { } other)
                    throw new SubscriberNameTakenException(added.Name, other.TypeName, added.TypeName);
            }

            ThrowIfTableIsShared([.. _started, .. subscribers]);
            _started.AddRange(subscribers);
        }
    }

    public void Remove(IReadOnlyList<Subscriber> subscribers)
    {
        lock (_lock)
        {
            foreach (var subscriber in subscribers) _started.Remove(subscriber);
        }
    }

    private static void ThrowIfTableIsShared(IEnumerable<Subscriber> subscribers)
    {
        var owners = new Dictionary<string, Projection>(StringComparer.OrdinalIgnoreCase);
        foreach (var projection in subscribers.OfType<Projection>())
        {
            foreach (var table in projection.TableNames)
            {
                if (!owners.TryAdd(table, projection) && owners[table] is var owner && owner.Name != projection.Name)
                {
                    throw new ArgumentException(
                        $"The projections '{owner.Name}' ({owner.TypeName}) and '{projection.Name}' ({projection.TypeName}) both name the "
                        + $"table '{table}'; upper and lower case are the same here, as in SQL. Give each projection tables of its own.");
                }
            }
        }
    }
}
