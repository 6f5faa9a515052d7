namespace EventSourcing.Tool;

/// <summary>A point of the past up to which is read, inclusive. One of them is given.</summary>
internal sealed record PointInTime(long? Version = null, long? Position = null, DateTimeOffset? Instant = null)
{
    /// <summary>The last position of the log up to which is read.</summary>
    /// <exception cref="ToolException">It is a version, which only a stream has.</exception>
    public async Task<long> PositionIn(EventStore store, CancellationToken cancellationToken) =>
        Version is { } version ? throw new ToolException(
            $"v{Format.Plain(version)} is a version, and only a stream has versions. Name the stream, or give a position or an instant.")
        : Position ?? await store.GetPositionAsync(Instant!.Value, cancellationToken);
}
