namespace EventSourcing;

/// <summary>The options that every storage has. Immutable; change them by <c>with</c>.</summary>
public record EventStorageOptions
{
    /// <summary>The clock that stamps events, and that projections use to wait, retry and take over; by default the system's.</summary>
    public TimeProvider TimeProvider { get; init; } = TimeProvider.System;

    /// <summary>The limits on what is appended.</summary>
    public EventStorageLimits Limits { get; init; } = new();
}
