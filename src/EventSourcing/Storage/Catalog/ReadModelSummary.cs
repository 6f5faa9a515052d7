namespace EventSourcing.Operations;

/// <summary>A read model, as it is stored.</summary>
/// <param name="Definition">Its name and its fields.</param>
/// <param name="Aliases">Its other names, ordered by code point.</param>
public sealed record ReadModelSummary(ReadModelDefinition Definition, IReadOnlyList<string> Aliases);
