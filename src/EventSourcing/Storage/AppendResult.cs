namespace EventSourcing;

/// <summary>The places of an append's events in the log. Immutable.</summary>
public sealed class AppendResult
{
    /// <summary>Creates the result.</summary>
    /// <param name="streams">The streams written, in the order of the request.</param>
    /// <param name="firstPosition">The position of the first event.</param>
    /// <param name="position">The position of the last event.</param>
    /// <param name="wasAlreadyStored">Whether the events were stored by an earlier append.</param>
    public AppendResult(IReadOnlyList<AppendedStream> streams, long firstPosition, long position, bool wasAlreadyStored)
    {
        ArgumentNullException.ThrowIfNull(streams);
        Streams = streams;
        FirstPosition = firstPosition;
        Position = position;
        WasAlreadyStored = wasAlreadyStored;
    }

    /// <summary>The streams written, in the order of the request. Streams that were only checked are not included.</summary>
    public IReadOnlyList<AppendedStream> Streams { get; }

    /// <summary>The position of the append's first event.</summary>
    public long FirstPosition { get; }

    /// <summary>The position of the append's last event: wait for this one to read your own writes.</summary>
    public long Position { get; }

    /// <summary>The version of the append's last event: if one stream was written, the stream's new version.</summary>
    public long Version => Streams.Count > 0 ? Streams[^1].LastVersion : 0;

    /// <summary>Whether an earlier append had stored the same events, so that this one wrote nothing.</summary>
    public bool WasAlreadyStored { get; }
}
