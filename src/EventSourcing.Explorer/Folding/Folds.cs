using System.Diagnostics.CodeAnalysis;

namespace EventSourcing.Explorer;

/// <summary>
/// The folds that an explorer keeps. If all of them together exceed a limit, the fold that nobody has looked at for the longest time is
/// dropped first. Thread-safe.
/// </summary>
[SuppressMessage("Design", "CA1001", Justification = "Nobody uses the wait handle of the semaphore, so there is nothing to dispose of.")]
internal sealed class Folds(CancellationToken stopping)
{
    private const long MostBytes = 8 * 1024 * 1024;
    private const int MostFolds = 64;
    private const int MostAtOnce = 2;
    private readonly Lock _lock = new();
    private readonly SemaphoreSlim _slots = new(MostAtOnce);
    private readonly LinkedList<(FoldKey Key, Fold Fold)> _newestFirst = [];

    /// <summary>Looks at a state at a position.</summary>
    /// <param name="page">The request.</param>
    /// <param name="key">Names the state.</param>
    /// <param name="open">Opens the history of the state.</param>
    /// <param name="upTo">The position, at most the head.</param>
    /// <param name="stepsUpTo">The position of the newest event to list, at most <paramref name="upTo"/>.</param>
    /// <param name="isAsked">Whether the fold may go on by itself after this request.</param>
    /// <param name="pages">How many pages of events this request may read itself.</param>
    public async Task<FoldView> LookAsync(
        PageContext page, FoldKey key, Func<HistoryReader> open, long upTo, long stepsUpTo, bool isAsked, int pages)
    {
        var erasures = await page.Store.GetVersionAsync(PayloadsErased.StreamName, page.Aborted).ConfigureAwait(false);
        var fold = Find(key, open, upTo, erasures);
        var view = await fold.LookAsync(upTo, stepsUpTo, isAsked, pages, _slots, page.Aborted).ConfigureAwait(false);
        lock (_lock) Trim(fold);
        return view;
    }

    /// <summary>Stops a fold that runs, or lets a stopped one go on when somebody looks at it next.</summary>
    public void Order(FoldKey key, bool isStop)
    {
        lock (_lock)
        {
            foreach (var (known, fold) in _newestFirst)
            {
                if (known != key) continue;
                if (isStop) fold.Stop();
                else fold.GoOn();
            }
        }
    }

    private Fold Find(FoldKey key, Func<HistoryReader> open, long upTo, long erasures)
    {
        lock (_lock)
        {
            for (var node = _newestFirst.First; node is not null;)
            {
                var (at, next) = (node, node.Next);
                var isOutdated = ReferenceEquals(at.Value.Key.Store, key.Store) && at.Value.Fold.Erasures != erasures;
                var isSought = at.Value.Key == key;
                node = next;
                if (!isOutdated && !isSought) continue;
                _newestFirst.Remove(at);
                if (isSought && !isOutdated && at.Value.Fold.Reaches(upTo))
                {
                    _newestFirst.AddFirst(at);
                    return at.Value.Fold;
                }

                at.Value.Fold.Dispose();
            }

            var fold = new Fold(open(), erasures, key.Store.Storage.Options.TimeProvider, stopping);
            _newestFirst.AddFirst((key, fold));
            return fold;
        }
    }

    private void Trim(Fold used)
    {
        var bytes = _newestFirst.Sum(kept => kept.Fold.Bytes);
        for (var node = _newestFirst.Last; node is not null && (bytes > MostBytes || _newestFirst.Count > MostFolds);)
        {
            var (at, previous) = (node, node.Previous);
            node = previous;
            if (at.Value.Fold == used || at.Value.Fold.IsRunning) continue;
            bytes -= at.Value.Fold.Bytes;
            _newestFirst.Remove(at);
            at.Value.Fold.Dispose();
        }
    }
}
