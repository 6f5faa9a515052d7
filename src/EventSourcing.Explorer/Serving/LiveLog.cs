using System.Text;
using Microsoft.AspNetCore.Http;

namespace EventSourcing.Explorer;

/// <summary>
/// The log as it grows, by server-sent events. It is woken when something is appended, and looks at most a few times a second, at no more
/// than the newest events: an open page costs the same however fast the log grows, and no read stays open while it waits.
/// </summary>
internal static class LiveLog
{
    private const int MostRows = 40;

    private static readonly TimeSpan Pause = TimeSpan.FromMilliseconds(300);
    private static readonly TimeSpan SignOfLife = TimeSpan.FromSeconds(15);

    public static async Task StreamAsync(HttpContext http, PageContext page)
    {
        using var ended = CancellationTokenSource.CreateLinkedTokenSource(page.Aborted, page.Explorer.Stopping);
        var last = await page.Store.GetHeadAsync(ended.Token).ConfigureAwait(false);
        var filter = LogPage.FilterOf(page);
        var after = long.TryParse(http.Request.Headers["Last-Event-ID"], out var seen) ? seen : page.FindNumber("after") ?? last;
        last = Math.Min(last, after);
        http.Response.ContentType = "text/event-stream";
        await SendAsync(http, ": here\nretry: 2000\n\n", ended.Token).ConfigureAwait(false);
        try
        {
            while (true)
            {
                if (!await HasGrownAsync(page.Store.Storage, last, ended.Token).ConfigureAwait(false))
                {
                    await SendAsync(http, ": alive\n\n", ended.Token).ConfigureAwait(false);
                    continue;
                }

                var (text, head) = await RowsAsync(page, filter, last).ConfigureAwait(false);
                last = head;
                if (text.Length > 0) await SendAsync(http, text, ended.Token).ConfigureAwait(false);
                await Task.Delay(Pause, ended.Token).ConfigureAwait(false);
            }
        }
        catch (OperationCanceledException) when (ended.IsCancellationRequested)
        {
            // The browser has gone, or the app ends: the browser connects again by itself.
        }
        catch (ObjectDisposedException)
        {
            // The store was closed before the app: nothing more will come.
        }
    }

    private static async Task<bool> HasGrownAsync(IEventStorage storage, long last, CancellationToken cancellationToken)
    {
        using var wait = CancellationTokenSource.CreateLinkedTokenSource(cancellationToken);
        wait.CancelAfter(SignOfLife);
        try
        {
            await storage.WaitForEventsAsync(last, wait.Token).ConfigureAwait(false);
            return true;
        }
        catch (OperationCanceledException) when (!cancellationToken.IsCancellationRequested)
        {
            return false;
        }
    }

    /// <summary>The newest matching events after a position, as rows of the table, and the head that was read up to.</summary>
    private static async Task<(string Text, long Head)> RowsAsync(PageContext page, EventQuery filter, long after)
    {
        var read = new LogRead { After = after, Direction = ReadDirection.Backwards, Filter = filter, Limit = MostRows };
        using var found = await page.Store.Storage.ReadLogAsync(read, page.Aborted).ConfigureAwait(false);
        if (found.Count == 0) return ("", found.Head);
        var rows = Parts.EventTable("").Body(ListedEvent.Of(found, page.Payloads)).ToString();
        var text = new StringBuilder("event: rows\n");
        text.Append("id: ").Append(Parts.Text(found.Head)).Append('\n');
        foreach (var line in rows.Split('\n')) text.Append("data: ").Append(line).Append('\n');
        text.Append('\n');
        text.Append("event: head\ndata: ").Append(Parts.Text(found.Head)).Append(found.IsEnd ? "" : " more").Append("\n\n");
        return (text.ToString(), found.Head);
    }

    private static async Task SendAsync(HttpContext http, string text, CancellationToken cancellationToken)
    {
        await http.Response.WriteAsync(text, cancellationToken).ConfigureAwait(false);
        await http.Response.Body.FlushAsync(cancellationToken).ConfigureAwait(false);
    }
}
