namespace EventSourcing;

/// <summary>What a host does when a projection or reactor has failed.</summary>
public enum HostedFailure
{
    /// <summary>It is started again, after a pause that grows: see <see cref="EventStoreSettings.FirstRestartAfter"/>.</summary>
    Restart = 0,

    /// <summary>The app is stopped. Its exit code is 1, unless the app has set another.</summary>
    StopHost = 1,

    /// <summary>
    /// It stays as it is. Its health is unhealthy until somebody starts it again (<see cref="ProjectionAdmin.StartAsync"/>).
    /// </summary>
    Ignore = 2,
}
