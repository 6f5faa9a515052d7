namespace EventSourcing;

/// <summary>
/// Tells whether the owner of a run is gone. It is gone if its process has ended. It also counts as gone if there is something to do, but
/// neither the run nor its owner has changed for the length of a lease. That time begins when this process first sees such a state, and is
/// measured by this process's own clock: two clocks are never compared. If there is nothing to do, nothing follows from silence, because an
/// owner then gives no signs of life.
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

    /// <summary>Whether the owner of a run is gone, as far as this one look at the run and its owner shows.</summary>
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
