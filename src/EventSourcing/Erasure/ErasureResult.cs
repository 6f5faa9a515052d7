using System.Globalization;

namespace EventSourcing;

/// <summary>What an erasure has done.</summary>
/// <param name="Positions">Where the events stand whose payloads it has erased, ascending; without those that were erased before. None where there was nothing to do.</param>
/// <param name="Streams">Their streams, in no particular order.</param>
/// <param name="RecordPosition">Where the last record of it stands; 0 where there was nothing to do. Projections that are to see it can be waited for by it.</param>
public sealed record ErasureResult(IReadOnlyList<long> Positions, IReadOnlyList<string> Streams, long RecordPosition)
{
    /// <summary>How much was erased, and where that is recorded.</summary>
    /// <returns>A line.</returns>
    public override string ToString() => string.Create(CultureInfo.InvariantCulture, $"erased {Positions.Count} payloads of {Streams.Count} streams, recorded at position {RecordPosition}");
}
