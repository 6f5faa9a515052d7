using static EventSourcing.Testing.CatalogNames;
using static EventSourcing.Testing.StoreUnderTest;

namespace EventSourcing.Testing;

/// <summary>The catalogue lists event types and read models from one snapshot, and says how much room the store takes.</summary>
internal static class CatalogCases
{
    public static IEnumerable<ConformanceCase> All =>
    [
        Case("List_event_types_gives_count_first_and_last_position_of_each", async store =>
        {
            await ExpectTypesAsync(store);
            await store.AppendAsync("a", store.Event("opened"), store.Event("paid"), store.Event("paid"));
            await store.AppendAsync("b", store.Event("opened"));
            await store.AppendAsync("b", store.Event("closed"));
            await ExpectTypesAsync(store, new("closed", 1, 5, 5), new("opened", 2, 1, 4), new("paid", 2, 2, 3));
        }),
        Case("List_event_types_orders_names_by_code_point", async store =>
        {
            foreach (var name in Names) await store.AppendAsync("a", store.Event(name));
            var types = await store.Catalog.ListEventTypesAsync(store.CancellationToken);
            Expect.Sequence(Ordered(Names), [.. types.Select(type => type.Name)], "the names of the types");
        }),
        Case("List_event_types_counts_no_refused_and_no_repeated_event", async store =>
        {
            var e = store.Event("paid");
            await store.AppendAsync("a", ExpectedVersion.NoStream, e);
            await store.AppendAsync("a", ExpectedVersion.NoStream, e);
            await store.RefusesAsync<WrongExpectedVersionException>(Request(Write("a", 3, store.Event("paid"), store.Event("refused"))));
            await ExpectTypesAsync(store, new EventTypeSummary("paid", 1, 1, 1));
        }),
        Case("List_event_types_of_1000_events_counts_each", async store =>
        {
            for (var i = 0; i < 10; i++)
            {
                await store.AppendAsync($"s-{i}", [.. Enumerable.Range(0, 100).Select(n => store.Event(n % 10 == 0 ? "tenth" : "other"))]);
            }

            await ExpectTypesAsync(store, new EventTypeSummary("other", 900, 2, 1000), new EventTypeSummary("tenth", 100, 1, 991));
        }),
        Case("List_event_types_after_payloads_were_erased_counts_the_events_as_before", async store =>
        {
            await store.AppendAsync("a", store.Event("paid"), store.Event("paid"));
            await store.AppendAsync(Erasing(store, 1, 2));
            await ExpectTypesAsync(store, new EventTypeSummary(PayloadsErased.TypeName, 1, 3, 3), new EventTypeSummary("paid", 2, 1, 2));
        }),
        Case("List_event_types_while_batches_are_appended_sees_each_whole_or_not_at_all", async store =>
        {
            await store.AppendAsync(OfTwoTypes(store));
            var appends = Task.Run(async () =>
            {
                for (var i = 1; i < 200; i++) await store.Storage.AppendAsync(OfTwoTypes(store), store.CancellationToken);
            });
            while (!appends.IsCompleted) await ExpectCountsOfOneSnapshotAsync(store);
            await appends;
            await ExpectCountsOfOneSnapshotAsync(store);
        }),
        Case("List_read_models_gives_fields_and_aliases_of_each_ordered_by_code_point", async store =>
        {
            await ExpectReadModelsAsync(store);
            FieldDefinition[] fields = [new("city", FieldKind.Text), new("age", FieldKind.WholeNumber), new("Weight", FieldKind.Number)];
            await CommitAsync(store, new ReadModelCommit
            {
                Creates = [new("\U0001F600", []), new("people", fields), new("\uFFFF", []), new("$own", [])],
                Aliases = [new("z\U0001F600", "people"), new("z\uFFFF", "people"), new("other", "$own")],
            });
            await ExpectReadModelsAsync(
                store,
                ("$own", [], ["other"]), ("people", fields, ["z\uFFFF", "z\U0001F600"]), ("\uFFFF", [], []), ("\U0001F600", [], []));
        }),
        Case("List_read_models_after_one_was_dropped_and_an_alias_moved_gives_what_is_left", async store =>
        {
            await CommitAsync(store, new ReadModelCommit { Creates = [new("one", []), new("two", [])], Aliases = [new("numbers", "one")] });
            await CommitAsync(store, new ReadModelCommit { Aliases = [new("numbers", "two")] });
            await ExpectReadModelsAsync(store, ("one", [], []), ("two", [], ["numbers"]));
            await CommitAsync(store, new ReadModelCommit { Drops = ["two"] });
            await ExpectReadModelsAsync(store, ("one", [], []));
        }),
        Case("Get_the_size_gives_bytes_in_parts_that_add_up_or_none", async store =>
        {
            for (var i = 0; i < 10; i++) await store.AppendAsync("a", store.Event(data: new string('x', 10_000)));
            if (await store.Catalog.GetSizeAsync(store.CancellationToken) is not { } size) return;
            Expect.True(size.TotalBytes >= 100_000, $"a store of 100,000 bytes of data takes as many at least (it says {size.TotalBytes})");
            var isPart = size.FreeBytes >= 0 && size.FreeBytes <= size.TotalBytes;
            Expect.True(isPart, $"what is free is a part of the whole (it says {size.FreeBytes} of {size.TotalBytes})");
            Expect.Equal(size.TotalBytes, size.Parts.Sum(part => part.Bytes), "the sum of the parts");
        }),
        Case("List_already_cancelled_is_cancelled", async store =>
        {
            await store.AppendAsync("a", store.Event());
            var cancelled = new CancellationToken(canceled: true);
            foreach (var (what, list) in Calls(store.Catalog, cancelled))
            {
                await Expect.ThrowsAsync<OperationCanceledException>(list, what);
            }
        }),
        Case("List_after_the_storage_was_disposed_is_refused", async store =>
        {
            await store.AppendAsync("a", store.Event());
            await store.Storage.DisposeAsync();
            foreach (var (what, list) in Calls(store.Catalog, store.CancellationToken))
            {
                await Expect.ThrowsAsync<ObjectDisposedException>(list, what);
            }
        }),
    ];

