using System.Collections.Concurrent;
using Microsoft.Extensions.Diagnostics.HealthChecks;

namespace EventSourcing;

/// <summary>
/// What is known of the projections of a hosted store, and since when each has made no progress. It remembers that between probes. A probe
/// reads the head of the log; the status behind it is read at most twice per lease, however many probes there are. Thread-safe.
/// </summary>
internal sealed class StoreHealth(HostedStore hosted) : IDisposable
{
    /// <summary>
    /// How many leases a projection that is behind may give no sign of life. The status is up to half a lease old, so it is told within
    /// three.
    /// </summary>
    private const double SilentLeases = 2.5;

    private readonly SemaphoreSlim _reading = new(1);
    private readonly Dictionary<string, Progress> _progress = new(StringComparer.Ordinal);
    private readonly ConcurrentDictionary<string, int> _restarts = new(StringComparer.Ordinal);
    private volatile IReadOnlyList<ProjectionStatus> _status = [];
    private long _readAt;
    private bool _hasRead;

    /// <summary>The last status that was read, without any read.</summary>
    public IReadOnlyList<ProjectionStatus> Known => _status;

    public void CountRestart(string projection) => _restarts.AddOrUpdate(projection, 1, static (_, count) => count + 1);

    public int RestartsOf(string projection) => _restarts.GetValueOrDefault(projection);

    public async Task<HealthCheckResult> ProbeAsync(HealthStatus failure, CancellationToken cancellationToken)
    {
        var data = new Dictionary<string, object>(StringComparer.Ordinal);
        if (!hosted.IsOpen) return new HealthCheckResult(failure, $"The store '{hosted.Name}' is not open.");
        try
        {
            var head = await hosted.Store.GetHeadAsync(cancellationToken).ConfigureAwait(false);
            data["head"] = head;
            await ReadAsync(hosted.Settings.LeaseDuration / 2, cancellationToken).ConfigureAwait(false);
            return Judge(head, failure, data);
        }
        catch (Exception error) when (error is not OperationCanceledException || !cancellationToken.IsCancellationRequested)
        {
            // Not the exception itself: whoever writes the report would show its message, which may say where the store is.
            return new HealthCheckResult(failure, $"The store '{hosted.Name}' cannot be read: {error.GetType()}.", data: data);
        }
    }

    /// <summary>Reads the status, if what is known is older than a time.</summary>
    public async Task ReadAsync(TimeSpan maxAge, CancellationToken cancellationToken)
    {
        await _reading.WaitAsync(cancellationToken).ConfigureAwait(false);
        try
        {
            if (_hasRead && hosted.Clock.GetElapsedTime(_readAt) < maxAge && !HasFailed()) return;
            var status = new List<ProjectionStatus>();
            if (hosted.Subscribers.Count > 0)
            {
                foreach (var running in hosted.Running)
                    status.AddRange(await running.GetStatusAsync(cancellationToken).ConfigureAwait(false));
                if (hosted.Running.Count == 0)
                {
                    var all = await hosted.Store.ProjectionAdmin().GetStatusAsync(cancellationToken).ConfigureAwait(false);
                    status.AddRange(all.Where(one => hosted.Subscribers.Contains(one.Name)));
                }
            }

            _readAt = hosted.Clock.GetTimestamp();
            _hasRead = true;
            lock (_progress)
            {
                foreach (var one in status) Look(one);
            }

            _status = status;
        }
        finally
        {
            _reading.Release();
        }
    }

    public void Dispose() => _reading.Dispose();

    /// <summary>Whether something has failed here that the known status does not show as failed, or the other way round.</summary>
    private bool HasFailed() =>
        hosted.Running.Any(running => running.Names.Any(name =>
            running.CompletionOf(name).IsFaulted != _status.Any(one => one.Name == name && one.State == ProjectionState.Failed)));

    private void Look(ProjectionStatus now)
    {
        var (position, built, sign) = (now.Position, now.Rebuild?.Position ?? 0, now.Runner?.LastSign);
        if (!_progress.TryGetValue(now.Name, out var known))
        {
            _progress.Add(now.Name, new Progress(position, built, sign, now.Lag == 0, _readAt, _readAt));
            return;
        }

        // What was level at the last look fell behind after it. If probes are rare, that may have been a moment ago.
        var hasMoved = known.Position != position || known.Built != built || known.WasLevel || now.Lag == 0;
        var hasSigned = hasMoved || known.Sign != sign;
        _progress[now.Name] = new Progress(
            position, built, sign, now.Lag == 0, hasMoved ? _readAt : known.MovedAt, hasSigned ? _readAt : known.SignedAt);
    }

