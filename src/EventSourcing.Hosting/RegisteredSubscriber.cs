namespace EventSourcing;

/// <summary>
/// A projection or reactor that is to run in the background. It is a class, since lists of tuples are compiled anew in every process, while
/// the app waits for its start.
/// </summary>
/// <param name="Create">Makes it, with its services.</param>
/// <param name="Options">How it runs; null for what the settings say.</param>
internal sealed record RegisteredSubscriber<T>(Func<IServiceProvider, T> Create, ProjectionOptions? Options)
    where T : class;
