using System.Text;
using static EventSourcing.Testing.StoreUnderTest;

namespace EventSourcing.Testing;

/// <summary>Makes logs to import from, imports them, and compares the two stores.</summary>
internal static class ImportedLogs
{
    /// <summary>An event of another system: it has no place, and is older than the store.</summary>
    /// <param name="store">Gives the id.</param>
    /// <param name="stream">The stream.</param>
    /// <param name="second">How many seconds after the day before <see cref="ManualClock.Start"/> it is stamped.</param>
    /// <param name="data">The payload.</param>
    /// <param name="metadata">The metadata.</param>
    /// <param name="type">The type.</param>
    /// <param name="tags">The tags.</param>
    public static StoredEvent Foreign(
        StoreUnderTest store,
        string stream,
        int second,
        string data = "{}",
        string metadata = "",
        string type = "imported",
        params IReadOnlyList<string> tags) => new()
    {
        Position = 0,
        Stream = stream,
        Version = 0,
        Id = store.NewId(),
        Type = type,
        RecordedAt = ManualClock.Start.AddDays(-1).AddSeconds(second),
        Data = Encoding.UTF8.GetBytes(data),
        Metadata = Encoding.UTF8.GetBytes(metadata),
        Tags = tags,
    };

    public static StoredEvent Placed(StoreUnderTest store, long position) =>
        Foreign(store, "a", (int)position) with { Position = position, Version = position, Seal = new byte[16] };

    public static StoredEvent WithId(StoredEvent e, Guid id) => e with { Id = id };

    public static async Task<long> ImportAsync(StoreUnderTest store, IReadOnlyList<StoredEvent> events)
    {
        var position = await store.Storage.ImportAsync(new ImportRequest(events), store.CancellationToken);
        Expect.True(await store.HeadAsync() >= position, $"the head is not below the position {position} of an import that has returned");
        return position;
    }

    public static async Task<ImportRefusedException> RefusesImportAsync(
        StoreUnderTest store, ImportFlaw flaw, IReadOnlyList<StoredEvent> events)
    {
        var refusal = await RefusesImportAsync<ImportRefusedException>(store, events);
        Expect.Equal(flaw, refusal.Flaw, "the flaw of the refused import");
        return refusal;
    }

    public static async Task<TException> RefusesImportAsync<TException>(StoreUnderTest store, IReadOnlyList<StoredEvent> events)
        where TException : Exception
    {
        var refusal = await store.RefusesAsync<TException>(
            async () => await store.Storage.ImportAsync(new ImportRequest(events), store.CancellationToken),
            [.. events.Select(e => e.Stream)]);
        await LedgerChecks.ExpectTreeAsync(store);
        return refusal;
    }

    /// <summary>Another storage with more than a tile of events in several streams, of which some are erased.</summary>
    public static async Task<IEventStorage> FilledAsync(StoreUnderTest store)
    {
        var source = await store.OpenAnotherAsync(store.Storage.Options);
        await AppendToAsync(
            store,
            source,
            "a",
            store.Event("opened", """{"owner":"Ann"}""", """{"by":"x"}""", "t1", "t2"),
            store.Event("Été\U0001F600", "\0", "m", "ключ"));
        store.Clock.Now = ManualClock.Start.AddTicks(1_234_567);
        await source.AppendAsync(
            Request(
                Write("b \U0001F600", ExpectedVersion.Any, store.Events(2)),
                Write("a", ExpectedVersion.Any, store.Tagged("t1"), store.Event("empty", ""))),
            store.CancellationToken);
        await EraseAsync(store, source, 2);
        store.Clock.Now = ManualClock.Start.AddHours(1);
        for (var i = 0; i < 10; i++) await AppendToAsync(store, source, $"s{i % 4}", store.Events(30));
        await EraseAsync(store, source, 30, 256, 257);
        Expect.Equal(308, await source.GetHeadAsync(store.CancellationToken), "the head of the storage to import from");
        return source;
    }

    public static async Task AppendToAsync(StoreUnderTest store, IEventStorage source, string stream, params NewEvent[] events) =>
        await source.AppendAsync(Request(Write(stream, ExpectedVersion.Any, events)), store.CancellationToken);

    public static async Task EraseAsync(StoreUnderTest store, IEventStorage source, params long[] positions) => await source.AppendAsync(
        new AppendRequest([Write(PayloadsErased.StreamName, ExpectedVersion.Any, Erasures.Record(store, positions))])
        {
            Erase = positions,
        },
        store.CancellationToken);

    /// <summary>The events of a storage with their seals, in memory of their own.</summary>
    public static async Task<List<StoredEvent>> EventsOfAsync(StoreUnderTest store, IEventStorage source, long after = 0)
    {
        var events = new List<StoredEvent>();
        for (var isEnd = false; !isEnd;)
        {
            using var page = await source.ReadLogAsync(new LogRead { After = after, WithSeals = true }, store.CancellationToken);
            foreach (var e in page.Events)
                events.Add(e with { Data = e.Data.ToArray(), Metadata = e.Metadata.ToArray(), Seal = e.Seal.ToArray() });
            (after, isEnd) = (page.Next, page.IsEnd);
        }

        return events;
    }

    /// <summary>The log and the tree are those of the other storage.</summary>
    public static async Task ExpectSameAsync(StoreUnderTest store, IEventStorage source)
    {
        var (expected, actual) = (await EventsOfAsync(store, source), await EventsOfAsync(store, store.Storage));
        Expect.Sequence(
            [.. expected.Select(e => SeenEvent.Of(e))], [.. actual.Select(e => SeenEvent.Of(e))], "the events of the imported log");
        Expect.Sequence(
            [.. expected.Select(e => Convert.ToHexString(e.Seal.Span))],
            [.. actual.Select(e => Convert.ToHexString(e.Seal.Span))],
            "the seals of the imported log");
        await LedgerChecks.ExpectTreeAsync(store);
        var tree = await source.Ledger.GetFrontierAsync(store.CancellationToken);
        Expect.Equal(tree.Root(), (await store.Storage.Ledger.GetFrontierAsync(store.CancellationToken)).Root(), "the root of the tree");
        await LedgerChecks.ExpectSoundAsync(store, 200);
        foreach (var stream in expected.Select(e => e.Stream).Distinct(StringComparer.Ordinal))
            Expect.Sequence(
                [.. expected.Where(e => e.Stream == stream).Select(e => SeenEvent.Of(e))],
                await store.StreamAsync(stream),
                $"stream '{stream}'");
    }
}
