namespace EventSourcing;

/// <summary>
/// Identifies the log that a position belongs to, so that a read model never goes on beside another log. The event at the position is noted
/// with each commit: if a log was set back and has grown again, it has another event there. The tree's root covers everything before it. It
/// costs more, so it is noted anew only every thousand positions.
/// </summary>
/// <param name="Event">The id of the event at the position.</param>
/// <param name="Size">A size that the log has had.</param>
/// <param name="Root">The root of the Merkle tree of that size, in hexadecimal digits.</param>
internal sealed record LogIdentity(Guid Event, long Size, string Root)
{
    private const long PositionsBetweenRoots = 1_000;

    /// <summary>Reads a page of the log, of a store or within an append.</summary>
    public delegate ValueTask<EventPage> ReadLog(LogRead read, CancellationToken cancellationToken);

    /// <summary>Before the first event; every log begins like this.</summary>
    public static LogIdentity OfNothing { get; } = new(Guid.Empty, 0, MerkleTree.EmptyRoot.ToString());

    /// <summary>What is to be noted with a position.</summary>
    /// <param name="store">The store.</param>
    /// <param name="before">What was noted last.</param>
    /// <param name="position">The position, at most the log's head.</param>
    /// <param name="seen">An event that was read; usually the one at the position.</param>
    /// <param name="cancellationToken">Cancels the reads.</param>
    /// <param name="isLast">Whether no other commit is expected soon, so that this one is worth a root of its own.</param>
    public static async ValueTask<LogIdentity?> AtAsync(
        EventStore store,
        RunRecord before,
        long position,
        (long Position, Guid Id) seen,
        CancellationToken cancellationToken,
        bool isLast = false)
    {
        if (position == before.Position && (!isLast || before.Log?.Size >= position)) return before.Log;
        if (position == 0) return null;
        var found = seen.Position == position
            ? seen.Id
            : await EventAtAsync(store.Storage.ReadLogAsync, position, cancellationToken).ConfigureAwait(false);
        if (found is not { } id) return null;
        if (!isLast && before.Log is { } known && position - known.Size < PositionsBetweenRoots) return known with { Event = id };
        var frontier = await store.Storage.Ledger.GetFrontierAsync(cancellationToken).ConfigureAwait(false);
        return new LogIdentity(id, frontier.Size, frontier.Root().ToString());
    }

    /// <summary>Throws if a run's position belongs to another log than the store's.</summary>
    /// <param name="store">The store.</param>
    /// <param name="projection">The projection of the run.</param>
    /// <param name="run">The run. If it was stored before logs were noted, it passes.</param>
    /// <param name="cancellationToken">Cancels the reads.</param>
    /// <exception cref="ReadModelOfAnotherLogException">The position belongs to another log.</exception>
    public static async ValueTask CheckAsync(EventStore store, string projection, RunRecord run, CancellationToken cancellationToken)
    {
        if (run.Log is not { } log) return;
        var head = await store.Storage.GetHeadAsync(cancellationToken).ConfigureAwait(false);
        ThrowIfAhead(projection, run, head);
        await CheckEventAsync(store.Storage.ReadLogAsync, projection, run, cancellationToken).ConfigureAwait(false);
        var frontier = await MerkleFrontier.ReadAsync(store.Storage.Ledger, log.Size, cancellationToken).ConfigureAwait(false);
        var root = frontier.Root().ToString();
        if (root == log.Root) return;
        throw new ReadModelOfAnotherLogException(
            projection,
            run.Position,
            $"it has seen the log of {log.Size} events with the root {log.Root}, and this one has the root {root}");
    }

    /// <summary>Throws if a run has seen more events than the log has: it would seem to be level at once, and for ever.</summary>
    public static void ThrowIfAhead(string projection, RunRecord run, long head)
    {
        var seen = Math.Max(run.Position, run.Log?.Size ?? 0);
        if (seen <= head) return;
        throw new ReadModelOfAnotherLogException(projection, run.Position, $"it has seen a log of {seen} events, and this one has {head}");
    }

    /// <summary>
    /// Throws if the event at a run's position differs from the one that the run has seen there. The log must reach the position.
    /// </summary>
    /// <param name="read">Reads the log.</param>
    /// <param name="projection">The projection of the run.</param>
    /// <param name="run">The run.</param>
    /// <param name="cancellationToken">Cancels the read.</param>
    public static async ValueTask CheckEventAsync(ReadLog read, string projection, RunRecord run, CancellationToken cancellationToken)
    {
        if (run.Log is not { } log) return;
        var id = await EventAtAsync(read, run.Position, cancellationToken).ConfigureAwait(false);
        if (id == log.Event) return;
        throw new ReadModelOfAnotherLogException(
            projection, run.Position, $"it has seen the event {log.Event} at position {run.Position}, where the log has {id}");
    }

    private static async ValueTask<Guid?> EventAtAsync(ReadLog read, long position, CancellationToken cancellationToken)
    {
        using var page = await read(EventPages.At(position), cancellationToken).ConfigureAwait(false);
        return page.Count == 1 ? page.Events[0].Id : null;
    }
}
