using System.Globalization;

namespace EventSourcing.Operations;

/// <summary>The result of an erasure.</summary>
/// <param name="Positions">
/// The positions of the events whose payloads it has erased, ascending; without those erased before. None if there was nothing
/// to do.
/// </param>
/// <param name="Streams">Their streams, in no particular order.</param>
/// <param name="RecordPosition">
/// The position of its last record; 0 if there was nothing to do. Wait for projections to reach this position if they have to
/// see the erasure.
/// </param>
public sealed record ErasureResult(IReadOnlyList<long> Positions, IReadOnlyList<string> Streams, long RecordPosition)
{
    /// <summary>How much was erased, and where that is recorded.</summary>
    /// <returns>A line.</returns>
    public override string ToString() => string.Create(
        CultureInfo.InvariantCulture,
        $"erased {Positions.Count} payloads of {Streams.Count} streams, recorded at position {RecordPosition}");
}
