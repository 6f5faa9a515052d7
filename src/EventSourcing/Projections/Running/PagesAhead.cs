namespace EventSourcing;

/// <summary>The pages of events that a run folds. While it folds one, the next one is read and decoded on another core.</summary>
internal sealed class PagesAhead(LogFeed feed, EventFilter filter, int maxEvents)
{
    private const int MaxBytes = 4 * 1024 * 1024;
    private readonly long _since = feed.SharedReads;
    private Task<FeedPage>? _ahead;

    /// <summary>The events after a position. If that is where the last page ended, they may have been read already.</summary>
    public async ValueTask<FeedPage> NextAsync(long after, CancellationToken stop)
    {
        var ahead = _ahead;
        _ahead = null;
        var page = ahead is null ? null : await ahead.ConfigureAwait(false);
        if (page is null || page.After != after) page = await ReadAsync(after, stop).ConfigureAwait(false);
        if (!page.IsEnd) _ahead = Task.Run(() => ReadAsync(page.Next, stop).AsTask(), CancellationToken.None);
        return page;
    }

    /// <summary>Forgets what was read ahead, and waits until it is no longer being read.</summary>
    public async ValueTask DropAsync()
    {
        if (_ahead is not { } ahead) return;
        _ahead = null;
        await ((Task)ahead).ConfigureAwait(ConfigureAwaitOptions.SuppressThrowing);
    }

    private ValueTask<FeedPage> ReadAsync(long after, CancellationToken stop) =>
        feed.ReadAsync(after, filter, maxEvents, MaxBytes, _since, stop);
}