    private HealthCheckResult Judge(long head, HealthStatus failure, Dictionary<string, object> data)
    {
        var settings = hosted.Settings;
        List<string> failed = [], degraded = [];
        lock (_progress)
        {
            foreach (var one in _status)
            {
                var progress = _progress[one.Name];
                Describe(data, one, head);
                var isBehind = one.Lag > 0 || one.Rebuild is not null;
                if (one.State == ProjectionState.Failed) failed.Add($"'{one.Name}' has failed ({TypeOf(one.LastError)})");
                else if (isBehind && !IsHere(one.State) && Since(progress.SignedAt) >= SilentLeases * settings.LeaseDuration)
                    failed.Add($"'{one.Name}' is {one.Lag} behind and no process that runs it gives a sign of life");
                else if (one.State == ProjectionState.Stopped) degraded.Add($"'{one.Name}' was stopped by an order");
                else if (one.State == ProjectionState.Retrying)
                    degraded.Add($"'{one.Name}' is being tried again ({TypeOf(one.LastError)})");
                else if (isBehind && one.State != ProjectionState.Replaced && Since(progress.MovedAt) >= settings.DegradedAfter)
                    degraded.Add($"'{one.Name}' is {one.Lag} behind and has made no progress for {Since(progress.MovedAt):c}");
                if (one.Rebuild is { Parked: > 0 }) degraded.Add($"the new read model of '{one.Name}' has parked {one.Rebuild.Parked}");
                if (one.Parked > 0) degraded.Add($"'{one.Name}' has parked {one.Parked}");
            }
        }

        foreach (var name in hosted.Subscribers.Where(name => !_status.Any(one => one.Name == name)))
            degraded.Add($"'{name}' was never started on this store");
        if (hosted.Store.Ledger.LastFailure is { } checkpoint) degraded.Add($"the newest checkpoint failed ({checkpoint.GetType()})");
        var status = failed.Count > 0 ? failure : degraded.Count > 0 ? HealthStatus.Degraded : HealthStatus.Healthy;
        var description = failed.Count + degraded.Count == 0 ? null : string.Join("; ", failed.Concat(degraded)) + ".";
        return new HealthCheckResult(status, description, data: data);
    }

    private TimeSpan Since(long timestamp) => hosted.Clock.GetElapsedTime(timestamp);

    private void Describe(Dictionary<string, object> data, ProjectionStatus one, long head)
    {
        data[$"{one.Name}.state"] = one.State.ToString();
        data[$"{one.Name}.lag"] = Math.Max(0, head - one.Position);
        data[$"{one.Name}.lagSeconds"] = one.LagTime.TotalSeconds;
        data[$"{one.Name}.parked"] = one.Parked;
        if (one.Rebuild is { } rebuild) data[$"{one.Name}.rebuiltTo"] = rebuild.Position;
        if (one.Runner is { } runner) data[$"{one.Name}.owner"] = $"{runner.Machine}/{runner.ProcessId}";
        if (RestartsOf(one.Name) is > 0 and var restarts) data[$"{one.Name}.restarts"] = restarts;
    }

    private static bool IsHere(ProjectionState state) =>
        state is ProjectionState.Starting or ProjectionState.CatchingUp or ProjectionState.Live
            or ProjectionState.Retrying or ProjectionState.Stopped;

    /// <summary>The type of the app's own error, if a projection failed with one.</summary>
    private static string TypeOf(Exception? error) =>
        (error is EventSourcingException { InnerException: { } cause } ? cause : error)?.GetType().ToString() ?? "unknown";

    /// <summary>How far a projection was when it was last looked at, and since when that is so.</summary>
    /// <param name="Position">The position of the read model that serves.</param>
    /// <param name="Built">The position of the one that is built beside it.</param>
    /// <param name="Sign">The last sign of life of whoever runs it, by that process's clock: it is only compared with itself.</param>
    /// <param name="WasLevel">Whether it had handled all that was in the log.</param>
    /// <param name="MovedAt">When it was first seen there, as a timestamp of this process's clock.</param>
    /// <param name="SignedAt">When that sign was first seen.</param>
    private sealed record Progress(
        long Position, long Built, DateTimeOffset? Sign, bool WasLevel, long MovedAt, long SignedAt);
}
