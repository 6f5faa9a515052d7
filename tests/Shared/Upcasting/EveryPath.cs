namespace EventSourcing.Tests.Upcasting;

/// <summary>Reads a store in every way there is.</summary>
internal static class EveryPath
{
    /// <summary>What each way to read everything sees, by its title; all must be equal.</summary>
    /// <param name="open">Opens the place once more.</param>
    /// <param name="inline">The inline projection that has run all along.</param>
    /// <param name="names">All names of today.</param>
    public static async Task<Dictionary<string, List<string>>> ReadAsync(Func<EventStore> open, Projection<Seen> inline, IReadOnlyList<string> names)
    {
        var store = open();
        var streams = new SortedSet<string>(StringComparer.Ordinal);
        var log = await store.ReadLogAsync().ToListAsync();
        foreach (var e in log) streams.Add(e.Stream);
        var paths = new Dictionary<string, List<string>>(StringComparer.Ordinal)
        {
            ["log"] = [.. log.Select(Seen.Text)],
            ["log backwards"] = [.. (await store.ReadLogAsync(new LogReadOptions { Direction = ReadDirection.Backwards }).ToListAsync()).Select(Seen.Text).Reverse()],
            ["log by names"] = [.. (await store.ReadLogAsync(new LogReadOptions { Filter = EventQuery.OfTypes(names) }).ToListAsync()).Select(Seen.Text)],
            ["query"] = [.. (await store.QueryAsync(EventQuery.All)).Events.Select(Seen.Text)],
            ["query by names"] = [.. (await store.QueryAsync(EventQuery.Any(names.Select(name => new EventQueryItem([name]))))).Events.Select(Seen.Text)],
            ["streams"] = await OfStreamsAsync(stream => store.ReadStreamAsync(stream)),
            ["streams backwards"] = await OfStreamsAsync(stream => store.ReadStreamAsync(stream, new StreamReadOptions { Direction = ReadDirection.Backwards })),
            ["subscription"] = await SubscribedAsync(EventQuery.All),
            ["subscription by names"] = await SubscribedAsync(EventQuery.OfTypes(names)),
            ["live"] = OfDocuments((await store.ProjectAsync(new SeenByStream("live"))).Documents.Values),
            ["inline"] = await OfReadModelAsync(inline),
        };

        var background = new SeenByStream("background");
        var running = store.StartProjections(background);
        await running.CatchUpAsync();
        paths["background"] = await OfReadModelAsync(background);
        await running.RebuildAsync("background");
        await running.CatchUpAsync();
        paths["rebuilt"] = await OfReadModelAsync(background);
        await running.DisposeAsync();
        return paths;

        async Task<List<string>> OfStreamsAsync(Func<string, IAsyncEnumerable<RecordedEvent>> read)
        {
            var events = new List<RecordedEvent>();
            foreach (var stream in streams) events.AddRange(await read(stream).ToListAsync());
            return [.. events.OrderBy(e => e.Position).ThenBy(e => e.SubIndex).Select(Seen.Text)];
        }

        async Task<List<string>> SubscribedAsync(EventQuery filter)
        {
            var seen = new List<string>();
            if (log.Count == 0) return seen;
            var subscription = store.Subscribe(filter: filter);
            await foreach (var e in subscription)
            {
                seen.Add(Seen.Text(e));
                if (seen.Count == log.Count) break;
            }

            return seen;
        }

        async Task<List<string>> OfReadModelAsync(Projection<Seen> projection) =>
            OfDocuments(await store.ReadModel(projection).Query().ToAsyncEnumerable().Select(document => document.Value).ToListAsync());

        static List<string> OfDocuments(IEnumerable<Seen> documents) =>
            [.. documents.SelectMany(document => document.Events).OrderBy(text => long.Parse(text.Split('.')[0], null)).ThenBy(text => int.Parse(text.Split('.', ' ')[1], null))];
    }
}
