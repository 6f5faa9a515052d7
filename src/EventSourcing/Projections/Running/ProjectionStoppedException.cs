namespace EventSourcing;

/// <summary>
/// The wait cannot succeed, since an order has stopped the projection or reactor (<see cref="ProjectionAdmin.StopAsync"/>). The events are
/// stored; it continues with them when it is started.
/// </summary>
public sealed class ProjectionStoppedException : EventSourcingException
{
    internal ProjectionStoppedException(string projection)
        : base($"'{projection}' was stopped by an order, so it does not go on. The events are stored. "
            + "Start it to have it go on with them: ProjectionAdmin.StartAsync.") =>
        Projection = projection;

    /// <summary>The projection or reactor.</summary>
    public string Projection { get; }
}
