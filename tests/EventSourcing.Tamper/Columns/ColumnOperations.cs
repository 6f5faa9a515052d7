using System.Globalization;
using System.Text;
using System.Text.Json;

namespace EventSourcing.Tamper;

/// <summary>What an app may ask of a store that somebody has changed.</summary>
/// <param name="Name">Its name, for the report.</param>
/// <param name="IsRead">Whether its answer follows from the log: it must be that of the sound store if a verification says sound.</param>
/// <param name="Run">Does it, and returns the answer.</param>
internal sealed record ColumnOperation(string Name, bool IsRead, Func<EventStore, Task<string>> Run);

/// <summary>All that is asked of each store, in this order.</summary>
internal static class ColumnOperations
{
    private static readonly TimeSpan Patience = TimeSpan.FromMilliseconds(250);
    private static readonly LogReadOptions AsRaw = new() { UnknownEvents = UnknownEvents.AsRaw };

    public static IReadOnlyList<ColumnOperation> All { get; } =
    [
        new("head", true, async store => $"{await store.GetHeadAsync()}"),
        new("log", true, store => Read(store.ReadLogAsync(AsRaw))),
        new("log, typed, backwards", true, store => Read(store.ReadLogAsync(new LogReadOptions { Direction = ReadDirection.Backwards }))),
        new("stream", true, async store =>
            await Read(store.ReadStreamAsync("account-1")) + await Read(store.ReadStreamAsync("account-2"))
            + await Read(store.ReadStreamAsync("other-1"))),
        new("stream of erasures", true, store => Read(store.ReadStreamAsync(PayloadsErased.StreamName))),
        new("query by tag", true, store => Query(store, EventQuery.WithTags(ColumnStore.Tag))),
        new("query by type", true, store => Query(store, EventQuery.OfTypes("named"))),
        new("query by prefix", true, store => Query(store, EventQuery.InStreams("account-"))),
        new("query by all three", true, store => Query(store, EventQuery.Any(new EventQueryItem(["paid"], [ColumnStore.Tag], "account-")))),
        new("position at an instant", true, async store =>
            $"{await store.GetPositionAsync(DateTimeOffset.MaxValue)} {await store.GetPositionAsync(DateTimeOffset.UnixEpoch)}"),
        new("aggregate", true, async store =>
            string.Join(' ', await Loaded(store, "1"), await Loaded(store, "2"), await Loaded(store, "3"))),
        new("aggregate of the past", true, async store =>
            (await store.Aggregate<Account>("1").LoadAsync(AsOf.Version(3))).Balance.ToString(CultureInfo.InvariantCulture)),
        new("read model", true, store => ReadModelAsync(store, new Sums(), Sums.Total)),
        new("inline read model", true, store => ReadModelAsync(store, new Totals(), Totals.Total)),
        new("tree", true, async store => $"{(await store.Storage.Ledger.GetFrontierAsync()).Root()}"),
        new("proofs", true, ProveAsync),
        new("status", false, StatusAsync),
        new("projections", false, ProjectAsync),
        new("reactors", false, ReactAsync),
        new("inline projections", false, async store =>
        {
            await store.StartInlineProjectionsAsync();
            return "";
        }),
        new("command", false, async store => Text(await store.Aggregate<Account>("1").UpdateAsync(account => account.Pay(1, "c")))),
        new("append on conditions", false, AppendAsync),
        new("append of known ids", false, async store =>
        {
            await foreach (var e in store.ReadStreamAsync("other-2"))
                return Text(await store.AppendAsync("other-2", ExpectedVersion.Any, [new EventData(e.Data) { Id = e.Id }]));
            return "";
        }),
        new("snapshots", false, async store =>
        {
            await store.Aggregate<Account>("1").LoadAsync();
            await store.Snapshots().FlushAsync();
            await store.Snapshots().DeleteAsync();
            return "";
        }),
        new("erasure", false, async store => Text(await store.ErasePayloadsAsync([3, 19], "asked for", "office"))),
        new("erasure of a stream", false, async store => Text(await store.ErasePayloadsAsync("account-3", "asked for", "office"))),
    ];

