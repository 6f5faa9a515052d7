namespace EventSourcing;

/// <summary>
/// Tells whether the owner of a run is gone: its process is, or neither the run nor the owner has given a sign of life
/// for the length of a lease, by this process's own clock. No two clocks are ever compared.
/// </summary>
internal sealed class OwnerWatch(ControlDocuments documents, TimeSpan leaseDuration)
{
    private readonly Dictionary<string, (byte[] Sign, long Since)> _seen = new(StringComparer.Ordinal);

    public async ValueTask<bool> IsGoneAsync(Kept<RunRecord> run, CancellationToken cancellationToken)
    {
        if (run.Content.Owner is not { } owner) return true;
        var host = await documents.FindAsync<HostRecord>(ControlDocuments.Hosts, owner, cancellationToken).ConfigureAwait(false);
        if (host is null || HostIdentity.IsCertainlyGone(host.Content)) return true;
        byte[] sign = [.. run.Bytes.Span, .. host.Bytes.Span];
        var now = Environment.TickCount64;
        if (!_seen.TryGetValue(run.Key, out var seen) || !seen.Sign.AsSpan().SequenceEqual(sign))
        {
            _seen[run.Key] = (sign, now);
            return false;
        }

        return now - seen.Since >= leaseDuration.TotalMilliseconds;
    }
}
