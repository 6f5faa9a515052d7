namespace EventSourcing;

/// <summary>What handles one delivery: see <see cref="ProjectionOptions.DeliveryScopes"/>.</summary>
/// <param name="Reactor">The reactor that handles it, of the same class as the one that was started.</param>
/// <param name="Resources">What is disposed when the delivery has ended, or <see langword="null"/>.</param>
public sealed record DeliveryScope(Reactor Reactor, IAsyncDisposable? Resources = null);
