using static EventSourcing.Testing.Documents;

namespace EventSourcing.Testing;

/// <summary>All or nothing: a commit that would change everything has one flaw each time, is refused, and changes nothing.</summary>
internal static class RefusedCommitCases
{
    /// <summary>The commit without a flaw, which changes everything that exists.</summary>
    private static readonly ReadModelCommit Right = new()
    {
        Guards = [Guard("people", "ann", "Ann")],
        Drops = ["people"],
        Creates = [Define("new", ("Colour", FieldKind.Text))],
        Aliases = [new ReadModelAlias("current", "new")],
        Changes = [Book("emma", "changed", 1), Delete("books", "ulysses"), Put("new", "k", "1", new FieldValue("red"))],
    };

    public static IEnumerable<ConformanceCase> All =>
    [
        new("Commit_what_the_refused_commits_have_right_changes_everything", ConformanceRule.ReadModels, async store =>
        {
            await SeedAsync(store);
            await store.ReadModels.CommitAsync(Right);
            await ExpectAllAsync(store, "people");
            await ExpectAllAsync(store, "current", "k");
            await ExpectAsync(store, "books", ("emma", "changed"), ("ulysses", null));
        }),
        .. Flaws.Select(flaw =>
            new ConformanceCase($"Commit_{flaw.Name}_is_refused_and_changes_nothing", ConformanceRule.ReadModels, async store =>
            {
                await SeedAsync(store);
                await flaw.ExpectRefusalAsync(store, async () => await store.ReadModels.CommitAsync(flaw.Commit));
                await store.ReadModels.CommitAsync(Right);
                await ExpectAllAsync(store, "current", "k");
            })),
        .. Flaws.Select(flaw => new ConformanceCase(
            $"Append_with_read_models_{flaw.Name}_is_refused_and_changes_nothing", ConformanceRule.AppendedReadModels, async store =>
            {
                await SeedAsync(store);
                await store.AppendAsync("a", store.Event());
                var events = store.Events(2);
                var request = StoreUnderTest.Request(
                    StoreUnderTest.Write("a", 1, events[0]), StoreUnderTest.Write("b", ExpectedVersion.NoStream, events[1]));
                await flaw.ExpectRefusalAsync(store, async () =>
                    await store.Storage.AppendAsync(request with { ReadModels = (_, _) => ValueTask.FromResult(flaw.Commit) }));
                StoreUnderTest.ExpectResult(
                    await store.AppendAsync(request with { ReadModels = (_, _) => ValueTask.FromResult(Right) }),
                    2,
                    3,
                    false,
                    new AppendedStream("a", 2, 2),
                    new AppendedStream("b", 1, 1));
                await ExpectAllAsync(store, "current", "k");
            })),
    ];

