namespace EventSourcing;

/// <summary>
/// Checks conditions before their append has the write lock, against the log as it is by then: a check that may have to walk
/// past millions of events must not keep other appends waiting. Under the lock, only events that were appended since are
/// checked. Both together are exact, since events are never removed and the parts that a query looks at never change.
/// </summary>
internal static class ConditionScout
{
    /// <summary>How many events may be left to check under the lock: that takes well under a millisecond.</summary>
    private const long LeftForLock = 1_000;

    /// <summary>How many events are checked in one read. Checkpoints wait for reads, and appends for checkpoints.</summary>
    private const long Window = 10_000;

    /// <summary>What is known of each condition; null if no condition needs the check.</summary>
    public static async ValueTask<ScoutedCondition[]?> LookAsync(
        SqliteEventStorage storage, AppendRequest request, CancellationToken cancellationToken)
    {
        ScoutedCondition[]? found = null;
        for (var i = 0; i < request.Conditions.Count; i++)
        {
            var condition = request.Conditions[i];
            if (IndexedQuery.IsBySeeksOnly(condition.Query)) continue;
            var known = await LookAsync(storage, condition, cancellationToken).ConfigureAwait(false);
            if (known == default) continue;
            found ??= new ScoutedCondition[request.Conditions.Count];
            found[i] = known;
        }

        return found;
    }

    private static async ValueTask<ScoutedCondition> LookAsync(
        SqliteEventStorage storage, AppendCondition condition, CancellationToken cancellationToken)
    {
        for (var known = default(ScoutedCondition); ;)
        {
            var (position, upTo, isEnd) = await storage.ReadAsync(
                (condition.Query, After: Math.Max(condition.After, known.UpTo)), Look, cancellationToken).ConfigureAwait(false);
            if (upTo > 0) known = new ScoutedCondition(upTo, position);
            if (position > 0 || isEnd) return known;

            // The caller's thread may be needed elsewhere.
            await Task.Yield();
        }
    }

    private static (long Position, long UpTo, bool IsEnd) Look(Database database, (EventQuery Query, long After) of)
    {
        var head = LogReader.ReadHead(database);
        if (head - of.After <= LeftForLock) return (0, 0, IsEnd: true);

        // A condition on the streams of a prefix takes microseconds, however long the log is.
        var isDirect = of.Query.Items.All(item => item.StreamPrefix is not null && item.Tags.Count == 0 && item.Types.Count == 0
            && PrefixPositions.From(database, item, ReadDirection.Forwards) is not null);
        var upTo = isDirect ? head : Math.Min(head, of.After + Window);
        if (upTo < head) LogReader.ThrowIfMissing(database, upTo);
        return (LogReader.FirstMatch(database, of.Query, of.After, upTo), upTo, IsEnd: upTo == head);
    }
}

/// <summary>What is known of a condition before its append.</summary>
/// <param name="UpTo">The position up to which the log was checked; 0 if it was not.</param>
/// <param name="Match">The position of the first match; 0 if there is none up to there.</param>
internal readonly record struct ScoutedCondition(long UpTo, long Match);
