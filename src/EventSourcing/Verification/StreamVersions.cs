namespace EventSourcing;

/// <summary>
/// Checks that the versions of each stream follow each other. The last version of the streams seen most recently is kept, for at
/// most two generations of streams (200,000). For other streams, and for those whose beginning was not read, the preceding event is
/// read from the store. The storage itself checks that no version of a stream occurs twice.
/// </summary>
internal sealed class StreamVersions(IEventStorage storage, FindingList findings, int maxOfGeneration = 100_000)
{
    private readonly List<UnseenBefore> _unknown = [];
    private Dictionary<string, long> _recent = new(StringComparer.Ordinal);
    private Dictionary<string, long> _older = new(StringComparer.Ordinal);

    public void Check(in StoredEvent e, bool isTrusted)
    {
        if (_recent.TryGetValue(e.Stream, out var version) || _older.TryGetValue(e.Stream, out version))
        {
            if (e.Version != version + 1 && !isTrusted)
                AddFinding(e.Position, e.Stream, e.Version, $"the one before has version {version}");
        }
        else if (e.Version > 1 && !isTrusted)
        {
            _unknown.Add(new UnseenBefore(e.Stream, e.Version, e.Position));
        }

        if (_recent.Count >= maxOfGeneration) (_older, _recent) = (_recent, new Dictionary<string, long>(StringComparer.Ordinal));
        _recent[e.Stream] = e.Version;
    }

    /// <summary>Reads the preceding events that the verification itself has not seen.</summary>
    public async ValueTask AskAsync(CancellationToken cancellationToken)
    {
        foreach (var (stream, version, position) in _unknown)
        {
            try
            {
                using var before = await storage.ReadStreamAsync(
                    new StreamRead(stream) { After = version - 2, UpTo = version - 1, Limit = 1 }, cancellationToken).ConfigureAwait(false);
                if (before.Count == 0 || before.Events[0].Position >= position)
                    AddFinding(position, stream, version, "no earlier event of the stream has the version before that");
            }
            catch (EventSourcingException refusal) when (refusal is not StoreBusyException)
            {
                // The store refuses this read; the audit of its structure has reported why.
            }
        }

        _unknown.Clear();
    }

    private void AddFinding(long position, string stream, long version, string before) =>
        findings.Add(
            LedgerFindingKind.VersionOutOfOrder,
            position,
            stream,
            $"The event at position {position} has version {version} of stream '{stream}', but {before}.");

    private readonly record struct UnseenBefore(string Stream, long Version, long Position);
}
