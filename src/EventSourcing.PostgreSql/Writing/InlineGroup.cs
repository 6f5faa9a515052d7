namespace EventSourcing;

/// <summary>
/// Commits appends with read models together. Each is decided, and the app's code is run, as if it were alone: it sees what those before
/// it have written in the same transaction. They share the lock and the commit, which cost more than the rest. Only the leader of the
/// group commit uses it.
/// </summary>
internal sealed class InlineGroup(
    WriteConnection writer, GroupRows rows, GroupDecider decider, RowWriter rowWriter, InlineReadModels inline, StoreNames names)
{
    /// <summary>
    /// How long a transaction goes on to take further appends, in milliseconds: other processes wait for the lock meanwhile.
    /// </summary>
    private const int TakesFor = 50;

    /// <summary>Commits the first appends of a group.</summary>
    /// <param name="group">The appends.</param>
    /// <returns>
    /// How many have their result, and whether the next one must be committed alone, since it runs SQL of the app, or makes or removes read
    /// models.
    /// </returns>
    public async ValueTask<(int Done, bool IsNextAlone)> CommitAsync(List<AppendWork> group)
    {
        await decider.InternTypesAsync(group).ConfigureAwait(false);
        var written = new List<UncommittedRows>(group.Count);
        var (done, isNextAlone, isAnyStored) = (0, false, false);
        var began = Environment.TickCount64;
        while (done < group.Count && (done == 0 || Environment.TickCount64 - began < TakesFor))
        {
            var work = group[done];
            await ReadFactsAsync(work, isFirst: done == 0).ConfigureAwait(false);
            var decision = decider.Decide(work, isToAdd: false);
            isAnyStored |= decider.IsAnyStored;
            if (decision.IsToWrite && !await TryWriteAsync(work, decision, written).ConfigureAwait(false))
            {
                isNextAlone = true;
                break;
            }

            done++;
        }

        var ended = group.GetRange(0, done);
        if (written.Count > 0)
        {
            await rowWriter.CommitAsync(ended, written).ConfigureAwait(false);
        }
        else
        {
            decider.IsAnyStored = isAnyStored;
            await rowWriter.EndWithoutRowsAsync(ended).ConfigureAwait(false);
        }

        foreach (var work in ended) work.Complete();
        return (done, isNextAlone);
    }

    /// <summary>Reads what an append is decided on: all that is committed, and what those before it have written.</summary>
    private async ValueTask ReadFactsAsync(AppendWork work, bool isFirst)
    {
        decider.Begin(isCertain: true);
        var batch = writer.BatchFor([work]);
        await using (batch.ConfigureAwait(false))
        {
            var results = isFirst ? rowWriter.BeginUnderLock(batch, withModels: true) : 0;
            await decider.Reader.ReadAsync(batch, results, [work]).ConfigureAwait(false);
        }
    }

    /// <summary>
    /// Runs the app's code, and writes the rows and what the code wants written. If the code refuses, nothing of the append is written.
    /// </summary>
    /// <returns>Whether that is done; false if the append must be committed alone, and nothing of it is written.</returns>
    private async ValueTask<bool> TryWriteAsync(AppendWork work, AppendDecision decision, List<UncommittedRows> written)
    {
        // An earlier attempt had this lock before it could commit. It has ended, and was not committed.
        work.SettleOutcome();
        rows.Add(work.Request, decider.Facts.EndOf, names);
        var last = writer.BatchFor([work]);
        await using (last.ConfigureAwait(false))
        {
            var change = await inline.ChangeAsync(work, decision.Preview(work.Request), last, isShared: true).ConfigureAwait(false);
            if (change.MustBeAlone) return false;
            if (change.Error is { } error) work.Refuse(error);
            else written.Add(await rowWriter.AppendAsync(work, last).ConfigureAwait(false));
            return true;
        }
    }
}
