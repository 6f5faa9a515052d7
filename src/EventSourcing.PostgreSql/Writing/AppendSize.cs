namespace EventSourcing;

/// <summary>How many bytes an append sends to the server, which takes less than 1 GiB in one message.</summary>
internal static class AppendSize
{
    /// <summary>The most bytes of data and metadata: with names, tags and what is around them, they stay below the limit.</summary>
    public const long Max = 512L * 1024 * 1024;

    public static long Of(AppendRequest request)
    {
        var bytes = 0L;
        for (var w = 0; w < request.Writes.Count; w++)
        {
            var events = request.Writes[w].Events;
            for (var i = 0; i < events.Count; i++) bytes += events[i].Data.Length + events[i].Metadata.Length;
        }

        return bytes;
    }

    /// <exception cref="ArgumentException">The append is larger than the server takes.</exception>
    public static void ThrowIfTooLarge(AppendRequest request)
    {
        if (Of(request) is > Max and var bytes)
            throw new ArgumentException(
                $"The append has {bytes} bytes of data and metadata; PostgreSQL takes {Max} in one append. Split it.", nameof(request));
    }
}
