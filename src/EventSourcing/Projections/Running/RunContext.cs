namespace EventSourcing;

/// <summary>What the parts of one run share: what it runs, where, and how. Immutable.</summary>
internal sealed class RunContext
{
    public RunContext(EventStore store, Subscriber subscriber, int generation, LeaseHolder holder, ProjectionOptions options)
    {
        Store = store;
        Subscriber = subscriber;
        Generation = generation;
        Holder = holder;
        Options = options;
        Documents = new ControlDocuments(store.Storage.ReadModels);
        Clock = store.Storage.Options.TimeProvider;
        Retries = RetrySchedule.Of(options.RetryDelays);
        Filter = subscriber.FilterFor(store);
        MaxBatchEvents = Math.Min(options.MaxBatchEvents, subscriber.MaxBatchEvents);
        Key = ControlDocuments.RunKey(subscriber.Name, generation);
        Notices = new SubscriberNotices(store, subscriber.Name);
    }

    public EventStore Store { get; }

    public Subscriber Subscriber { get; }

    public int Generation { get; }

    public LeaseHolder Holder { get; }

    public ProjectionOptions Options { get; }

    public ControlDocuments Documents { get; }

    public TimeProvider Clock { get; }

    /// <summary>The pauses after failures of an event.</summary>
    public RetrySchedule Retries { get; }

    /// <summary>The events that the subscriber looks at.</summary>
    public EventFilter Filter { get; }

    public int MaxBatchEvents { get; }

    /// <summary>The key of the document that stores the run's position and owner.</summary>
    public string Key { get; }

    public string Name => Subscriber.Name;

    /// <summary>What an operator may want to know of the run.</summary>
    public SubscriberNotices Notices { get; }

    public IReadModelStorage ReadModels => Store.Storage.ReadModels;
}