    private static async Task<string> Read(IAsyncEnumerable<RecordedEvent> events)
    {
        var text = new StringBuilder();
        await foreach (var e in events)
        {
            var data = e.Data is UnknownEvent unknown ? Convert.ToHexString(unknown.Json.Span) : e.Data.ToString();
            text.Append(CultureInfo.InvariantCulture, $"{e.Position} {e.Stream} {e.Version} {e.Type} {e.Id} {e.RecordedAt:O} {data} ");
            text.Append(CultureInfo.InvariantCulture, $"{e.Metadata.CorrelationId} {string.Join(',', e.Tags)}\n");
        }

        return text.ToString();
    }

    private static async Task<string> Query(EventStore store, EventQuery query) =>
        await Read(store.ReadLogAsync(AsRaw with { Filter = query }))
        + await Read(store.ReadLogAsync(AsRaw with { Filter = query, Direction = ReadDirection.Backwards, Limit = 2 }));

    private static async Task<string> Loaded(EventStore store, string id)
    {
        var account = await store.Aggregate<Account>(id).FindAsync();
        return account is null ? "none"
            : string.Create(CultureInfo.InvariantCulture, $"{account.Balance} {account.Name} {account.Version}");
    }

    private static async Task<string> ReadModelAsync(EventStore store, Projection<Sum> projection, DocumentField<Sum, long> field)
    {
        var model = store.ReadModel(projection);
        var text = new StringBuilder();
        foreach (var sum in await model.FindAsync(["account-1", "account-2", "nobody"])) text.Append(sum).Append('\n');
        await foreach (var document in model.Query().ToAsyncEnumerable()) text.Append(document).Append('\n');
        await foreach (var document in model.Query().OrderByDescending(field).ToAsyncEnumerable()) text.Append(document).Append('\n');
        var count = await model.Query().Where(field.AtLeast(6)).CountAsync();
        text.Append(CultureInfo.InvariantCulture, $"{count} {await model.GetPositionAsync()}");
        return text.ToString();
    }

    private static async Task<string> ProveAsync(EventStore store)
    {
        var text = new StringBuilder();
        foreach (var position in (long[])[1, 6, 19, 22, 260])
            text.Append((await store.Ledger.ProveInclusionAsync(position)).Root).Append('\n');
        return text.Append((await store.Ledger.ProveConsistencyAsync(7, 260)).ToString()).ToString();
    }

    private static async Task<string> StatusAsync(EventStore store)
    {
        var admin = store.ProjectionAdmin();
        var status = await admin.GetStatusAsync();
        var (parked, skipped) = (await admin.GetParkedAsync(nameof(Letters)), await admin.GetSkippedAsync(nameof(Letters)));
        return JsonSerializer.Serialize(new { status.Count, Parked = parked.Count, Skipped = skipped.Count });
    }

    private static async Task<string> ProjectAsync(EventStore store)
    {
        await using var projections = store.StartProjections(ColumnStore.Running, new Sums(), new Payments());
        return $"{await projections.CatchUpAsync(Patience)}";
    }

    private static async Task<string> ReactAsync(EventStore store)
    {
        await using var reactors = await store.StartReactorsAsync(ColumnStore.Running, new Letters());
        await reactors.GetStatusAsync();
        await store.ProjectionAdmin().ResumeAllAsync(nameof(Letters));
        return $"{await reactors.CatchUpAsync(Patience)}";
    }

    private static async Task<string> AppendAsync(EventStore store)
    {
        AppendCondition[] conditions =
        [
            new(EventQuery.WithTags("t:none"), After: 0), new(EventQuery.InStreams("nobody-"), After: 0),
            new(EventQuery.OfTypes("named"), After: 1_000_000),
            new(EventQuery.Any(new EventQueryItem(["named"], [ColumnStore.Tag], "other-1")), After: 100),
        ];
        var stream = new StreamAppend("account-1", ExpectedVersion.Any, [new Paid(1, "a")]);
        return Text(await store.AppendAsync([stream], conditions: conditions));
    }

    private static string Text(object result) => result.ToString()!;
}
