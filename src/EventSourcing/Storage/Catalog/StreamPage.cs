namespace EventSourcing.Storage;

/// <summary>One page of the streams, from one snapshot. Immutable.</summary>
/// <param name="Streams">
/// The streams in the order of their names. Not more than the limit, and perhaps fewer; none only at the end.
/// </param>
/// <param name="IsEnd">
/// Whether no stream came after these in the snapshot. If one did, the next page begins after the last name of this one.
/// </param>
public sealed record StreamPage(IReadOnlyList<StreamSummary> Streams, bool IsEnd);
