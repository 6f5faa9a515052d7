using System.Text.Json;

namespace EventSourcing.Explorer;

/// <summary>The whole store at a glance.</summary>
internal sealed record OverviewModel(
    long Head, DateTimeOffset Now, ListedEvent? First, ListedEvent? Last, StorageSize? Size, bool IsReadOnly, RateModel? Rate,
    IReadOnlyList<ShownProjection> Projections,
    LedgerState Ledger,
    IReadOnlyList<ShownErasure> Erasures,
    IReadOnlyList<ListedEvent> Newest);

/// <summary>A record that payloads were erased, as the user may see it.</summary>
internal sealed record ShownErasure(long Position, DateTimeOffset RecordedAt, int Events, string? Reason, string? By, bool IsShown);

/// <summary>The first page.</summary>
internal static class OverviewPage
{
    private const int NewestEvents = 8;
    private const int NewestErasures = 5;

    public static async Task<Answer> BuildAsync(PageContext page)
    {
        var (store, token) = (page.Store, page.Aborted);
        var head = await store.GetHeadAsync(token).ConfigureAwait(false);
        ListedEvent? first = null;
        List<ListedEvent> newest = [];
        if (head > 0)
        {
            using var oldestPage = await store.Storage.ReadLogAsync(SingleEventPage.At(1), token).ConfigureAwait(false);
            first = ListedEvent.Of(oldestPage, page.Payloads).FirstOrDefault();
            using var newestPage = await store.Storage.ReadLogAsync(
                new LogRead { Direction = ReadDirection.Backwards, Limit = NewestEvents }, token).ConfigureAwait(false);
            newest = ListedEvent.Of(newestPage, page.Payloads);
        }

        var rate = first is null || newest.Count == 0
            ? null
            : await page.Explorer.Rate.ReadAsync(
                store.Storage, first.RecordedAt, newest[0].RecordedAt, newest[0].Position, token).ConfigureAwait(false);
        var projections = await store.ProjectionAdmin().GetStatusAsync(token).ConfigureAwait(false);
        var model = new OverviewModel(
            head, page.Now, first, newest.FirstOrDefault(), await store.Catalog.GetSizeAsync(
                token).ConfigureAwait(false), store.IsReadOnly, rate,
            [.. projections.Select(status => ShownProjection.Of(status, page.Payloads))],
            LedgerState.Of(page),
            await ErasuresAsync(page, NewestErasures).ConfigureAwait(false),
            newest);
        return new Answer<OverviewModel>("Overview", model, ExplorerJson.Default.OverviewModel, View);
    }

    /// <summary>The newest records of erasures.</summary>
    public static async Task<IReadOnlyList<ShownErasure>> ErasuresAsync(PageContext page, int limit)
    {
        var read = new StreamRead(PayloadsErased.StreamName) { Direction = ReadDirection.Backwards, Limit = limit };
        using var found = await page.Store.Storage.ReadStreamAsync(read, page.Aborted).ConfigureAwait(false);
        var erasures = new List<ShownErasure>();
        foreach (var e in found.Events)
        {
            if (e.Type != PayloadsErased.TypeName) continue;
            PayloadsErased record;
            try
            {
                record = PayloadsErased.Parse(e.Data.Span);
            }
            catch (JsonException flaw)
            {
                var said = page.Payloads.Error($"(the record cannot be read: {flaw.Message})");
                erasures.Add(new ShownErasure(e.Position, e.RecordedAt, Events: 0, said, By: null, IsShown: true));
                continue;
            }

            // The reason and the name are data of the record, so they are hidden or redacted like other data.
            var shown = page.Payloads.Of(e.Type, e.Data);
            erasures.Add(new ShownErasure(
                e.Position, e.RecordedAt, record.Positions.Count, TextOf(shown, "reason"), TextOf(shown, "by"),
                shown?.ValueKind == JsonValueKind.Object));
        }

        return erasures;
    }

    private static string? TextOf(JsonElement? data, string member) =>
        data is { ValueKind: JsonValueKind.Object } members
        && members.TryGetProperty(member, out var value)
        && value.ValueKind == JsonValueKind.String
            ? value.GetString()
            : null;

