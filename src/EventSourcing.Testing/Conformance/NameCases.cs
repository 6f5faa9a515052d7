using static EventSourcing.Testing.StoreUnderTest;

namespace EventSourcing.Testing;

/// <summary>
/// Names are ordinal text: names that differ in one code unit are different, whatever a culture, a collation or a column's affinity says.
/// What is not text is refused.
/// </summary>
internal static class NameCases
{
    public static IEnumerable<ConformanceCase> All =>
    [
        .. from kind in Kinds
           from pair in LookAlikes
           select new ConformanceCase($"Tell_{kind.Name}_apart_that_differ_in_{pair.Difference}", ConformanceRule.Streams, store =>
               kind.AreApartAsync(store, pair.One, pair.Other)),
        .. Texts.Select(text =>
            new ConformanceCase($"Use_{text.Name}_as_a_name_of_everything_is_read_back_alike", ConformanceRule.Streams, store =>
                IsKeptAsync(store, text.Value))),
        .. from flaw in Flaws
           from use in Uses
           select new ConformanceCase($"{use.Name}_{flaw.Name}_is_a_bad_argument", ConformanceRule.Streams, async store =>
           {
               await store.AppendAsync("a", store.Event());
               await store.RefusesAsync<ArgumentException>(() => use.Try(store, flaw.Value));
           }),
        .. Flaws.Where(flaw => !flaw.Name.Contains("control", StringComparison.Ordinal)).Select(flaw =>
            new ConformanceCase($"Commit_a_document_under_{flaw.Name}_is_a_bad_argument", ConformanceRule.ReadModels, async store =>
            {
                await Documents.SeedAsync(store);
                await Documents.RefusesAsync<ArgumentException>(
                    store, new ReadModelCommit { Changes = [Documents.Put("people", "k", "1"), Documents.Put("people", flaw.Value, "1")] });
                await Documents.RefusesAsync<ArgumentException>(store, new ReadModelCommit
                {
                    Guards = [Documents.Guard("people", flaw.Value, null)],
                    Changes = [Documents.Put("people", "k", "1")],
                });
                await Documents.RefusesAsync<ArgumentException>(store, async () =>
                    await store.ReadModels.LoadAsync("people", ["ann", flaw.Value]));
            })),
    ];

    private static IEnumerable<(string Difference, string One, string Other)> LookAlikes =>
    [
        ("case", "name", "Name"),
        ("composition", "caf\u00E9", "cafe\u0301"),
        ("a_trailing_space", "name", "name "),
        ("a_leading_zero", "1", "01"),
        ("a_hyphen_that_collations_ignore", "co-op", "coop"),
        ("an_invisible_character", "name", "na\u200Bme"),
        ("the_kind_of_surrogate_pair", "\U0001F600", "\U0001F601"),
        ("the_last_of_200_characters", new string('n', 199) + "1", new string('n', 199) + "2"),
    ];

    private static IEnumerable<(string Name, string Value)> Texts =>
    [
        ("one_character", "n"),
        ("200_characters", new string('n', 200)),
        ("200_characters_of_three_bytes_each", new string('\u4E2D', 200)),
        ("100_surrogate_pairs", string.Concat(Enumerable.Repeat("\U0001F600", 100))),
        ("only_a_space", " "),
        ("quotes_and_wildcards", "'\"`%_*?[]\\;--"),
        ("right_to_left_text", "\u05E9\u05DC\u05D5\u05DD \u202Eabc"),
        ("the_word_NULL", "NULL"),
        ("a_number", "0x10"),
        ("the_first_and_last_allowed_code_points", " \u007E\u00A0\uD7FF\uE000\uFFFE\uFFFF\U00010000\U0010FFFF"),
        ("a_path", "../a/b:c"),
    ];

    private static IEnumerable<(string Name, string Value)> Flaws =>
    [
        ("an_empty_name", ""),
        ("a_name_of_201_characters", new string('n', 201)),
        ("a_name_with_U_0000", "a\0b"),
        ("a_name_with_a_control_line_feed", "a\nb"),
        ("a_name_with_a_control_delete", "a\u007Fb"),
        ("a_name_with_a_control_of_C1", "a\u0085b"),
        ("a_name_with_a_lone_high_surrogate", "a\uD83Db"),
        ("a_name_that_ends_in_a_high_surrogate", "a\uD83D"),
        ("a_name_with_a_lone_low_surrogate", "a\uDE00b"),
    ];

