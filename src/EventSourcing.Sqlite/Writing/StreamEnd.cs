namespace EventSourcing;

/// <summary>The end of a stream as the writer knows it.</summary>
internal sealed class StreamEnd
{
    /// <summary>The stream's row; 0 if it has none yet.</summary>
    public long Id { get; set; }

    public long Version { get; set; }
}
