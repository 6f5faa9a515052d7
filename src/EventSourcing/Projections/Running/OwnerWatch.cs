namespace EventSourcing;

/// <summary>
/// Tells whether the owner of a run is gone: its process is; or there is something to do, and neither the run nor its owner
/// has changed for the length of a lease since that was first seen, by this process's own clock. An owner that has nothing
/// to do owes nobody a sign of life. No two clocks are ever compared.
/// </summary>
internal sealed class OwnerWatch(ControlDocuments documents, TimeSpan leaseDuration, TimeProvider clock)
{
    private readonly Dictionary<string, (byte[] Sign, string Order, long Since)> _seen = new(StringComparer.Ordinal);

    /// <summary>Whether nobody owns it, or its owner has said good-bye, or its process is certainly gone.</summary>
    public async ValueTask<bool> IsCertainlyGoneAsync(Kept<RunRecord> run, CancellationToken cancellationToken)
    {
        if (run.Content.Owner is not { } owner) return true;
        var host = await documents.FindStoredAsync(ControlDocuments.Hosts, owner, cancellationToken).ConfigureAwait(false);
        return host is null || ControlDocuments.TryRead<HostRecord>(host) is not { } record || HostIdentity.IsCertainlyGone(record);
    }

    /// <summary>Whether the owner of a run, both as they were seen in one look, is gone.</summary>
    public bool IsGone(Kept<RunRecord> run, ControlView view)
    {
        if (run.Content.Owner is not { } owner) return true;
        if (!view.Hosts.TryGetValue(owner, out var host) || HostIdentity.IsCertainlyGone(host.Content)) return true;
        byte[] sign = [.. run.Bytes.Span, .. host.Bytes.Span];
        if (!_seen.TryGetValue(run.Key, out var seen) || !seen.Sign.AsSpan().SequenceEqual(sign)) seen = (sign, view.Order, clock.GetTimestamp());
        var hasWork = run.Content.Position < view.Head || run.Content.Retries > 0 || view.IsOrdered(run.Key) || (run.Content.Parked > 0 && view.Order != seen.Order);
        if (!hasWork) seen = seen with { Since = clock.GetTimestamp() };
        _seen[run.Key] = seen;
        return hasWork && clock.GetElapsedTime(seen.Since) >= leaseDuration;
    }
}
