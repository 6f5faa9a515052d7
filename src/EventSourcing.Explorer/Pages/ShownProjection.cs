namespace EventSourcing.Explorer;

/// <summary>The status of a projection or reactor, as the user may see it.</summary>
internal sealed record ShownProjection(
    string Name, string State, long Position, long Head, long Lag, TimeSpan LagTime, int Parked, string? Error, ShownRunner? Runner,
    double? RebuildPart, long? RebuildPosition, int? RebuildParked, bool IsRebuildOrdered)
{
    public static ShownProjection Of(ProjectionStatus status, Payloads payloads)
    {
        var runner = status.Runner is { } by
            ? new ShownRunner(by.Machine, by.ProcessId, by.IsGone, by.Since, by.LastSign, by.PositionsPerSecond)
            : null;
        var state = status.State switch
        {
            ProjectionState.Failed => "failed",
            ProjectionState.Stopped => "stopped",
            ProjectionState.Held when runner?.IsGone == true => "its process is gone",
            ProjectionState.Held when status.Lag == 0 => "live",
            ProjectionState.Held => "catching up",
            _ => "not running",
        };
        return new ShownProjection(
            status.Name, state, status.Position, status.Head, status.Lag, status.LagTime, status.Parked, status.LastError is { } error
                ? payloads.Error(error.Message)
                : null,
            runner, status.Rebuild?.Part, status.Rebuild?.Position, status.Rebuild?.Parked, status.IsRebuildOrdered);
    }
}

/// <summary>The process that runs it.</summary>
internal sealed record ShownRunner(
    string Machine, int ProcessId, bool IsGone, DateTimeOffset? Since, DateTimeOffset? LastSign, double PositionsPerSecond);