    private static IEnumerable<(string Name, Func<StoreUnderTest, string, Task> Try)> Uses =>
    [
        ("Append_to", (store, name) => store.AppendAsync(name, store.Event())),
        ("Append_beside_a_check_of", (store, name) =>
            store.AppendAsync(Request(Write("a", ExpectedVersion.Any, store.Event()), Check(name, ExpectedVersion.Any)))),
        ("Append_an_event_of_type", (store, name) => store.AppendAsync("a", new NewEvent(store.NewId(), name, default))),
        ("Read_the_stream_of", async (store, name) => (await store.Storage.ReadStreamAsync(new StreamRead(name))).Dispose()),
        ("Create_the_read_model_of", async (store, name) => await Documents.CreateAsync(store, Documents.People, Documents.Define(name))),
        ("Drop_the_read_model_of", async (store, name) => await store.ReadModels.CommitAsync(new ReadModelCommit { Drops = [name] })),
        ("Change_the_read_model_of", async (store, name) => await Documents.CommitAsync(store, Documents.Put(name, "k", "1"))),
        ("Guard_the_read_model_of", async (store, name) =>
            await store.ReadModels.CommitAsync(new ReadModelCommit { Guards = [Documents.Guard(name, "k", null)] })),
        ("Name_the_alias_of", async (store, name) => await store.ReadModels.CommitAsync(
            new ReadModelCommit { Creates = [Documents.People], Aliases = [new ReadModelAlias(name, "people")] })),
        ("Alias_the_read_model_of", async (store, name) => await store.ReadModels.CommitAsync(
            new ReadModelCommit { Creates = [Documents.People], Aliases = [new ReadModelAlias("current", name)] })),
        ("Load_from_the_read_model_of", async (store, name) => await store.ReadModels.LoadAsync(name, ["k"])),
        ("Query_the_read_model_of", async (store, name) => await store.ReadModels.QueryAsync(name, new DocumentQuery())),
        ("Count_the_read_model_of", async (store, name) => await store.ReadModels.CountAsync(name, [])),
    ];

    private static IEnumerable<(string Name, Func<StoreUnderTest, string, string, Task> AreApartAsync)> Kinds =>
    [
        ("streams", async (store, one, other) =>
        {
            await store.AppendAsync(one, ExpectedVersion.NoStream, store.Events(2));
            await store.AppendAsync(Request(Write(other, ExpectedVersion.NoStream, store.Event()), Check(one, 2)));
            Expect.Sequence([1L, 2L], [.. (await store.StreamAsync(one)).Select(e => e.Position)], $"the positions of '{one}'");
            Expect.Sequence([3L], [.. (await store.StreamAsync(other)).Select(e => e.Position)], $"the positions of '{other}'");
        }),
        ("types", async (store, one, other) =>
        {
            await store.AppendAsync("a", store.Event(one), store.Event(other));
            await ExpectOneEachAsync(store, EventQuery.OfTypes(one), EventQuery.OfTypes(other));
        }),
        ("tags", async (store, one, other) =>
        {
            await store.AppendAsync("a", store.Tagged(one), store.Tagged(other), store.Tagged(one, other));
            Expect.Sequence(
                [1L, 3L], [.. (await store.LogAsync(EventQuery.WithTags(one))).Select(e => e.Position)], $"the positions with tag '{one}'");
            Expect.Sequence(
                [2L, 3L],
                [.. (await store.LogAsync(EventQuery.WithTags(other))).Select(e => e.Position)],
                $"the positions with tag '{other}'");
            Expect.Sequence(
                [3L], [.. (await store.LogAsync(EventQuery.WithTags(one, other))).Select(e => e.Position)], "the positions with both tags");
        }),
        ("read_models", async (store, one, other) =>
        {
            await Documents.CreateAsync(store, Documents.Define(one), Documents.Define(other, ("F", FieldKind.Text)));
            await Documents.CommitAsync(store, Documents.Put(one, "k", "1"), Documents.Put(other, "k", "2", new FieldValue("f")));
            await Documents.ExpectAsync(store, one, ("k", "1"));
            await store.ReadModels.CommitAsync(new ReadModelCommit { Drops = [one] });
            await Documents.ExpectAsync(store, one, ("k", null));
            await Documents.ExpectAsync(store, other, ("k", "2"));
        }),
        ("aliases", async (store, one, other) =>
        {
            await Documents.SeedAsync(store);
            await store.ReadModels.CommitAsync(new ReadModelCommit { Aliases = [new ReadModelAlias(one, "people")] });
            await Documents.ExpectAsync(store, other, ("ann", null));
            await store.ReadModels.CommitAsync(new ReadModelCommit { Aliases = [new ReadModelAlias(other, "books")] });
            await Documents.ExpectAsync(store, one, ("ann", "Ann"), ("emma", null));
            await Documents.ExpectAsync(store, other, ("ann", null), ("ulysses", "Ulysses"));
        }),
        ("documents", async (store, one, other) =>
        {
            await Documents.CreateAsync(store, Documents.People);
            await Documents.CommitAsync(store, Documents.Put("people", one, "1"), Documents.Put("people", other, "2"));
            await Documents.CommitAsync(store, Documents.Delete("people", one));
            await Documents.ExpectAsync(store, "people", (one, null), (other, "2"));
        }),
    ];

