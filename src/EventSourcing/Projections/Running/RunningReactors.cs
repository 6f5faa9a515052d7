namespace EventSourcing;

/// <summary>
/// Reactors that run in the background until disposed. The same reactor may be started in several processes: one runs it, and another takes
/// over when that one is gone.
/// </summary>
public sealed class RunningReactors : RunningSubscribers
{
    internal RunningReactors(EventStore store, IReadOnlyList<Reactor> reactors, ProjectionOptions options)
        : base(store, reactors, options)
    {
    }
}
