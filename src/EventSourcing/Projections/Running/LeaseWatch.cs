namespace EventSourcing;

/// <summary>
/// Tells whether the owner of a run is gone. That is so if its process has ended. It is also so if there is something to do, and neither
/// the run nor its owner has changed for the length of a lease since that was first seen, by this process's own clock. An owner that has
/// nothing to do gives no signs of life. Two clocks are never compared.
/// </summary>
internal sealed class LeaseWatch(ControlDocuments documents, TimeSpan leaseDuration, TimeProvider clock)
{
    private readonly Dictionary<string, (byte[] Sign, string Order, long Since)> _seen = new(StringComparer.Ordinal);

    /// <summary>Whether the run has no owner, or the owner has ended properly, or its process is certainly gone.</summary>
    public async ValueTask<bool> IsCertainlyGoneAsync(ReadDocument<RunRecord> run, CancellationToken cancellationToken)
    {
        if (run.Content.Owner is not { } owner) return true;
        var holder = await documents.FindStoredAsync(ControlDocuments.Hosts, owner, cancellationToken).ConfigureAwait(false);
        return holder is null
            || RecordJson.TryRead<LeaseHolderRecord>(holder) is not { } record
            || ProcessIdentity.IsCertainlyGone(record);
    }

    /// <summary>Whether the owner of a run is gone, according to one look at both.</summary>
    public bool IsGone(ReadDocument<RunRecord> run, ControlView view)
    {
        if (run.Content.Owner is not { } owner) return true;
        if (!view.Holders.TryGetValue(owner, out var holder) || ProcessIdentity.IsCertainlyGone(holder.Content)) return true;
        byte[] sign = [.. run.Bytes.Span, .. holder.Bytes.Span];
        if (!_seen.TryGetValue(run.Key, out var seen) || !seen.Sign.AsSpan().SequenceEqual(sign))
            seen = (sign, view.Order, clock.GetTimestamp());
        var hasWork = run.Content.Position < view.Head
            || run.Content.Retries > 0
            || view.IsOrdered(run.Key)
            || (run.Content.Parked > 0 && view.Order != seen.Order);
        if (!hasWork) seen = seen with { Since = clock.GetTimestamp() };
        _seen[run.Key] = seen;
        return hasWork && clock.GetElapsedTime(seen.Since) >= leaseDuration;
    }
}
