using System.Runtime.CompilerServices;

namespace EventSourcing;

/// <summary>
/// Follows the log from a position for ever: catches up in pages, then waits to be woken. Catch-up and live are one
/// loop over one cursor, so there is no hand-over at which an event could be lost or repeated.
/// </summary>
internal static class LogFollower
{
    /// <summary>
    /// The pages after a position, without end. A page may be empty: its <see cref="EventPage.Next"/> then moved past
    /// events that the filter left out. Each page is disposed when the next is asked for.
    /// </summary>
    public static async IAsyncEnumerable<EventPage> FollowAsync(
        IEventStorage storage, long after, EventQuery filter, [EnumeratorCancellation] CancellationToken cancellationToken)
    {
        var read = new LogRead { After = after, Filter = filter };
        while (true)
        {
            await storage.WaitForEventsAsync(read.After, cancellationToken).ConfigureAwait(false);
            using var page = await storage.ReadLogAsync(read, cancellationToken).ConfigureAwait(false);
            yield return page;
            read = read with { After = page.Next };
        }
    }
}
