using System.Globalization;

namespace EventSourcing.Operations;

/// <summary>Copies the log of one storage into another, of whatever kind the two are.</summary>
public static class LogTransfer
{
    /// <summary>The most events in one commit of the target.</summary>
    private const int MaxBatch = 5_000;

    /// <summary>
    /// Copies the log into another storage: ids, positions, versions, stamps, data, metadata, tags, seals and erasures, so that the target
    /// has the same Merkle tree, and every proof and signed checkpoint holds for the target too. The target must be empty, or hold the
    /// beginning of this log. In the second case, the transfer goes on from the place at which the last one stopped.
    /// </summary>
    /// <remarks>
    /// <para>The log is copied up to the end that it has when the transfer begins, and may be appended to meanwhile. Transfer again
    /// to follow it; only what is new is copied. What was erased here since the last transfer is erased there too, together with
    /// its record. Stop the writers before the last transfer, and let them write to the target only.</para>
    /// <para>Events are stored in batches, each whole or not at all. Before a batch is stored, its leaves are computed anew and
    /// compared with the tree of the source, so that nothing damaged is passed on. If the transfer is interrupted, call it
    /// again.</para>
    /// <para>Read models and snapshots are not copied: projections build them from the log.</para>
    /// </remarks>
    /// <param name="source">The storage to copy from; it may be opened read-only.</param>
    /// <param name="target">The storage to copy to. Its limits must allow the events.</param>
    /// <param name="progress">Is told the position up to which the target holds the log, after each batch.</param>
    /// <param name="cancellationToken">Ends the transfer between two batches; what was stored stays.</param>
    /// <returns>What was copied, and the root at its end.</returns>
    /// <exception cref="LogMismatchException">What the target holds is not the beginning of this log; nothing was written.</exception>
    /// <exception cref="StoreCorruptedException">Events of the source do not agree with its tree; their batch was not written.</exception>
    /// <exception cref="ArgumentException">An event is beyond the limits of the target; its batch was not written.</exception>
    /// <exception cref="ImportRefusedException">Somebody else appended to the target meanwhile; the batch was not written.</exception>
    /// <exception cref="StoreReadOnlyException">The target was opened read-only.</exception>
    public static async Task<LogTransferResult> TransferToAsync(
        this IEventStorage source, IEventStorage target, IProgress<long>? progress = null, CancellationToken cancellationToken = default)
    {
        ArgumentNullException.ThrowIfNull(source);
        ArgumentNullException.ThrowIfNull(target);
        if (target.IsReadOnly) throw new StoreReadOnlyException("take the events of another log");

        // An event that the source may still lose must not outlive it in the target.
        if (!source.IsReadOnly) await source.Ledger.SyncAsync(cancellationToken).ConfigureAwait(false);
        var head = await source.GetHeadAsync(cancellationToken).ConfigureAwait(false);
        var tree = await target.Ledger.GetFrontierAsync(cancellationToken).ConfigureAwait(false);
        var after = tree.Size;
        var sourceRoot = after > head ? (MerkleHash?)null : await RootAsync(source, after, cancellationToken).ConfigureAwait(false);
        if (sourceRoot != tree.Root()) throw new LogMismatchException(after, head, tree.Root(), sourceRoot);

        await CopyAsync(source, target, head, tree, progress, cancellationToken).ConfigureAwait(false);
        return new LogTransferResult(after, tree.Size, tree.Root());
    }

    /// <summary>Copies the events after those of the tree. While the target stores a batch, the next one is read and checked.</summary>
    private static async Task CopyAsync(
        IEventStorage source,
        IEventStorage target,
        long head,
        MerkleFrontier tree,
        IProgress<long>? progress,
        CancellationToken cancellationToken)
    {
        using var hasher = new LedgerHasher();
        var limit = Math.Min(MaxBatch, target.Options.Limits.MaxEventsPerAppend);
        var storing = Task.CompletedTask;
        try
        {
            while (tree.Size < head)
            {
                var read = new LogRead
                {
                    After = tree.Size, UpTo = head, WithSeals = true, Limit = (int)Math.Min(limit, head - tree.Size),
                };
                var page = await source.ReadLogAsync(read, cancellationToken).ConfigureAwait(false);
                try
                {
                    await CheckAsync(source, page, tree, hasher, cancellationToken).ConfigureAwait(false);
                    await storing.ConfigureAwait(false);
                }
                catch
                {
                    page.Dispose();
                    throw;
                }

                var upTo = tree.Size;
                storing = Task.Run(() => StoreAsync(target, page, upTo, progress, cancellationToken), CancellationToken.None);
            }
        }
        finally
        {
            // Whatever else has failed: the target is left alone only once the batch before is stored or refused.
            await storing.ConfigureAwait(false);
        }
    }

    private static async Task StoreAsync(
        IEventStorage target, EventPage page, long upTo, IProgress<long>? progress, CancellationToken cancellationToken)
    {
        using (page) await target.ImportAsync(new ImportRequest(page.Events.ToArray()), cancellationToken).ConfigureAwait(false);
        progress?.Report(upTo);
    }

    /// <summary>Adds the leaves of a page to the tree, and compares it with that of the source.</summary>
    private static async ValueTask CheckAsync(
        IEventStorage source, EventPage page, MerkleFrontier tree, LedgerHasher hasher, CancellationToken cancellationToken)
    {
        if (page.Count == 0)
            throw Damaged(source, string.Create(CultureInfo.InvariantCulture, $"the log has no event at position {tree.Size + 1}."));
        foreach (ref readonly var e in page.Events)
        {
            if (e.Position != tree.Size + 1)
                throw Damaged(source, string.Create(CultureInfo.InvariantCulture, $"the log has no event at position {tree.Size + 1}."));
            tree.Append(e.HashLeaf(hasher), completed: null, hasher);
        }

        if (await RootAsync(source, tree.Size, cancellationToken).ConfigureAwait(false) != tree.Root())
        {
            var first = tree.Size - page.Count + 1;
            throw Damaged(source, string.Create(
                CultureInfo.InvariantCulture,
                $"the events at positions {first} to {tree.Size} do not have the leaves that its tree has. "
                + $"Ledger.VerifyAsync tells which was changed."));
        }
    }

    private static async ValueTask<MerkleHash> RootAsync(IEventStorage storage, long size, CancellationToken cancellationToken) =>
        (await MerkleFrontier.ReadAsync(storage.Ledger, size, cancellationToken).ConfigureAwait(false)).Root();

    private static StoreCorruptedException Damaged(IEventStorage source, string finding) => new(source.GetType().Name, finding);
}
