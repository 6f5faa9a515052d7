namespace EventSourcing.Operations;

/// <summary>
/// When a store creates its activity source and its instruments. The first ones of a process may take tens of milliseconds.
/// </summary>
public enum TelemetryStart
{
    /// <summary>
    /// On another thread, after the first append, load or start of projections, so that the start of an app does not wait for them. What
    /// happens before is not measured.
    /// </summary>
    Background = 0,

    /// <summary>When the store is created, so that everything is measured.</summary>
    AtOnce = 1,

    /// <summary>Never: the store offers no spans and no measurements.</summary>
    Never = 2,
}
