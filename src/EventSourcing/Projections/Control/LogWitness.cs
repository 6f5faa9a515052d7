namespace EventSourcing;

/// <summary>
/// Ties checkpoints to the log that they are of. Which event stands at the checkpoint is noted with each commit: a log that
/// was set back and has grown again has another one there. The tree's root, which covers all that comes before, costs more
/// and is noted anew only every thousand positions.
/// </summary>
internal static class LogWitness
{
    private const long PositionsBetweenRoots = 1_000;

    /// <summary>Reads a page of the log, of a store or within an append.</summary>
    public delegate ValueTask<EventPage> ReadLog(LogRead read, CancellationToken cancellationToken);

    /// <summary>What a checkpoint at a position is to say.</summary>
    /// <param name="store">The store.</param>
    /// <param name="before">The checkpoint before.</param>
    /// <param name="position">The position, at most the log's head.</param>
    /// <param name="seen">An event that was read, which most often is the one at the position.</param>
    /// <param name="cancellationToken">Cancels the reads.</param>
    /// <param name="isLast">Whether no other checkpoint is to come soon, so that it is worth a root of its own.</param>
    public static async ValueTask<LogMark?> MarkAsync(EventStore store, RunRecord before, long position, (long Position, Guid Id) seen, CancellationToken cancellationToken, bool isLast = false)
    {
        if (position == before.Position && (!isLast || before.Log?.Size >= position)) return before.Log;
        if (position == 0) return null;
        if ((seen.Position == position ? seen.Id : await EventAtAsync(store.Storage.ReadLogAsync, position, cancellationToken).ConfigureAwait(false)) is not { } id) return null;
        if (!isLast && before.Log is { } known && position - known.Size < PositionsBetweenRoots) return known with { Event = id };
        var frontier = await store.Storage.Ledger.GetFrontierAsync(cancellationToken).ConfigureAwait(false);
        return new LogMark(id, frontier.Size, frontier.Root().ToString());
    }

    /// <summary>Throws where the log is not the one that a checkpoint is of.</summary>
    /// <param name="store">The store.</param>
    /// <param name="projection">Whose checkpoint it is.</param>
    /// <param name="run">The checkpoint; one of a version of this library that did not know marks passes.</param>
    /// <param name="cancellationToken">Cancels the reads.</param>
    /// <exception cref="ReadModelOfAnotherLogException">It is not.</exception>
    public static async ValueTask CheckAsync(EventStore store, string projection, RunRecord run, CancellationToken cancellationToken)
    {
        if (run.Log is not { } mark) return;
        var head = await store.Storage.GetHeadAsync(cancellationToken).ConfigureAwait(false);
        ThrowIfAhead(projection, run, head);
        await CheckEventAsync(store.Storage.ReadLogAsync, projection, run, cancellationToken).ConfigureAwait(false);
        var root = (await MerkleFrontier.ReadAsync(store.Storage.Ledger, mark.Size, cancellationToken).ConfigureAwait(false)).Root().ToString();
        if (root != mark.Root)
            throw new ReadModelOfAnotherLogException(projection, run.Position, $"it has seen the log of {mark.Size} events with the root {mark.Root}, and this one has the root {root}");
    }

    /// <summary>Throws where a checkpoint has seen more than the log has: it would seem to be level at once, and for ever.</summary>
    public static void ThrowIfAhead(string projection, RunRecord run, long head)
    {
        var seen = Math.Max(run.Position, run.Log?.Size ?? 0);
        if (seen > head) throw new ReadModelOfAnotherLogException(projection, run.Position, $"it has seen a log of {seen} events, and this one has {head}");
    }

    /// <summary>Throws where another event stands at a checkpoint than it has seen there; the log must reach that far.</summary>
    /// <param name="read">Reads the log.</param>
    /// <param name="projection">Whose checkpoint it is.</param>
    /// <param name="run">The checkpoint.</param>
    /// <param name="cancellationToken">Cancels the read.</param>
    public static async ValueTask CheckEventAsync(ReadLog read, string projection, RunRecord run, CancellationToken cancellationToken)
    {
        if (run.Log is not { } mark) return;
        var id = await EventAtAsync(read, run.Position, cancellationToken).ConfigureAwait(false);
        if (id != mark.Event)
            throw new ReadModelOfAnotherLogException(projection, run.Position, $"it has seen the event {mark.Event} at position {run.Position}, where the log has {id}");
    }

    private static async ValueTask<Guid?> EventAtAsync(ReadLog read, long position, CancellationToken cancellationToken)
    {
        using var page = await read(new LogRead { After = position - 1, UpTo = position, Limit = 1 }, cancellationToken).ConfigureAwait(false);
        return page.Count == 1 ? page.Events[0].Id : null;
    }
}