    private static ConformanceCase Case(string title, Func<StoreUnderTest, Task> run) => new(title, ConformanceRule.Catalog, run);

    private static IEnumerable<(string What, Func<Task> List)> Calls(IStorageCatalog catalog, CancellationToken cancellationToken) =>
    [
        ("the listing of streams", async () => await catalog.ListStreamsAsync(new StreamListing(), cancellationToken)),
        ("the listing of event types", async () => await catalog.ListEventTypesAsync(cancellationToken)),
        ("the listing of read models", async () => await catalog.ListReadModelsAsync(cancellationToken)),
        ("the question for the size", async () => await catalog.GetSizeAsync(cancellationToken)),
    ];

    private static AppendRequest OfTwoTypes(StoreUnderTest store) =>
        Request(Write("a", ExpectedVersion.Any, store.Event("one"), store.Event("other")));

    private static async Task ExpectTypesAsync(StoreUnderTest store, params IReadOnlyList<EventTypeSummary> expected)
    {
        var types = await store.Catalog.ListEventTypesAsync(store.CancellationToken);
        Expect.Sequence(expected, types, "the event types");
        Expect.Equal(await store.HeadAsync(), types.Sum(type => type.Count), "the sum of the counts");
    }

    private static async Task CommitAsync(StoreUnderTest store, ReadModelCommit commit) =>
        await store.ReadModels.CommitAsync(commit, store.CancellationToken);

    private static async Task ExpectReadModelsAsync(
        StoreUnderTest store, params IReadOnlyList<(string Name, FieldDefinition[] Fields, string[] Aliases)> expected)
    {
        var models = await store.Catalog.ListReadModelsAsync(store.CancellationToken);
        string[] names = [.. expected.Select(model => model.Name)];
        Expect.Sequence(names, [.. models.Select(model => model.Definition.Name)], "the names of the read models");
        for (var i = 0; i < models.Count; i++)
        {
            Expect.Sequence(expected[i].Fields, models[i].Definition.Fields, $"the fields of '{models[i].Definition.Name}'");
            Expect.Sequence(expected[i].Aliases, models[i].Aliases, $"the aliases of '{models[i].Definition.Name}'");
        }
    }

    private static async Task ExpectCountsOfOneSnapshotAsync(StoreUnderTest store)
    {
        var types = await store.Catalog.ListEventTypesAsync(store.CancellationToken);
        Expect.Equal(2, types.Count, "the number of types");
        var expected = types[0] with { Name = "other", FirstPosition = 2, LastPosition = types[0].LastPosition + 1 };
        Expect.Equal(expected, types[1], "the second type, of which each append has one beside one of the first");
        Expect.Equal(types[0].Count * 2, types[1].LastPosition, "the last position of twice as many events as there are of each type");
    }
}
