using System.CommandLine;

namespace EventSourcing.Tool;

/// <summary><c>tail STORE</c></summary>
internal static class TailCommand
{
    private const long Shown = 10;

    public static Command Create(Evs evs)
    {
        var store = Arguments.Store();
        var after = Arguments.NumberOption(
            "--after", "Begins after this position: give the last one that you have seen, and nothing is missed or repeated.");
        var limit = Arguments.NumberOption("--limit", "Ends after so many events.", least: 1);
        var filter = new EventFilterOptions();
        var command = new Command("tail", "Prints the last 10 events of the log, then each new one, until Ctrl+C.") { store, after, limit };
        filter.AddTo(command);
        command.SetAction(async (parsed, cancellationToken) =>
        {
            var screen = evs.ScreenOf(parsed);
            await using var opened = await evs.StoreOf(parsed, store).OpenToReadAsync(cancellationToken);
            await filter.RemarkOnUnknownTypesAsync(parsed, screen, opened, cancellationToken);
            var query = filter.In(parsed);
            var from = parsed.GetValue(after) ?? await BeforeLastAsync(opened, query, cancellationToken);
            await FollowAsync(screen, opened, query, from, parsed.GetValue(limit) ?? long.MaxValue, cancellationToken);
            return ExitCode.Done;
        });
        return command;
    }

    /// <summary>The position after which there are as many events as are shown at first.</summary>
    private static async Task<long> BeforeLastAsync(EventStore store, EventQuery query, CancellationToken cancellationToken)
    {
        var first = await store.GetHeadAsync(cancellationToken) + 1;
        var last = new EventSelection { Filter = query, Backwards = true, Limit = Shown };
        await last.ForEachAsync(
            store, (in StoredEvent stored) => first = Math.Min(first, stored.Position), static () => { }, cancellationToken);
        return first - 1;
    }

    private static async Task FollowAsync(
        Screen screen, EventStore store, EventQuery query, long after, long limit, CancellationToken cancellationToken)
    {
        var lines = new EventLines(screen, await store.GetHeadAsync(cancellationToken));
        while (limit > 0)
        {
            // One page is one snapshot: what is after it is found by the next.
            using (var page = await store.Storage.ReadLogAsync(
                new LogRead { After = after, Filter = query, Limit = (int)Math.Min(EventPage.DefaultLimit, limit) }, cancellationToken))
            {
                foreach (ref readonly var stored in page.Events) lines.Print(in stored);
                limit -= page.Count;
                after = page.Next;
                screen.Flush();
                if (!page.IsEnd) continue;
                after = Math.Max(after, page.Head);
            }

            if (limit > 0) await store.Storage.WaitForEventsAsync(after, cancellationToken);
        }
    }
}
