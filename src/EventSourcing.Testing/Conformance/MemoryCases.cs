using static EventSourcing.Testing.StoreUnderTest;

namespace EventSourcing.Testing;

/// <summary>
/// The storage keeps its own copy of what it stores: callers may reuse their buffers, and pages do not change while they are read.
/// </summary>
internal static class MemoryCases
{
    public static IEnumerable<ConformanceCase> All =>
    [
        Case("Append_then_overwrite_the_data_leaves_the_event_as_it_was", async store =>
        {
            var buffer = "before"u8.ToArray();
            await store.AppendAsync("a", new NewEvent(store.NewId(), "t", buffer));
            Array.Fill(buffer, (byte)'?');
            Expect.Equal("before", (await store.LogAsync())[0].Data, "the data stored");
        }),
        Case("Append_then_overwrite_the_metadata_leaves_the_event_as_it_was", async store =>
        {
            var buffer = "before"u8.ToArray();
            await store.AppendAsync("a", store.Event() with { Metadata = buffer });
            Array.Fill(buffer, (byte)'?');
            Expect.Equal("before", (await store.LogAsync())[0].Metadata, "the metadata stored");
        }),
        Case("Append_then_change_the_list_of_tags_leaves_the_event_as_it_was", async store =>
        {
            var tags = new List<string> { "x", "y" };
            await store.AppendAsync("a", store.Event() with { Tags = tags });
            tags[0] = "z";
            tags.Add("w");
            Expect.Equal(SeenEvent.Join(["x", "y"]), (await store.LogAsync())[0].Tags, "the tags stored");
            Expect.Equal(
                0,
                (await store.LogAsync(EventQuery.WithTags("z"))).Count,
                "the number of events found by a tag that was put in afterwards");
        }),
        Case("Append_then_change_the_list_of_events_leaves_the_stream_as_it_was", async store =>
        {
            NewEvent[] events = store.Events(3);
            var given = events.ToArray();
            await store.AppendAsync("a", given);
            Array.Fill(given, store.Event());
            await store.ExpectLogAsync([.. events.Select(e => ("a", e))]);
        }),
        Case("Append_from_one_buffer_again_and_again_keeps_every_event", async store =>
        {
            var buffer = new byte[8];
            for (byte n = 0; n < 20; n++)
            {
                Array.Fill(buffer, n);
                await store.AppendAsync("a", new NewEvent(store.NewId(), "t", buffer));
            }

            var log = await store.LogAsync();
            for (var n = 0; n < 20; n++) Expect.Equal(new string((char)n, 8), log[n].Data, $"the data of event {n + 1}");
        }),
        Case("Append_slices_of_one_buffer_keeps_each_slice", async store =>
        {
            var buffer = "one,two,three"u8.ToArray();
            NewEvent[] events =
            [
                new(store.NewId(), "t", buffer.AsMemory(0, 3)),
                new(store.NewId(), "t", buffer.AsMemory(4, 3)) { Metadata = buffer.AsMemory(3, 1) },
                new(store.NewId(), "t", buffer.AsMemory(8)),
            ];
            await store.AppendAsync("a", events);
            Array.Clear(buffer);
            Expect.Sequence(["one", "two", "three"], [.. (await store.LogAsync()).Select(e => e.Data)], "the data stored");
        }),
        Case("Append_again_after_overwriting_the_data_is_refused", async store =>
        {
            var buffer = "before"u8.ToArray();
            var request = Request(Write("a", ExpectedVersion.Any, new NewEvent(store.NewId(), "t", buffer)));
            await store.AppendAsync(request);
            Array.Fill(buffer, (byte)'?');
            await store.RefusesAsync<DuplicateEventIdException>(request);
        }),
        Case("Read_a_page_keeps_its_events_while_others_append_and_read", async store =>
        {
            await store.AppendAsync(
                "a",
                [.. Enumerable.Range(0, 50).Select(n => store.Event(data: new string((char)('a' + (n % 26)), 500), metadata: $"m{n}"))]);
            using var page = await store.Storage.ReadLogAsync(new LogRead());
            using var stream = await store.Storage.ReadStreamAsync(new StreamRead("a"));
            var before = SeenIn(page);
            for (var round = 0; round < 10; round++)
            {
                await store.AppendAsync("a", store.Event(data: new string('#', 500)));
                (await store.Storage.ReadLogAsync(new LogRead { Direction = ReadDirection.Backwards })).Dispose();
                (await store.Storage.ReadStreamAsync(new StreamRead("a") { After = 10 })).Dispose();
            }

            Expect.Sequence(before, SeenIn(page), "the page after others have read and appended");
            Expect.Sequence(before, SeenIn(stream), "the page of the stream after others have read and appended");
            Expect.Equal(50, page.Head, "the head in the page");
        }),
        Case("Read_pages_disposed_in_any_order_leaves_the_others_whole", async store =>
        {
            await store.AppendAsync("a", [.. Enumerable.Range(0, 30).Select(n => store.Event(data: $"data of {n}"))]);
            var log = await store.LogAsync();
            var pages = new List<EventPage>();
            for (var n = 0; n < 10; n++) pages.Add(await store.Storage.ReadLogAsync(new LogRead { After = n * 3, UpTo = (n + 1) * 3 }));
            foreach (var n in new[] { 3, 9, 0, 5 }) pages[n].Dispose();
            for (var n = 0; n < 20; n++) (await store.Storage.ReadLogAsync(new LogRead { Limit = 3 })).Dispose();
            foreach (var n in new[] { 1, 2, 4, 6, 7, 8 })
            {
                Expect.Sequence(log[(n * 3)..((n + 1) * 3)], SeenIn(pages[n]), $"page {n}");
                pages[n].Dispose();
            }
        }),
        Case("Dispose_a_page_twice_is_harmless", async store =>
        {
            await store.AppendAsync("a", store.Event());
            var page = await store.Storage.ReadLogAsync(new LogRead());
            page.Dispose();
            page.Dispose();
            Expect.Equal(1, (await store.LogAsync()).Count, "the number of events");
        }),
        Case("Read_an_event_whose_stored_memory_is_asked_for_twice_is_alike", async store =>
        {
            await store.AppendAsync("a", store.Event(data: "same", tags: "x"));
            Expect.Sequence(await store.LogAsync(), await store.LogAsync(), "the second read");
        }),
        Case("Commit_then_overwrite_the_bytes_leaves_the_document_as_it_was", async store =>
        {
            var buffer = "before"u8.ToArray();
            await store.ReadModels.CommitAsync(
                new ReadModelCommit { Creates = [Documents.People], Changes = [new DocumentChange("people", "k", buffer)] });
            Array.Fill(buffer, (byte)'?');
            await Documents.ExpectAsync(store, "people", ("k", "before"));
        }),
        Case("Commit_then_overwrite_the_field_values_leaves_the_document_as_it_was", async store =>
        {
            FieldValue[] values = [new(7L), new(1.5), new("before")];
            await store.ReadModels.CommitAsync(
                new ReadModelCommit { Creates = [Documents.Books], Changes = [Documents.Put("books", "k", "1", values)] });
            Array.Clear(values);
            var found = await Documents.QueryAsync(store, "books", new DocumentQuery { OrderBy = "Title" });
            Expect.Sequence([new FieldValue("before")], [.. found.Select(d => d.OrderedBy)], "the title of the document");
        }),
        Case("Commit_then_overwrite_the_definition_leaves_the_read_model_as_it_was", async store =>
        {
            var fields = Documents.Books.Fields.ToArray();
            await Documents.CreateAsync(store, new ReadModelDefinition("books", fields));
            Array.Fill(fields, new FieldDefinition("Other", FieldKind.Text));
            await Documents.CommitAsync(store, Documents.Book("k", "1", 7));
            Expect.Equal(
                1,
                await store.ReadModels.CountAsync("books", [new FieldCondition("Pages", FieldComparison.Equal, new FieldValue(7L))]),
                "the number of documents with that value");
        }),
        Case("Load_then_overwrite_the_bytes_leaves_the_document_as_it_was", async store =>
        {
            await Documents.CreateAsync(store, Documents.People);
            await Documents.CommitAsync(store, Documents.Put("people", "k", "before"));
            Array.Fill((await store.ReadModels.LoadAsync("people", ["k"]))[0]!, (byte)'?');
            await Documents.ExpectAsync(store, "people", ("k", "before"));
            Expect.Equal(
                "before",
                SeenEvent.Text((await Documents.QueryAsync(store, "people", new DocumentQuery()))[0].Data.Span),
                "the document found");
        }),
        Case("Load_one_key_twice_then_overwrite_one_leaves_the_other", async store =>
        {
            await Documents.CreateAsync(store, Documents.People);
            await Documents.CommitAsync(store, Documents.Put("people", "k", "before"));
            var loaded = await store.ReadModels.LoadAsync("people", ["k", "k"]);
            Array.Fill(loaded[0]!, (byte)'?');
            Expect.Equal("before", Documents.Text(loaded[1]), "the other");
        }),
        Case("Load_within_an_append_then_overwrite_the_bytes_leaves_the_document_as_it_was", async store =>
        {
            await Documents.CreateAsync(store, Documents.People);
            await Documents.CommitAsync(store, Documents.Put("people", "k", "before"));
            await store.AppendAsync(StoreUnderTest.Request(StoreUnderTest.Write("a", ExpectedVersion.Any, store.Event())) with
            {
                ReadModels = async (transaction, token) =>
                {
                    Array.Fill((await transaction.LoadAsync("people", ["k"], token))[0]!, (byte)'?');
                    return new ReadModelCommit();
                },
            });
            await Documents.ExpectAsync(store, "people", ("k", "before"));
        }),
    ];

    private static ConformanceCase Case(string title, Func<StoreUnderTest, Task> run) => new(title, ConformanceRule.Immutability, run);

    private static List<SeenEvent> SeenIn(EventPage page)
    {
        var seen = new List<SeenEvent>();
        foreach (ref readonly var e in page.Events) seen.Add(SeenEvent.Of(e));
        return seen;
    }
}