    private static async Task IsKeptAsync(StoreUnderTest store, string name)
    {
        var e = store.Event(name, tags: name);
        await store.AppendAsync(name, e);
        await store.AppendAsync("other", store.Event());
        var log = await store.LogAsync();
        Expect.Equal(name, log[0].Stream, "the stream's name");
        Expect.Equal(name, log[0].Type, "the type's name");
        Expect.Equal(name, log[0].Tags, "the tag");
        Expect.Sequence([log[0]], await store.StreamAsync(name), "the stream of that name");
        Expect.Sequence([log[0]], await store.LogAsync(EventQuery.OfTypes(name)), "the events of that type");
        Expect.Sequence([log[0]], await store.LogAsync(EventQuery.WithTags(name)), "the events of that tag");
        Expect.Sequence([log[0]], await store.LogAsync(EventQuery.InStreams(name)), "the events of the streams with that prefix");
        await store.RefusesAsync<WrongExpectedVersionException>(Request(Write(name, ExpectedVersion.NoStream, store.Event())));
        await store.ReadModels.CommitAsync(new ReadModelCommit
        {
            Creates = [Documents.Define(name, ("Value", FieldKind.Text))],
            Changes = [Documents.Put(name, name, "document", new FieldValue(name))],
        });
        await Documents.ExpectAsync(store, name, (name, "document"));
        var found = await Documents.QueryAsync(store, name, new DocumentQuery
        {
            Conditions = [new FieldCondition("Value", FieldComparison.Equal, new FieldValue(name))],
            OrderBy = "Value",
        });
        Expect.Sequence([(name, new FieldValue(name))], [.. found.Select(d => (d.Key, d.OrderedBy))], "the documents with that value");
        await store.ReadModels.CommitAsync(
            new ReadModelCommit { Guards = [Documents.Guard(name, name, "document")], Changes = [Documents.Delete(name, name)] });
        await Documents.ExpectAllAsync(store, name);
        await store.ReadModels.CommitAsync(new ReadModelCommit
        {
            Drops = [name],
            Creates = [Documents.People],
            Aliases = [new ReadModelAlias(name, "people")],
            Changes = [Documents.Put("people", "k", "1")],
        });
        await Documents.ExpectAsync(store, name, ("k", "1"));
    }

    private static async Task ExpectOneEachAsync(StoreUnderTest store, EventQuery one, EventQuery other)
    {
        Expect.Sequence([1L], [.. (await store.LogAsync(one)).Select(e => e.Position)], $"the positions that match {one}");
        Expect.Sequence([2L], [.. (await store.LogAsync(other)).Select(e => e.Position)], $"the positions that match {other}");
    }
}
