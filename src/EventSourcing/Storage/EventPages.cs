using System.Runtime.CompilerServices;

namespace EventSourcing.Storage;

/// <summary>The only way in which the library reads more than one page of a storage: page after page, in either direction.</summary>
internal static class EventPages
{
    /// <summary>The event at a position: a page of one, or an empty one if there is no such event.</summary>
    public static ValueTask<EventPage> ReadAtAsync(
        this IEventStorage storage, long position, CancellationToken cancellationToken, bool withSeal = false) =>
        storage.ReadLogAsync(At(position, withSeal), cancellationToken);

    /// <summary>A read of only the event at a position.</summary>
    public static LogRead At(long position, bool withSeal = false) =>
        new() { After = position - 1, UpTo = position, Limit = 1, WithSeals = withSeal };

    /// <summary>The pages of a range of the log. Each is disposed when the next one is asked for.</summary>
    /// <param name="storage">The storage.</param>
    /// <param name="read">The range, and the most events in one page.</param>
    /// <param name="cancellationToken">Ends the read.</param>
    /// <param name="scope">How events appended meanwhile are treated.</param>
    public static IAsyncEnumerable<EventPage> PagesAsync(
        this IEventStorage storage, LogRead read, CancellationToken cancellationToken, PageScope scope = default) =>
        InTurnAsync(storage, read, scope, cancellationToken);

    /// <summary>The same, with at most a number of events in all, and the next page read while the caller is at one.</summary>
    public static IAsyncEnumerable<EventPage> PagesAheadAsync(
        this IEventStorage storage, LogRead read, long limit, CancellationToken cancellationToken) =>
        AheadAsync(read, (of, count) => storage.ReadLogAsync(of with { Limit = count }, cancellationToken), RestOf, read.Limit, limit);

    /// <summary>The pages of a range of a stream. Each is disposed when the next one is asked for.</summary>
    /// <param name="storage">The storage.</param>
    /// <param name="read">The range, and the most events in one page.</param>
    /// <param name="cancellationToken">Ends the read.</param>
    /// <param name="scope">How events appended meanwhile are treated.</param>
    public static IAsyncEnumerable<EventPage> PagesAsync(
        this IEventStorage storage, StreamRead read, CancellationToken cancellationToken, PageScope scope = default) =>
        InTurnAsync(storage, read, scope, cancellationToken);

    /// <summary>The same, with at most a number of events in all, and the next page read while the caller is at one.</summary>
    public static IAsyncEnumerable<EventPage> PagesAheadAsync(
        this IEventStorage storage, StreamRead read, long limit, CancellationToken cancellationToken) =>
        AheadAsync(read, (of, count) => storage.ReadStreamAsync(of with { Limit = count }, cancellationToken), RestOf, read.Limit, limit);

    /// <summary>The rest of a range after one of its pages.</summary>
    public static LogRead RestOf(LogRead read, EventPage page) =>
        read.Direction == ReadDirection.Forwards ? read with { After = page.Next } : read with { UpTo = page.Next };

    /// <summary>The rest of a range after one of its pages.</summary>
    public static StreamRead RestOf(StreamRead read, EventPage page) =>
        read.Direction == ReadDirection.Forwards ? read with { After = page.Next } : read with { UpTo = page.Next };

    private static async IAsyncEnumerable<EventPage> InTurnAsync(
        IEventStorage storage, LogRead read, PageScope scope, [EnumeratorCancellation] CancellationToken cancellationToken)
    {
        while (true)
        {
            using var page = await storage.ReadLogAsync(read, cancellationToken).ConfigureAwait(false);
            yield return page;
            if (page.IsEnd) yield break;
            read = RestOf(scope == PageScope.OneView ? read with { UpTo = Math.Min(read.UpTo, page.Head) } : read, page);
        }
    }

    private static async IAsyncEnumerable<EventPage> InTurnAsync(
        IEventStorage storage, StreamRead read, PageScope scope, [EnumeratorCancellation] CancellationToken cancellationToken)
    {
        while (true)
        {
            using var page = await storage.ReadStreamAsync(read, cancellationToken).ConfigureAwait(false);
            yield return page;
            if (page.IsEnd) yield break;
            read = RestOf(scope == PageScope.OneView ? read with { UpTo = Math.Min(read.UpTo, page.Head) } : read, page);
        }
    }

    /// <summary>
    /// While the caller processes one page, the next is read on another core, because decoding costs more than reading. At most
    /// one page is read ahead. After a full page the next one may be twice as long, because each page costs a statement and a round trip
    /// if the storage is on another machine.
    /// </summary>
    private static async IAsyncEnumerable<EventPage> AheadAsync<TRead>(
        TRead read, Func<TRead, int, ValueTask<EventPage>> readPage, Func<TRead, EventPage, TRead> restOf, int pageLimit, long limit)
    {
        var page = await readPage(read, PageLimit()).ConfigureAwait(false);
        Task<EventPage>? ahead = null;
        try
        {
            while (true)
            {
                limit -= page.Count;
                if (!page.IsEnd && limit > 0)
                {
                    if (page.Count == pageLimit) pageLimit = Math.Max(pageLimit, Math.Min(2 * pageLimit, EventPage.LargestRead));
                    read = restOf(read, page);
                    var (next, count) = (read, PageLimit());
                    ahead = Task.Run(() => readPage(next, count).AsTask());
                }

                using (page) yield return page;
                if (ahead is null) yield break;
                page = await ahead.ConfigureAwait(false);
                ahead = null;
            }
        }
        finally
        {
            // The caller has left early: the page that was read ahead goes back to the pool.
            if (ahead is not null)
            {
                await ((Task)ahead).ConfigureAwait(ConfigureAwaitOptions.SuppressThrowing);
                if (ahead.IsCompletedSuccessfully) (await ahead.ConfigureAwait(false)).Dispose();
            }
        }

        int PageLimit() => (int)Math.Min(limit, pageLimit);
    }
}
