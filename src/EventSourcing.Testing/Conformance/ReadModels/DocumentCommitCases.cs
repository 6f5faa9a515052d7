using static EventSourcing.Testing.Documents;

namespace EventSourcing.Testing;

/// <summary>Read models and aliases are created, moved and dropped in one commit with documents, in the order of the contract.</summary>
internal static class DocumentCommitCases
{
    private static readonly ReadModelDefinition New = Define("new", ("Colour", FieldKind.Text));

    public static IEnumerable<ConformanceCase> All =>
    [
        Case("Commit_nothing_changes_nothing", async store =>
        {
            var before = await StateAsync(store);
            await store.ReadModels.CommitAsync(new ReadModelCommit());
            Expect.Sequence(before, await StateAsync(store), "what can be seen of the read models");
        }),
        Case("Create_a_read_model_then_write_to_it_finds_the_document", async store =>
        {
            await CreateAsync(store, New);
            await CommitAsync(store, Put("new", "k", "1", new FieldValue("red")));
            await ExpectAllAsync(store, "new", "k");
        }),
        Case("Create_a_read_model_and_write_to_it_in_one_commit_does_both", async store =>
        {
            await store.ReadModels.CommitAsync(
                new ReadModelCommit { Creates = [New], Changes = [Put("new", "k", "1", new FieldValue("red"))] });
            await ExpectAsync(store, "new", ("k", "1"));
        }),
        Case("Create_again_as_defined_leaves_the_documents", async store =>
        {
            var before = await StateAsync(store);
            await CreateAsync(store, Books, Define("people"));
            Expect.Sequence(before, await StateAsync(store), "what can be seen of the read models");
        }),
        Case("Create_twice_alike_in_one_commit_is_one_read_model", async store =>
        {
            await store.ReadModels.CommitAsync(
                new ReadModelCommit { Creates = [New, New], Changes = [Put("new", "k", "1", new FieldValue("red"))] });
            await ExpectAllAsync(store, "new", "k");
        }),
        Case("Create_with_32_fields_keeps_each", async store =>
        {
            await CreateAsync(store, Define("new", [.. Enumerable.Range(0, 32).Select(n => ($"Field_{n}", (FieldKind)(1 + (n % 3))))]));
            await CommitAsync(store, [.. Enumerable.Range(0, 5)
                .Select(d => Put("new", $"{d}", "1", [.. Enumerable.Range(0, 32).Select(n => ValueOf(n, d * (n + 3) % 5))]))]);
            for (var n = 0; n < 32; n++)
            {
                var found = await QueryAsync(store, "new", new DocumentQuery { OrderBy = $"Field_{n}" });
                Expect.Sequence(
                    [.. Enumerable.Range(0, 5).Select(d => (Value: d * (n + 3) % 5, Key: $"{d}")).Order().Select(d =>
                        (d.Key, ValueOf(n, d.Value)))],
                    [.. found.Select(d => (d.Key, d.OrderedBy))],
                    $"the documents by field {n}");
            }

            static FieldValue ValueOf(int n, int value) =>
                (n % 3) switch { 0 => new FieldValue((long)value), 1 => new FieldValue(value + 0.5), _ => new FieldValue($"text {value}") };
        }),
        Case("Create_with_a_field_name_that_SQL_knows_works_as_any_other", async store =>
        {
            string[] names =
                ["select", "Order", "group", "rowid", "oid", "_rowid_", "index", "value", "model", "a", "_", new string('f', 60)];
            await CreateAsync(store, Define("new", [.. names.Select(name => (name, FieldKind.Text))]));
            await CommitAsync(store, Put("new", "k", "1", [.. names.Select(name => new FieldValue("of " + name))]));
            foreach (var name in names)
                Expect.Equal(
                    1,
                    await store.ReadModels.CountAsync("new", [Where(name, FieldComparison.Equal, new FieldValue("of " + name))]),
                    $"the number of documents by '{name}'");
        }),
        Case("Drop_a_read_model_removes_its_documents", async store =>
        {
            await store.ReadModels.CommitAsync(new ReadModelCommit { Drops = ["people"] });
            await ExpectAsync(store, "people", ("ann", null), ("bob", null));
            await ExpectAllAsync(store, "people");
            await ExpectAllAsync(store, "books", "emma", "ulysses");
            await RefusesAsync<ArgumentException>(store, new ReadModelCommit { Changes = [Put("people", "ann", "1")] });
        }),
        Case("Drop_a_read_model_that_does_not_exist_changes_nothing", async store =>
        {
            var before = await StateAsync(store);
            await store.ReadModels.CommitAsync(new ReadModelCommit { Drops = ["missing", "missing"] });
            Expect.Sequence(before, await StateAsync(store), "what can be seen of the read models");
        }),
        Case("Drop_by_an_alias_leaves_alias_and_read_model", async store =>
        {
            var before = await StateAsync(store);
            await store.ReadModels.CommitAsync(new ReadModelCommit { Drops = ["current"] });
            Expect.Sequence(before, await StateAsync(store), "what can be seen of the read models");
        }),
        Case("Drop_then_create_again_starts_without_documents", async store =>
        {
            await store.ReadModels.CommitAsync(new ReadModelCommit { Drops = ["books"] });
            await CreateAsync(store, Books);
            await ExpectAllAsync(store, "books");
            await ExpectAsync(store, "books", ("emma", null));
        }),
        Case("Drop_then_create_otherwise_has_the_new_fields_only", async store =>
        {
            await store.ReadModels.CommitAsync(new ReadModelCommit { Drops = ["books"] });
            await CreateAsync(store, Define("books", ("Title", FieldKind.WholeNumber), ("Colour", FieldKind.Text)));
            await CommitAsync(store, Put("books", "k", "1", new FieldValue(5L), new FieldValue("red")));
            Expect.Equal(
                1,
                await store.ReadModels.CountAsync("books", [Where("Title", FieldComparison.AtLeast, new FieldValue(5L))]),
                "the number of documents by a field of another kind than before");
            await Expect.ThrowsAsync<UnknownFieldException>(
                async () => await store.ReadModels.CountAsync("books", [Where("Pages", FieldComparison.Equal, default)]),
                "the count by a field that was");
        }),
        Case("Drop_and_create_again_in_one_commit_starts_without_documents_and_aliases", async store =>
        {
            await store.ReadModels.CommitAsync(new ReadModelCommit { Drops = ["books"], Creates = [Books], Changes = [Book("new", "1")] });
            await ExpectAllAsync(store, "books", "new");
            await ExpectAllAsync(store, "current");
        }),
        Case("Drop_and_create_otherwise_in_one_commit_has_the_new_fields_only", async store =>
        {
            await store.ReadModels.CommitAsync(new ReadModelCommit
            {
                Drops = ["books"],
                Creates = [Define("books", ("Colour", FieldKind.Text))],
                Changes = [Put("books", "k", "1", new FieldValue("red"))],
            });
            Expect.Equal(
                1,
                await store.ReadModels.CountAsync("books", [Where("Colour", FieldComparison.Equal, new FieldValue("red"))]),
                "the number of red documents");
            var error = await Expect.ThrowsAsync<UnknownFieldException>(
                async () => await store.ReadModels.QueryAsync("books", new DocumentQuery { OrderBy = "Title" }),
                "the query by a field that was");
            Expect.Equal("Title", error.Field, "the field in the error");
        }),
        Case("Drop_a_read_model_removes_its_aliases", async store =>
        {
            await store.ReadModels.CommitAsync(new ReadModelCommit { Aliases = [new ReadModelAlias("other", "people")] });
            await store.ReadModels.CommitAsync(new ReadModelCommit { Drops = ["books"] });
            await ExpectAllAsync(store, "current");
            await ExpectAllAsync(store, "other", "ann", "bob");
            await CreateAsync(store, Books);
            await CommitAsync(store, Book("k", "1"));
            await ExpectAllAsync(store, "current");
        }),
        Case("Drop_a_read_model_frees_the_names_of_its_aliases", async store =>
        {
            await store.ReadModels.CommitAsync(
                new ReadModelCommit { Drops = ["books"], Creates = [Define("current")], Changes = [Put("current", "k", "1")] });
            await ExpectAllAsync(store, "current", "k");
        }),
        Case("Alias_a_read_model_reads_it_under_both_names", async store =>
        {
            await store.ReadModels.CommitAsync(new ReadModelCommit { Aliases = [new ReadModelAlias("other", "people")] });
            await ExpectAsync(store, "other", ("bob", "Bob"));
            await ExpectAllAsync(store, "other", "ann", "bob");
            await CommitAsync(store, Put("people", "carl", "Carl"), Delete("people", "ann"));
            await ExpectAllAsync(store, "other", "bob", "carl");
            await ExpectAllAsync(store, "people", "bob", "carl");
        }),
        Case("Alias_a_read_model_created_in_the_same_commit_reads_it", async store =>
        {
            await store.ReadModels.CommitAsync(new ReadModelCommit
            {
                Creates = [New],
                Aliases = [new ReadModelAlias("other", "new")],
                Changes = [Put("new", "k", "1", new FieldValue("red"))],
            });
            await ExpectAllAsync(store, "other", "k");
        }),
        Case("Alias_a_read_model_twice_reads_it_under_each", async store =>
        {
            await store.ReadModels.CommitAsync(
                new ReadModelCommit { Aliases = [new ReadModelAlias("other", "books"), new ReadModelAlias("missing", "books")] });
            foreach (var name in new[] { "books", "current", "other", "missing" }) await ExpectAllAsync(store, name, "emma", "ulysses");
        }),
        Case("Alias_moved_reads_the_new_read_model_only", async store =>
        {
            await store.ReadModels.CommitAsync(new ReadModelCommit { Aliases = [new ReadModelAlias("current", "people")] });
            await ExpectAllAsync(store, "current", "ann", "bob");
            await ExpectAsync(store, "current", ("emma", null), ("ann", "Ann"));
            await ExpectAllAsync(store, "books", "emma", "ulysses");
            await Expect.ThrowsAsync<UnknownFieldException>(
                async () => await store.ReadModels.CountAsync("current", [Where("Title", FieldComparison.Equal, default)]),
                "the count by a field of the read model that the alias has left");
        }),
        Case("Alias_moved_stays_when_the_read_model_it_has_left_is_dropped", async store =>
        {
            await store.ReadModels.CommitAsync(new ReadModelCommit { Aliases = [new ReadModelAlias("current", "people")] });
            await store.ReadModels.CommitAsync(new ReadModelCommit { Drops = ["books"] });
            await ExpectAllAsync(store, "current", "ann", "bob");
        }),
        Case("Alias_moved_to_a_rebuilt_read_model_as_the_old_is_dropped_switches_readers_in_one_commit", async store =>
        {
            var rebuilt = Books with { Name = "new" };
            await store.ReadModels.CommitAsync(
                new ReadModelCommit { Creates = [rebuilt], Changes = [Book("emma", "rebuilt", 1) with { Model = "new" }] });
            await store.ReadModels.CommitAsync(new ReadModelCommit { Drops = ["books"], Aliases = [new ReadModelAlias("current", "new")] });
            await ExpectAsync(store, "current", ("emma", "rebuilt"), ("ulysses", null));
            await ExpectAllAsync(store, "books");
        }),
        Case("Commit_drops_creations_aliases_and_documents_at_once_does_them_in_that_order", async store =>
        {
            await store.ReadModels.CommitAsync(new ReadModelCommit
            {
                Guards = [Guard("people", "ann", "Ann"), Guard("new", "k", null)],
                Drops = ["people"],
                Creates = [New, Define("people", ("Colour", FieldKind.Text))],
                Aliases = [new ReadModelAlias("current", "new"), new ReadModelAlias("other", "people")],
                Changes =
                [
                    Put("people", "ann", "again", new FieldValue("blue")),
                    Put("new", "k", "1", new FieldValue("red")),
                    Delete("books", "emma"),
                ],
            });
            await ExpectAllAsync(store, "people", "ann");
            await ExpectAsync(store, "other", ("ann", "again"), ("bob", null));
            await ExpectAsync(store, "current", ("k", "1"));
            await ExpectAllAsync(store, "books", "ulysses");
        }),
        .. new[] { 1, 2, 1000 }.Select(count => Case($"Commit_{count}_changes_makes_each", async store =>
        {
            await CommitAsync(store, [.. Enumerable.Range(0, count).Select(n => Book($"k{n:0000}", $"{n}", n, n / 2.0, $"title {n}"))]);
            await ExpectAllAsync(store, "books", ["emma", .. Enumerable.Range(0, count).Select(n => $"k{n:0000}"), "ulysses"]);
            await CommitAsync(store, [.. Enumerable.Range(0, count)
                .Select(n => n % 2 == 0 ? Delete("books", $"k{n:0000}") : Book($"k{n:0000}", "changed", -n))]);
            var changed = Enumerable.Range(0, count).Where(n => n % 2 == 1).Select(n => $"k{n:0000}").ToList();
            await ExpectAsync(store, "books", [.. changed.Select(key => (key, (string?)"changed"))]);
            Expect.Equal(
                changed.Count,
                await store.ReadModels.CountAsync(
                    "books", [Where("Pages", FieldComparison.Below, new FieldValue(0L)), Where("Price", FieldComparison.Equal, default)]),
                "the number of documents with the new values");
            Expect.Equal(2 + changed.Count, await store.ReadModels.CountAsync("books", []), "the number of documents");
        })),
        Case("Commit_100_read_models_at_once_keeps_them_apart", async store =>
        {
            await store.ReadModels.CommitAsync(new ReadModelCommit
            {
                Creates = [.. Enumerable.Range(0, 100).Select(n => Define($"model {n}", ("Pages", FieldKind.WholeNumber)))],
                Aliases = [.. Enumerable.Range(0, 100).Select(n => new ReadModelAlias($"alias {n}", $"model {99 - n}"))],
                Changes = [.. Enumerable.Range(0, 100).Select(n => Put($"model {n}", "k", $"{n}", new FieldValue((long)n)))],
            });
            for (var n = 0; n < 100; n++) await ExpectAsync(store, $"alias {n}", ("k", $"{99 - n}"));
        }),
    ];

    private static ConformanceCase Case(string title, Func<StoreUnderTest, Task> run) =>
        new(title, ConformanceRule.ReadModels, async store =>
        {
            await SeedAsync(store);
            await run(store);
        });
}
