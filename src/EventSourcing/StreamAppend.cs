namespace EventSourcing;

/// <summary>Events for one stream, or a check of it, in an append over several streams.</summary>
/// <param name="Stream">The stream's name.</param>
/// <param name="Expected">What is expected of the stream; a number is its exact version.</param>
/// <param name="Events">The events in order: payloads, or <see cref="EventData"/> to give ids, metadata or tags.</param>
public sealed record StreamAppend(string Stream, ExpectedVersion Expected, IReadOnlyList<object> Events)
{
    /// <summary>Checks a stream without writing to it, in the same commit as the writes beside it.</summary>
    /// <param name="stream">The stream's name.</param>
    /// <param name="expected">What must hold of it.</param>
    /// <returns>The check.</returns>
    public static StreamAppend Check(string stream, ExpectedVersion expected) => new(stream, expected, []);
}
