using System.Text;

namespace EventSourcing.Testing;

/// <summary>Helpers of the cases that are about read models, and the read models that most cases begin with.</summary>
internal static class Documents
{
    /// <summary>Has a field of each kind, two documents, and the alias "current".</summary>
    public static readonly ReadModelDefinition Books = Define(
        "books", ("Pages", FieldKind.WholeNumber), ("Price", FieldKind.Number), ("Title", FieldKind.Text));

    /// <summary>Has no fields, and two documents.</summary>
    public static readonly ReadModelDefinition People = Define("people");

    /// <summary>Every name of a read model or an alias that a case uses, whether it exists, existed or might have been created.</summary>
    private static readonly string[] Names = ["books", "people", "current", "new", "other", "missing"];

    /// <summary>The last is a field of no read model; asking for it shows whether the read model exists.</summary>
    private static readonly string[] Fields = ["Pages", "Price", "Title", "Colour", "Nothing"];

    public static ReadModelDefinition Define(string name, params IReadOnlyList<(string Name, FieldKind Kind)> fields) =>
        new(name, [.. fields.Select(f => new FieldDefinition(f.Name, f.Kind))]);

    public static ReadOnlyMemory<byte> Bytes(string text) => Encoding.UTF8.GetBytes(text);

    public static string? Text(byte[]? document) => document is null ? null : Encoding.UTF8.GetString(document);

    public static DocumentChange Put(string model, string key, string text, params IReadOnlyList<FieldValue> fields) =>
        new(model, key, Bytes(text)) { Fields = fields };

    public static DocumentChange Book(string key, string text, long? pages = null, double? price = null, string? title = null) =>
        Put("books", key, text, pages is { } p ? new FieldValue(p) : default, price is { } q ? new FieldValue(q) : default, title is { } t
            ? new FieldValue(t)
            : default);

    public static DocumentChange Delete(string model, string key) => new(model, key, null);

    /// <summary>Expects the text; if it is null, expects that there is no such document.</summary>
    public static DocumentGuard Guard(string model, string key, string? expected) =>
        new(model, key, expected is null ? default(ReadOnlyMemory<byte>?) : Bytes(expected));

    public static FieldCondition Where(string field, FieldComparison comparison, FieldValue value) => new(field, comparison, value);

    /// <summary>Writes the seed and reads it back, so that a case which finds it unchanged at its end knows that it was there.</summary>
    public static async Task SeedAsync(StoreUnderTest store)
    {
        await store.ReadModels.CommitAsync(new ReadModelCommit
        {
            Creates = [Books, People],
            Aliases = [new ReadModelAlias("current", "books")],
            Changes =
            [
                Book("emma", "Emma, first printing", 474, 9.5, "Emma"),
                Book("ulysses", "Ulysses", 730, 12.25, "Ulysses"),
                Put("people", "ann", "Ann"),
                Put("people", "bob", "Bob"),
            ],
        });
        await ExpectAllAsync(store, "current", "emma", "ulysses");
        await ExpectAllAsync(store, "people", "ann", "bob");
    }

    public static async Task CreateAsync(StoreUnderTest store, params IReadOnlyList<ReadModelDefinition> definitions) =>
        await store.ReadModels.CommitAsync(new ReadModelCommit { Creates = definitions }, store.CancellationToken);

    public static async Task CommitAsync(StoreUnderTest store, params IReadOnlyList<DocumentChange> changes) =>
        await store.ReadModels.CommitAsync(new ReadModelCommit { Changes = changes }, store.CancellationToken);

    /// <summary>The documents under these keys are these; null if there must be none.</summary>
    public static async Task ExpectAsync(StoreUnderTest store, string model, params IReadOnlyList<(string Key, string? Text)> expected)
    {
        var documents = await store.ReadModels.LoadAsync(model, [.. expected.Select(d => d.Key)], store.CancellationToken);
        Expect.Sequence(
            [.. expected.Select(d => d.Text)],
            [.. documents.Select(Text)],
            $"the documents of '{model}' under {string.Join(", ", expected.Take(10).Select(d => d.Key))}");
    }

    /// <summary>The read model has these documents and no others.</summary>
    public static async Task ExpectAllAsync(StoreUnderTest store, string model, params IReadOnlyList<string> keys)
    {
        Expect.Sequence(
            [.. keys],
            [.. (await QueryAsync(store, model, new DocumentQuery { Limit = 5000 })).Select(d => d.Key)],
            $"the keys of '{model}'");
        Expect.Equal(keys.Count, await store.ReadModels.CountAsync(model, []), $"the number of documents of '{model}'");
    }

    public static async Task<IReadOnlyList<StoredDocument>> QueryAsync(StoreUnderTest store, string model, DocumentQuery query)
    {
        var found = await store.ReadModels.QueryAsync(model, query, store.CancellationToken);
        Expect.True(found.Count <= query.Limit, $"a query of limit {query.Limit} returns no more than that (it returned {found.Count})");
        return found;
    }

    /// <summary>Everything that can be seen of the read models: which exist, their documents, and the values of their fields.</summary>
    public static async Task<List<string>> StateAsync(StoreUnderTest store)
    {
        var state = new List<string>();
        foreach (var name in Names)
        {
            state.Add($"'{name}' counts {await store.ReadModels.CountAsync(name, [])}");
            foreach (var d in await QueryAsync(store, name, new DocumentQuery { Limit = 5000 }))
                state.Add($"'{name}' has '{d.Key}': {SeenEvent.Text(d.Data.Span)}");
            foreach (var field in Fields)
            {
                try
                {
                    var ordered = await QueryAsync(store, name, new DocumentQuery { OrderBy = field, Limit = 5000 });
                    state.Add($"'{name}' by {field}: {string.Join(", ", ordered.Select(d => $"{d.Key} {d.OrderedBy}"))}");
                }
                catch (UnknownFieldException)
                {
                    state.Add($"'{name}' is there, without {field}");
                }
            }
        }

        return state;
    }

    /// <summary>The commit fails with that error, and leaves read models and log as they were.</summary>
    public static Task<TException> RefusesAsync<TException>(StoreUnderTest store, ReadModelCommit commit, CancellationToken? token = null)
        where TException : Exception =>
        RefusesAsync<TException>(store, async () => await store.ReadModels.CommitAsync(commit, token ?? store.CancellationToken));

    public static async Task<TException> RefusesAsync<TException>(StoreUnderTest store, Func<Task> commit)
        where TException : Exception
    {
        var before = await StateAsync(store);
        var error = await store.RefusesAsync<TException>(commit);
        Expect.Sequence(before, await StateAsync(store), "what can be seen of the read models after the refusal");
        return error;
    }
}
