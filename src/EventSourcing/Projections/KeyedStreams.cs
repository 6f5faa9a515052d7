namespace EventSourcing;

/// <summary>The streams whose id is the key of a document, read side by side in the order of the log.</summary>
internal sealed class KeyedStreams(EventStore store, EventFilter filter, string key)
{
    /// <summary>With so many kinds of streams it costs less to read the log.</summary>
    private const int MostLooks = 32;

    private const int FewestOfOne = 16;
    private readonly Dictionary<string, long> _versions = new(StringComparer.Ordinal);
    private long _listedUpTo;

    /// <summary>The beginning that the names of all streams must have; empty if there is none that they share.</summary>
    private string Prefix =>
        filter.Stored.Items.Select(item => item.StreamPrefix).Distinct(StringComparer.Ordinal).ToList() is [{ } shared] ? shared : "";

    /// <summary>Reads at most one page of events on from where the last read ended.</summary>
    /// <param name="events">Gets those that match the filter, in the order of the log.</param>
    /// <param name="upTo">The position to end at, at most the head.</param>
    /// <param name="cancellationToken">Cancels the read; the next one goes on at the same place.</param>
    /// <returns>The position up to which nothing is missing; null if the streams cannot be found at a low cost.</returns>
    public async ValueTask<long?> ReadAsync(List<FeedEvent> events, long upTo, CancellationToken cancellationToken)
    {
        if (upTo > _listedUpTo && !await ListAsync(cancellationToken).ConfigureAwait(false)) return null;
        _listedUpTo = Math.Max(upTo, _listedUpTo);
        var pages = new List<EventPage>(_versions.Count);
        try
        {
            var limit = Math.Max(FewestOfOne, EventPage.DefaultLimit / Math.Max(1, _versions.Count));
            var reached = upTo;
            foreach (var (stream, version) in _versions)
            {
                var read = new StreamRead(stream) { After = version, UpToPosition = upTo, Limit = limit };
                var page = await store.Storage.ReadStreamAsync(read, cancellationToken).ConfigureAwait(false);
                pages.Add(page);
                if (!page.IsEnd && page.Count > 0) reached = Math.Min(reached, page.Events[^1].Position);
            }

            foreach (var page in pages) Take(page, reached, events);
            if (pages.Count > 1) events.Sort((one, other) => one.Position.CompareTo(other.Position));
            return reached;
        }
        finally
        {
            foreach (var page in pages) page.Dispose();
        }
    }

    private void Take(EventPage page, long upTo, List<FeedEvent> events)
    {
        for (var i = 0; i < page.Count && page.Events[i].Position <= upTo; i++)
        {
            ref readonly var e = ref page.Events[i];
            _versions[e.Stream] = e.Version;
            if (filter.Stored.Matches(e.Type, e.Stream, e.Tags)) FeedEvent.AddTo(events, store, e, filter);
        }
    }

    /// <summary>
    /// Looks for the streams: one for each kind of stream that the store has, found by one look behind the kind before it. They are few
    /// even if there are millions of streams.
    /// </summary>
    private async ValueTask<bool> ListAsync(CancellationToken cancellationToken)
    {
        string? after = null;
        for (var looks = 0; looks < MostLooks; looks++)
        {
            var listing = new StreamListing { Prefix = Prefix, After = after, Limit = 1 };
            var found = await store.Storage.Catalog.ListStreamsAsync(listing, cancellationToken).ConfigureAwait(false);
            if (found.Streams is not [{ Name: var name }]) return true;
            if (StreamName.IdOf(name) == key) _versions.TryAdd(name, 0);
            var category = name[..(name.IndexOf('-', StringComparison.Ordinal) + 1)];
            if (category.Length > 0 && Names.IsValid(category + key) && !_versions.ContainsKey(category + key)
                && await store.GetVersionAsync(category + key, cancellationToken).ConfigureAwait(false) > 0)
                _versions.Add(category + key, 0);
            after = category.Length == 0 ? name : category + "\U0010FFFF";
            if (!Names.IsValid(after)) return false;
        }

        return false;
    }
}
