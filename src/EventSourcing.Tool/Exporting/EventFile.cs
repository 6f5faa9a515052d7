namespace EventSourcing.Tool;

/// <summary>
/// The file of events that <c>export</c> writes and <c>import</c> reads: JSON Lines. The first line says what the file is, how many events
/// follow and the root of the Merkle tree over them; each further line is an event with all that is stored of it.
/// </summary>
internal static class EventFile
{
    public const string FormatName = "evs-events-1";

    /// <param name="lines">Where it is written.</param>
    /// <param name="events">How many events the log had.</param>
    /// <param name="root">The root over them; null if only some of them were chosen: such a file cannot be imported.</param>
    public static void WriteHeader(JsonLines lines, long events, MerkleHash? root)
    {
        lines.Line.WriteStartObject();
        lines.Line.WriteString("format"u8, FormatName);
        lines.Line.WriteNumber("head"u8, events);
        if (root is { } whole) lines.Line.WriteString("root"u8, Format.Root(whole));
        lines.Line.WriteEndObject();
        lines.End();
    }
}
