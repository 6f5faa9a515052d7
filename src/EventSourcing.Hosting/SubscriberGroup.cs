namespace EventSourcing;

/// <summary>Projections or reactors that are started with the same options, and so share their reads of the log.</summary>
/// <param name="options">The options; null for what the settings say.</param>
internal sealed class SubscriberGroup<T>(ProjectionOptions? options)
    where T : class
{
    public ProjectionOptions? Options => options;

    public List<T> Members { get; } = [];

    /// <summary>
    /// The groups of those that are registered. No query makes them, since a query over pairs is compiled anew in every process, while the
    /// app waits for its start.
    /// </summary>
    /// <param name="subscribers">The projections or reactors.</param>
    /// <param name="registered">How each was registered, in the same order.</param>
    public static List<SubscriberGroup<T>> Of(IReadOnlyList<T> subscribers, List<RegisteredSubscriber<T>> registered)
    {
        var groups = new List<SubscriberGroup<T>>();
        for (var i = 0; i < subscribers.Count; i++)
        {
            var of = registered[i].Options;
            var group = groups.Find(known => Equals(known.Options, of));
            if (group is null) groups.Add(group = new SubscriberGroup<T>(of));
            group.Members.Add(subscribers[i]);
        }

        return groups;
    }
}
