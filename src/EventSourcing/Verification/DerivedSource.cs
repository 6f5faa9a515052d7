namespace EventSourcing;

/// <summary>The source from which derived state is recomputed.</summary>
/// <param name="Store">Decodes events, and knows their types and JSON. The store may be refused, so nothing is read through it.</param>
/// <param name="Storage">The storage from which everything is read.</param>
/// <param name="Json">Compares the results.</param>
internal sealed record DerivedSource(EventStore Store, IEventStorage Storage, ComparisonJson Json);
