using Microsoft.Extensions.Diagnostics.HealthChecks;

namespace EventSourcing;

/// <summary>
/// One probe of a hosted store. What it must remember is kept by <see cref="StoreHealth"/>, since a check is made anew each time.
/// </summary>
internal sealed class StoreHealthCheck(HostedStore hosted) : IHealthCheck
{
    public Task<HealthCheckResult> CheckHealthAsync(HealthCheckContext context, CancellationToken cancellationToken = default) =>
        hosted.Health.ProbeAsync(context.Registration.FailureStatus, cancellationToken);
}
