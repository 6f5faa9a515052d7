namespace EventSourcing.Explorer;

/// <summary>What a fold is of.</summary>
/// <param name="Store">The store.</param>
/// <param name="Kind">What kind of state, and what for.</param>
/// <param name="Name">The read model, or the stream.</param>
/// <param name="Key">The document's key; empty for a stream.</param>
internal readonly record struct FoldKey(EventStore Store, string Kind, string Name, string Key);
