namespace EventSourcing;

/// <summary>
/// Checks that each erased payload is named by a later event that records it, and that each named one is erased. Takes memory
/// for each erased event.
/// </summary>
internal sealed class Erasures(IEventStorage storage, FindingList findings, long trustedUpTo)
{
    private readonly Dictionary<long, (string Stream, bool IsRecorded)> _erased = [];
    private readonly List<(long Position, long Record)> _unknown = [];

    /// <summary>
    /// Erased events up to here must have a record among the events read; a later one's record may lie beyond the end of this
    /// verification.
    /// </summary>
    public long RequiredUpTo { get; set; }

    /// <summary>How many of these have no record yet.</summary>
    public int Unrecorded { get; private set; }

    public void Check(in StoredEvent e)
    {
        if (e.IsErased)
        {
            _erased.Add(e.Position, (e.Stream, IsRecorded: false));
            if (IsRequired(e.Position)) Unrecorded++;
        }

        if (!ErasureRecord.Is(e) || e.Position <= trustedUpTo) return;
        var positions = ErasureRecord.Read(e.Data.Span, out var flaw);
        if (flaw.Length > 0)
        {
            findings.Add(
                LedgerFindingKind.EventUnreadable,
                e.Position,
                e.Stream,
                $"The event at position {e.Position} should record an erasure, but its data is no such record: {flaw}");
            return;
        }

        foreach (var position in positions)
        {
            if (position >= e.Position) NotDone(position, e.Position, "which is not before it");
            else if (_erased.TryGetValue(position, out var erased)) Record(position, erased);
            else _unknown.Add((position, e.Position));
        }
    }

    /// <summary>
    /// Asks the store for named events that were not read as erased: they precede the verified range, or were erased during the
    /// verification, after they were read.
    /// </summary>
    public async ValueTask AskAsync(CancellationToken cancellationToken)
    {
        foreach (var (position, record) in _unknown)
        {
            if (!await IsErasedAsync(position, cancellationToken).ConfigureAwait(false))
                NotDone(position, record, "but it is there, or there is no such event");
        }

        _unknown.Clear();
    }

    private async ValueTask<bool> IsErasedAsync(long position, CancellationToken cancellationToken)
    {
        try
        {
            using var page = await storage.ReadAtAsync(position, cancellationToken, withSeal: true).ConfigureAwait(false);
            return IsErased(page, position);
        }
        catch (EventSourcingException refusal) when (refusal is not StoreBusyException)
        {
            // An audit can read what the store refuses, but each new audit costs a connection.
            using var audit = await storage.Ledger.AuditAsync(position - 1, limit: 1, cancellationToken).ConfigureAwait(false);
            return IsErased(audit.Events, position);
        }
    }

    private static bool IsErased(EventPage page, long position) =>
        page.Count > 0 && page.Events[0].Position == position && page.Events[0].IsErased;

    public void Complete()
    {
        foreach (var (position, (stream, isRecorded)) in _erased)
        {
            if (!isRecorded && IsRequired(position))
                findings.Add(
                    LedgerFindingKind.ErasureNotRecorded,
                    position,
                    stream,
                    $"The payload of the event at position {position} is erased, but no event after it that can be read records that.");
        }
    }

    private bool IsRequired(long position) => position > trustedUpTo && position <= RequiredUpTo;

    private void Record(long position, (string Stream, bool IsRecorded) erased)
    {
        if (erased.IsRecorded) return;
        if (IsRequired(position)) Unrecorded--;
        _erased[position] = erased with { IsRecorded = true };
    }

    private void NotDone(long position, long record, string but) =>
        findings.Add(
            LedgerFindingKind.ErasureNotDone,
            position,
            null,
            $"The event at position {record} records that the payload of the event at position {position} was erased, {but}.");
}