    private static IEnumerable<Flaw> Flaws =>
    [
        Conflict("with_a_guard_of_other_bytes", "people", "bob", Guard("people", "bob", "Bobby")),
        Conflict("with_a_guard_of_fewer_bytes", "people", "bob", Guard("people", "bob", "Bo")),
        Conflict("with_a_guard_of_no_bytes_where_there_are_some", "people", "bob", Guard("people", "bob", "")),
        Conflict("with_a_guard_of_absence_where_there_is_a_document", "people", "bob", Guard("people", "bob", null)),
        Conflict("with_a_guard_of_a_document_where_there_is_none", "people", "carl", Guard("people", "carl", "Carl")),
        Conflict("with_a_guard_of_an_empty_document_where_there_is_none", "people", "carl", Guard("people", "carl", "")),
        Conflict("with_a_guard_of_a_document_in_a_read_model_that_does_not_exist", "missing", "ann", Guard("missing", "ann", "Ann")),
        Conflict("with_a_guard_of_a_document_that_it_would_write", "new", "k", Guard("new", "k", "1")),
        Conflict("with_a_guard_of_a_document_by_an_alias", "current", "ulysses", Guard("current", "ulysses", "Ulysses")),
        Conflict("with_only_its_second_guard_unmet", "books", "ulysses", Guard("people", "bob", "Bob"), Guard("books", "ulysses", null)),
        Conflict("with_only_its_first_guard_unmet", "people", "bob", Guard("people", "bob", null), Guard("books", "ulysses", "Ulysses")),
        Conflict(
            "with_two_guards_unmet_names_the_first_and",
            "people",
            "carl",
            Guard("people", "carl", "Carl"),
            Guard("books", "ulysses", null)),
        Conflict(
            "with_the_last_of_100_guards_unmet",
            "people",
            "bob",
            [.. Enumerable.Range(0, 99).Select(n => Guard("people", $"k{n}", null)), Guard("people", "bob", null)]),

        Bad("a_change_of_a_read_model_that_does_not_exist", Right with { Changes = [.. Right.Changes, Put("missing", "k", "1")] }),
        Bad("a_deletion_in_a_read_model_that_does_not_exist", Right with { Changes = [.. Right.Changes, Delete("missing", "k")] }),
        Bad("a_change_of_a_read_model_that_it_drops", Right with { Changes = [.. Right.Changes, Put("people", "ann", "1")] }),
        Bad("a_change_by_an_alias", Right with { Changes = [.. Right.Changes, Book("k", "1") with { Model = "current" }] }),
        Bad("a_creation_with_a_field_less", Right with { Creates = [.. Right.Creates, Books with { Fields = [.. Books.Fields.Take(2)] }] }),
        Bad("a_creation_with_a_field_more", Right with
        {
            Creates = [.. Right.Creates, Books with { Fields = [.. Books.Fields, new FieldDefinition("Colour", FieldKind.Text)] }],
        }),
        Bad(
            "a_creation_with_fields_in_another_order",
            Right with { Creates = [.. Right.Creates, Books with { Fields = [.. Books.Fields.Reverse()] }] }),
        Bad("a_creation_with_a_field_of_another_kind", Right with { Creates =
        [
            .. Right.Creates,
            Define("books", ("Pages", FieldKind.Number), ("Price", FieldKind.Number), ("Title", FieldKind.Text)),
        ] }),
        Bad("a_creation_with_a_field_of_another_name", Right with { Creates =
        [
            .. Right.Creates,
            Define("books", ("Sheets", FieldKind.WholeNumber), ("Price", FieldKind.Number), ("Title", FieldKind.Text)),
        ] }),
        Bad("a_creation_without_the_fields", Right with { Creates = [.. Right.Creates, Define("books")] }),
        Bad(
            "two_creations_that_differ",
            Right with { Creates = [.. Right.Creates, Define("other"), Define("other", ("Colour", FieldKind.Text))] }),
        Bad(
            "two_creations_that_differ_after_a_drop",
            Right with { Drops = ["people", "books"], Creates = [.. Right.Creates, Books, Define("books")] }),
        Bad("a_creation_under_the_name_of_an_alias", Right with { Aliases = [], Creates = [.. Right.Creates, Define("current")] }),
        Bad("a_creation_under_the_name_of_an_alias_that_it_moves", Right with { Creates = [.. Right.Creates, Define("current")] }),
        Bad(
            "an_alias_of_a_read_model_that_does_not_exist",
            Right with { Aliases = [.. Right.Aliases, new ReadModelAlias("other", "missing")] }),
        Bad("an_alias_of_a_read_model_that_it_drops", Right with { Aliases = [.. Right.Aliases, new ReadModelAlias("other", "people")] }),
        Bad("an_alias_of_an_alias", Right with { Aliases = [.. Right.Aliases, new ReadModelAlias("other", "current")] }),
        Bad("an_alias_of_itself", Right with { Aliases = [.. Right.Aliases, new ReadModelAlias("other", "other")] }),
        Bad("an_alias_under_the_name_of_a_read_model", Right with { Aliases = [.. Right.Aliases, new ReadModelAlias("books", "new")] }),
        Bad(
            "an_alias_under_the_name_of_a_read_model_that_it_creates",
            Right with { Creates = [.. Right.Creates, Define("other")], Aliases = [.. Right.Aliases, new ReadModelAlias("other", "new")] }),

        Bad(
            "a_document_with_a_field_value_less",
            Right with { Changes = [.. Right.Changes, Put("books", "k", "1", new FieldValue(1L), new FieldValue(1.0))] }),
        Bad(
            "a_document_with_a_field_value_more",
            Right with { Changes = [.. Right.Changes, Put("books", "k", "1", default, default, default, default)] }),
        Bad("a_document_without_its_field_values", Right with { Changes = [.. Right.Changes, Put("books", "k", "1")] }),
        Bad(
            "a_document_with_a_value_for_a_read_model_without_fields",
            Right with { Drops = [], Changes = [.. Right.Changes, Put("people", "k", "1", new FieldValue(1L))] }),
        .. from kind in Enum.GetValues<FieldKind>()
           from value in new[] { new FieldValue(1L), new FieldValue(1.0), new FieldValue("1") }
           where value.Kind != kind
           select Bad($"a_{value.Kind}_in_a_field_of_{kind}", Right with
           {
               Creates = [.. Right.Creates, Define("other", ("Colour", kind))],
               Changes = [.. Right.Changes, Put("other", "k", "1", value)],
           }),
        Bad("a_key_twice", Right with { Changes = [.. Right.Changes, Book("emma", "again")] }),
        Bad("a_key_written_and_deleted", Right with { Changes = [.. Right.Changes, Delete("books", "emma")] }),
        Bad("a_document_without_a_read_model", Right with { Changes = [.. Right.Changes, default] }),

        Bad("a_definition_of_33_fields", Right with
        {
            Creates = [.. Right.Creates, Define("other", [.. Enumerable.Range(0, 33).Select(n => ($"F{n}", FieldKind.Text))])],
        }),
        .. new[]
        {
            ("of_no_characters", ""),
            ("of_61_characters", new string('f', 61)),
            ("that_begins_with_a_digit", "1st"),
            ("with_a_space", "a b"),
            ("with_a_quote", "a\"b"),
            ("with_a_hyphen", "a-b"),
            ("beyond_ASCII", "\u00E9tat"),
            ("that_every_document_has", "Key"),
            ("of_its_data", "data"),
            ("that_is_null", null!),
        }
            .Select(name => Bad(
                $"a_field_name_{name.Item1}",
                Right with { Creates = [.. Right.Creates, Define("other", ("Colour", FieldKind.Text), (name.Item2, FieldKind.Text))] })),
        Bad(
            "a_field_name_twice",
            Right with { Creates = [.. Right.Creates, Define("other", ("Colour", FieldKind.Text), ("Colour", FieldKind.Text))] }),
        Bad(
            "a_field_name_twice_but_for_case",
            Right with { Creates = [.. Right.Creates, Define("other", ("Colour", FieldKind.Text), ("COLOUR", FieldKind.Text))] }),
        Bad("a_field_of_no_kind", Right with { Creates = [.. Right.Creates, Define("other", ("Colour", default))] }),
        Bad("a_field_of_an_unknown_kind", Right with { Creates = [.. Right.Creates, Define("other", ("Colour", (FieldKind)9))] }),
        Bad("a_definition_that_is_null", Right with { Creates = [.. Right.Creates, null!] }),
        Bad("a_definition_without_a_list_of_fields", Right with { Creates = [.. Right.Creates, new ReadModelDefinition("other", null!)] }),
        Bad("without_a_list_of_guards", Right with { Guards = null! }),
        Bad("without_a_list_of_drops", Right with { Drops = null! }),
        Bad("without_a_list_of_creations", Right with { Creates = null! }),
        Bad("without_a_list_of_aliases", Right with { Aliases = null! }),
        Bad("without_a_list_of_changes", Right with { Changes = null! }),
        Bad("that_is_null", null!),
    ];

    private static Flaw Bad(string name, ReadModelCommit commit) => new(name, commit, async (store, act) =>
        await RefusesAsync<ArgumentException>(store, act));

    private static Flaw Conflict(string name, string model, string key, params IReadOnlyList<DocumentGuard> guards) =>
        new(name, Right with { Guards = [.. Right.Guards, .. guards] }, async (store, act) =>
        {
            var error = await RefusesAsync<ReadModelConflictException>(store, act);
            Expect.Equal(model, error.Model, "the read model in the error");
            Expect.Equal(key, error.Key, "the key in the error");
        });

    private sealed record Flaw(string Name, ReadModelCommit Commit, Func<StoreUnderTest, Func<Task>, Task> ExpectRefusalAsync);
}