    public static Html Erasures(IReadOnlyList<ShownErasure> erasures) => new Table<ShownErasure>("Erasures")
        .Number("Record", erasure => Parts.Event(erasure.Position))
        .Column("Recorded (UTC)", erasure => Parts.Time(erasure.RecordedAt))
        .Number("Events", erasure => erasure.Events)
        .Column("Reason", erasure => erasure.IsShown ? Html.Of($"{erasure.Reason}") : Parts.None("hidden"))
        .Column("By", erasure => erasure.IsShown ? Html.Of($"{erasure.By ?? "nobody named"}") : Parts.None("hidden"))
        .Of(erasures);

    private static Html View(OverviewModel store)
    {
        if (store is not { First: { } first, Last: { } last })
        {
            const string Example = "await store.AppendAsync(\"order-17\", ExpectedVersion.NoStream, [new OrderPlaced(\"Ann\")]);";
            return Html.Of(
                $"{Parts.Title("Overview")}{Parts.Empty("The store has no events yet", $"Append one, and this page shows it: {Example}")}");
        }

        var parked = store.Projections.Sum(projection => projection.Parked);
        var figures = new Cards()
            .Add("Events", Parts.Group(store.Head), $"newest {Parts.Ago(store.Now, last.RecordedAt)}", link: "log")
            .Add(
                "Over", Parts.Span(last.RecordedAt - first.RecordedAt),
                $"since {Parts.Day(first.RecordedAt)}", link: "streams")
            .Add("On disk", store.Size is { } size ? Parts.Bytes(size.TotalBytes) : "in memory", SizeNote(store))
            .Add(
                "Projections", Parts.Group(store.Projections.Count), ProjectionsNote(store, parked), parked > 0 ? "warn" : "",
                "projections")
            .Add(
                "Newest checkpoint", store.Ledger.CheckpointSize is { } pinned ? Parts.Group(pinned) : "none", CheckpointNote(store),
                store.Ledger.Failure is null ? "" : "bad", "ledger");
        return Html.Of($"""
            {Parts.Title("Overview")}
            {figures.Of()}
            {Html.When(store.Rate is not null, $"{Parts.Section("Events over time", Charts.Bars(store.Rate!.Buckets, store.Rate.Unit))}")}
            {Html.When(
                store.Projections.Count > 0,
                $"{Parts.Section("Projections and reactors", ProjectionsPage.Table(store.Projections))}")}
            <section><h2>Newest events</h2>{Parts.EventTable("Newest events").Of(store.Newest)}
            <p class="more"><a href="log">The whole log</a></p></section>
            {Html.When(store.Erasures.Count > 0, $"{Parts.Section("Last erasures", Erasures(store.Erasures))}")}
            """);
    }

    private static string ProjectionsNote(OverviewModel store, int parked)
    {
        if (parked > 0) return Parts.Count(parked, "partition") + " parked";
        if (store.Projections.Count == 0) return "none was ever started";
        var behind = store.Projections.Max(projection => projection.Lag);
        return behind > 0 ? $"up to {Parts.Count(behind, "event")} behind" : "all level with the log";
    }

    private static string SizeNote(OverviewModel store)
    {
        var readOnly = store.IsReadOnly ? "open read-only" : "";
        if (store.Size is not { } size || size.Parts.Count == 0) return store.IsReadOnly ? readOnly : "gone when the process ends";
        var largest = size.Parts.MaxBy(part => part.Bytes);
        return $"{Parts.Bytes(largest.Bytes)} of it {largest.Name}{(store.IsReadOnly ? ", " + readOnly : "")}";
    }

    private static string CheckpointNote(OverviewModel store) =>
        store.Ledger.Failure is not null ? "the last one that was due failed"
        : store.Ledger.CheckpointSize is { } pinned
            ? pinned == store.Head ? "covers all events" : $"{Parts.Count(store.Head - pinned, "event")} not pinned yet"
        : store.Ledger.Origin is null ? "the store signs none"
        : "none seen by this process yet";
}
