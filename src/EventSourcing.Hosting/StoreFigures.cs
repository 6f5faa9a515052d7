namespace EventSourcing;

/// <summary>
/// What the gauges of a store answer with that is not about its projections. It is read by one caller at a time, and known to all threads.
/// </summary>
internal sealed class StoreFigures(HostedStore hosted)
{
    private const long Unknown = -1;
    private const long None = 0;
    private bool _hasLog = true;
    private long _logBytes = Unknown;
    private long _unsigned;
    private long _unsignedSince = Unknown;

    /// <summary>The size of the store's own write-ahead log; null if it is not known, or if there is none.</summary>
    public long? LogBytes => Volatile.Read(ref _logBytes) is >= 0 and var bytes ? bytes : null;

    /// <summary>The age of the first event that no signed checkpoint covers; null if it is not known, or if nothing is signed.</summary>
    public TimeSpan? CheckpointAge => Volatile.Read(ref _unsignedSince) switch
    {
        Unknown => null,
        None => TimeSpan.Zero,
        var since => TimeSpan.FromTicks(Math.Max(0, hosted.Clock.GetUtcNow().UtcTicks - since)),
    };

    public async Task ReadLogSizeAsync(CancellationToken cancellationToken)
    {
        if (!_hasLog) return;
        var size = await hosted.Store.Catalog.GetSizeAsync(cancellationToken).ConfigureAwait(false);
        _hasLog = size?.WriteAheadLogBytes is not null;
        Volatile.Write(ref _logBytes, size?.WriteAheadLogBytes ?? Unknown);
    }

    public async Task ReadCheckpointAgeAsync(CancellationToken cancellationToken)
    {
        if (hosted.Store.Options.Ledger is not { Signers.Count: > 0 }) return;
        var ledger = hosted.Store.Ledger;
        var head = await hosted.Store.GetHeadAsync(cancellationToken).ConfigureAwait(false);
        var first = SizeOf(ledger.NewestCheckpoint) + 1;

        // Another process may have signed what this one does not know of yet.
        if (first <= head && await ledger.FindCheckpointAsync(first, cancellationToken).ConfigureAwait(false) is { } found)
            first = SizeOf(found) + 1;
        if (first > head)
        {
            Volatile.Write(ref _unsignedSince, None);
            return;
        }

        if (first == _unsigned && _unsignedSince > None) return;
        var read = new LogRead { After = first - 1, Limit = 1 };
        using var page = await hosted.Store.Storage.ReadLogAsync(read, cancellationToken).ConfigureAwait(false);
        _unsigned = first;
        Volatile.Write(ref _unsignedSince, page.Events[0].RecordedAt.UtcTicks);
    }

    private static long SizeOf(SignedNote? note) => note is null ? 0 : Checkpoint.Parse(note.Text).Size;
}
