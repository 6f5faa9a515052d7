namespace EventSourcing.Testing;

/// <summary>A projection gives another read model if it runs in another way. The message shows the first document that differs.</summary>
public sealed class ProjectionModesException : Exception
{
    internal ProjectionModesException(string projection, string mode, string otherMode, string key, string? text, string? otherText)
        : base($"""
            The read model of '{projection}' is another one {otherMode} than {mode}. The first document that differs is '{key}':
              {mode}: {text ?? "none"}
              {otherMode}: {otherText ?? "none"}
            A document may depend on nothing but the events, and its JSON must keep all that its handlers need.
            """)
    {
        Projection = projection;
        Mode = otherMode;
        Key = key;
    }

    internal ProjectionModesException(string projection, string mode, string otherMode, Exception failure)
        : base($"The projection '{projection}' fails {otherMode}, and not {mode}: {failure.Message}", failure)
    {
        Projection = projection;
        Mode = otherMode;
    }

    /// <summary>The projection.</summary>
    public string Projection { get; }

    /// <summary>The way of running that differs.</summary>
    public string Mode { get; }

    /// <summary>The key of the first document that differs, by ordinal order; <see langword="null"/> if that run failed.</summary>
    public string? Key { get; }
}
