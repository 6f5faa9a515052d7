namespace EventSourcing;

/// <summary>
/// How a host runs a store: the section <c>EventSourcing:{name}</c> of the configuration. All of it is checked when the host starts.
/// </summary>
public sealed class EventStoreSettings
{
    /// <summary>Where the store is; by default <c>ConnectionStrings:{name}</c>. What it means is up to the storage.</summary>
    public string? ConnectionString { get; set; }

    /// <summary>
    /// Whether projections and reactors run in this process; <see langword="true"/> by default. Inline projections always do, since they
    /// are part of each append.
    /// </summary>
    public bool RunProjections { get; set; } = true;

    /// <summary>
    /// How long a process that runs a projection may give no sign of life before another takes over; 5 s by default, at least 0.1 s. Its
    /// health is looked at by the same measure. Options that are given with a projection win.
    /// </summary>
    public TimeSpan LeaseDuration { get; set; } = TimeSpan.FromSeconds(5);

    /// <summary>
    /// How long handlers may take to end when the host stops; 20 s by default, since a host has 30 s for all of its services. Options that
    /// are given with a projection win.
    /// </summary>
    public TimeSpan StopTimeout { get; set; } = TimeSpan.FromSeconds(20);

    /// <summary>How long the start waits for a storage that is busy or not there yet; 30 s by default. Then the start fails.</summary>
    public TimeSpan StartTimeout { get; set; } = TimeSpan.FromSeconds(30);

    /// <summary>What happens when a projection or reactor has failed; by default it is started again.</summary>
    public HostedFailure OnFailure { get; set; }

    /// <summary>
    /// The pause before the first restart; 1 s by default. It doubles with each failure, up to <see cref="LongestRestartPause"/>, and
    /// begins anew after the projection has run for that long.
    /// </summary>
    public TimeSpan FirstRestartAfter { get; set; } = TimeSpan.FromSeconds(1);

    /// <summary>The longest pause before a restart; 1 minute by default.</summary>
    public TimeSpan LongestRestartPause { get; set; } = TimeSpan.FromMinutes(1);

    /// <summary>
    /// How long a projection that is behind may make no progress before its health is degraded; 30 s by default.
    /// </summary>
    public TimeSpan DegradedAfter { get; set; } = TimeSpan.FromSeconds(30);

    /// <summary>Whether no health check is registered; <see langword="false"/> by default.</summary>
    public bool DisableHealthChecks { get; set; }

    /// <summary>Whether the store offers no traces and no metrics; <see langword="false"/> by default.</summary>
    public bool DisableTelemetry { get; set; }
}
