namespace EventSourcing;

/// <summary>What state is made anew from.</summary>
/// <param name="Store">Decodes events, and knows their types and JSON. It may be refused, so nothing is read through it.</param>
/// <param name="Storage">Where all is read.</param>
/// <param name="Json">Compares what was made.</param>
internal sealed record DerivedSource(EventStore Store, IEventStorage Storage, ComparisonJson Json);
