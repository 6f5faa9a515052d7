namespace EventSourcing.Storage;

/// <summary>
/// The content of a store in memory, read under the storage's commit lock. The names are sorted when they are first asked for,
/// and new ones are merged on each call, so that appends pay nothing for it.
/// </summary>
internal sealed class InMemoryCatalog(Lock commitLock, InMemoryLog log, InMemoryReadModels readModels, Action throwIfDisposed)
    : IStorageCatalog
{
    /// <summary>Up to this many new names are sorted within the lock, while appends wait.</summary>
    private const int MaxSortedInLock = 1_000;

    private volatile string[] _names = [];

    public ValueTask<StreamPage> ListStreamsAsync(StreamListing listing, CancellationToken cancellationToken = default)
    {
        ArgumentNullException.ThrowIfNull(listing);
        listing.Validate();
        while (true)
        {
            Enter(cancellationToken);
            var names = _names;
            IReadOnlyList<string> added;
            lock (commitLock)
            {
                added = log.StreamsAfter(names.Length);
                if (added.Count <= MaxSortedInLock) return ValueTask.FromResult(PageOf(_names = Merge(names, added), listing));
            }

            _names = Merge(names, added);
        }
    }

    public ValueTask<IReadOnlyList<EventTypeSummary>> ListEventTypesAsync(CancellationToken cancellationToken = default)
    {
        Enter(cancellationToken);
        EventTypeSummary[] types;
        lock (commitLock) types = [.. log.Types()];
        return ValueTask.FromResult<IReadOnlyList<EventTypeSummary>>([.. types.OrderBy(type => type.Name, CodePointComparer.Instance)]);
    }

    public ValueTask<IReadOnlyList<ReadModelSummary>> ListReadModelsAsync(CancellationToken cancellationToken = default)
    {
        Enter(cancellationToken);
        lock (commitLock) return ValueTask.FromResult<IReadOnlyList<ReadModelSummary>>([.. readModels.List()]);
    }

    public ValueTask<StorageSize?> GetSizeAsync(CancellationToken cancellationToken = default)
    {
        Enter(cancellationToken);
        return ValueTask.FromResult<StorageSize?>(null);
    }

    private static string[] Merge(string[] sorted, IReadOnlyList<string> added)
    {
        if (added.Count == 0) return sorted;
        var others = added.Order(CodePointComparer.Instance).ToArray();
        var merged = new string[sorted.Length + others.Length];
        for (int i = 0, s = 0, o = 0; i < merged.Length; i++)
        {
            var takesSorted = o == others.Length || (s < sorted.Length && CodePointComparer.Instance.Compare(sorted[s], others[o]) < 0);
            merged[i] = takesSorted ? sorted[s++] : others[o++];
        }

        return merged;
    }

    private StreamPage PageOf(string[] names, StreamListing listing)
    {
        var first = IndexAfter(names, listing);
        var streams = new List<StreamSummary>();
        for (var i = first; i < names.Length && names[i].StartsWith(listing.Prefix, StringComparison.Ordinal); i++)
        {
            if (streams.Count == listing.Limit) return new StreamPage(streams, IsEnd: false);
            streams.Add(log.SummaryOf(names[i]));
        }

        return new StreamPage(streams, IsEnd: true);
    }

    private static int IndexAfter(string[] names, StreamListing listing)
    {
        var after = listing.After ?? "";
        var isAfterName = after.Length > 0 && CodePointComparer.Instance.Compare(after, listing.Prefix) >= 0;
        var index = Array.BinarySearch(names, isAfterName ? after : listing.Prefix, CodePointComparer.Instance);
        return index < 0 ? ~index : isAfterName ? index + 1 : index;
    }

    private void Enter(CancellationToken cancellationToken)
    {
        throwIfDisposed();
        cancellationToken.ThrowIfCancellationRequested();
    }
}
