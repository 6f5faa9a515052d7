namespace EventSourcing.Storage;

/// <summary>The versions that an append gave to the events of one stream.</summary>
/// <param name="Stream">The stream's name.</param>
/// <param name="FirstVersion">The version of its first event in the append.</param>
/// <param name="LastVersion">The version of its last event in the append.</param>
public readonly record struct AppendedStream(string Stream, long FirstVersion, long LastVersion);
