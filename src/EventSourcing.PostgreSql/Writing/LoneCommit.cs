namespace EventSourcing;

/// <summary>
/// Commits an erasure, an import, or an append with read models: each has a transaction of its own, in which code of the app may take
/// part. Only the leader of the group commit uses it.
/// </summary>
internal sealed class LoneCommit(
    WriteConnection writer, GroupRows rows, GroupDecider decider, RowWriter rowWriter, InlineReadModels inline, StoreNames names)
{
    /// <summary>Takes the lock, reads the facts, decides, and writes.</summary>
    /// <param name="work">The append.</param>
    /// <param name="looksForIds">
    /// Whether ids are looked up that are new as a rule, namely those of events that bring their places. If one is stored all the same, its
    /// index says so, and all is decided anew.
    /// </param>
    public async ValueTask CommitAsync(AppendWork work, bool looksForIds)
    {
        await decider.InternTypesAsync([work]).ConfigureAwait(false);
        decider.Begin(isCertain: true);
        looksForIds |= work.Import is not { HasPlaces: true } || work.IsOutcomeUnknown;
        var batch = writer.BatchFor([work]);
        await using (batch.ConfigureAwait(false))
        {
            var results = rowWriter.BeginUnderLock(batch, withModels: work.Request.ReadModels is not null);
            await decider.Reader.ReadAsync(batch, results, [work], looksForIds).ConfigureAwait(false);
        }

        if (work.Import is { } import)
        {
            await ImportAsync(work, import, looksForIds).ConfigureAwait(false);
            return;
        }

        var decision = decider.Decide(work, isToAdd: false);
        if (!decision.IsToWrite)
        {
            await rowWriter.EndWithoutRowsAsync([work]).ConfigureAwait(false);
            work.Complete();
            return;
        }

        // An earlier attempt had this lock before it could commit. It has ended, and was not committed.
        work.SettleOutcome();
        var preview = work.Request.ReadModels is null ? null : decision.Preview(work.Request);
        rows.Add(work.Request, decider.Facts.EndOf, names);
        var last = writer.BatchFor([work]);
        await using (last.ConfigureAwait(false))
        {
            var hasAppSql = false;
            if (preview is not null)
            {
                var refusal = await inline.ChangeAsync(work, preview, last, isShared: false).ConfigureAwait(false);
                hasAppSql = refusal.HasAppSql;
                if (refusal.Error is { } error)
                {
                    await writer.RollbackAsync(closes: hasAppSql).ConfigureAwait(false);
                    work.Fail(error);
                    return;
                }
            }

            await rowWriter.AppendAndCommitAsync(
                [work], work.Request.Erase, last, mayPrepare: work.IsInline && !hasAppSql).ConfigureAwait(false);
            work.Complete();
            if (hasAppSql) await writer.ResetAfterAppAsync().ConfigureAwait(false);
        }
    }

    /// <summary>Decides on an import, and writes it.</summary>
    private async ValueTask ImportAsync(AppendWork work, ImportRequest import, bool looksForIds)
    {
        var count = import.Events.Count;
        if (work.IsOutcomeUnknown && decider.Facts.TryFind(import.Events[^1].Id, out var stored))
        {
            // An earlier attempt has stored it, of which this process did not hear.
            work.Outcome = new AppendResult([], stored.Position - count + 1, stored.Position, wasAlreadyStored: false);
            decider.IsAnyStored = true;
        }
        else if (ImportDecision.RefusalOf(import, decider.Facts, decider.Now, looksForIds) is { } refusal)
        {
            work.Refuse(refusal);
        }
        else
        {
            work.SettleOutcome(); // as of any append that has a transaction of its own
            var head = decider.Facts.StoredHead;
            rows.Add(work.Request, decider.Facts.EndOf, names, import);
            foreach (var position in work.Request.Erase)
            {
                if (position > head) rows.Erase((int)(position - head - 1));
            }

            work.Outcome = new AppendResult([], head + 1, head + count, wasAlreadyStored: false);
            await rowWriter.AppendAndCommitAsync([work], work.Request.Erase, last: null).ConfigureAwait(false);
            work.Complete();
            return;
        }

        await rowWriter.EndWithoutRowsAsync([work]).ConfigureAwait(false);
        work.Complete();
    }
}
