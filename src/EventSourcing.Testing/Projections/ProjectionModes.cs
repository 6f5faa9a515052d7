using System.Diagnostics.CodeAnalysis;
using System.Text;
using System.Text.Json;
using System.Text.Json.Serialization.Metadata;

namespace EventSourcing.Testing;

/// <summary>
/// Checks that a projection's read model is the same however it runs, which the library relies on. Handlers that keep state outside the
/// document, read a clock or make up ids break that, and so do documents of which JSON loses a part. This check finds them before a restart
/// or a rebuild does.
/// </summary>
/// <remarks>
/// The history is copied, event by event with its id, position and instant. It is folded live (all documents, one at a time, and once more
/// by the same object), in the background (in batches of one event, of two, whole, and stopped and started again with a new object in
/// between), and inline (as it was appended, event by event, and from the middle on). A dependence on something that does not change
/// meanwhile, such as today's date, is not found.
/// </remarks>
public static class ProjectionModes
{
    private const DynamicallyAccessedMemberTypes JsonMembers =
        DynamicallyAccessedMemberTypes.PublicConstructors | DynamicallyAccessedMemberTypes.PublicProperties
        | DynamicallyAccessedMemberTypes.PublicFields;

    private const int DocumentsOnTheirOwn = 8;
    private const int PageLength = 256;

    /// <summary>Folds a history into documents in all ways, and throws if the documents of one way differ.</summary>
    /// <typeparam name="TDocument">The document.</typeparam>
    /// <param name="history">The store whose log is the history. It is read, and not changed.</param>
    /// <param name="create">Makes the projection; called for each run.</param>
    /// <param name="storages">Creates the storages to fold in; by default in memory.</param>
    /// <param name="cancellationToken">Ends the runs.</param>
    /// <returns>A task that completes when all have agreed.</returns>
    /// <exception cref="ProjectionModesException">Says which document differs, how it was made, and both texts.</exception>
    /// <exception cref="ProjectionFailedException">The projection fails on an event of the history, in whatever way it runs.</exception>
    public static async Task AssertAgreeAsync<[DynamicallyAccessedMembers(JsonMembers)] TDocument>(
        EventStore history,
        Func<Projection<TDocument>> create,
        IEventStorageFixture? storages = null,
        CancellationToken cancellationToken = default)
        where TDocument : class
    {
        ArgumentNullException.ThrowIfNull(history);
        ArgumentNullException.ThrowIfNull(create);
        var copies = await HistoryCopies.ReadAsync(history, storages ?? new InMemory(), cancellationToken).ConfigureAwait(false);
        var json = (JsonTypeInfo<TDocument>)history.Json.GetTypeInfo(typeof(TDocument));
        var projection = create();
        var live = Texts(await LiveAsync(projection, key: null).ConfigureAwait(false), json);
        var comparison = new ReadModelComparison(projection.Name, "live", live);

        comparison.Hold("read back from JSON", live.ToDictionary(document => document.Key, document =>
            JsonSerializer.Serialize(JsonSerializer.Deserialize(document.Value, json)!, json)));
        await comparison.HoldAsync("live, once more by the same object", async () =>
            Texts(await LiveAsync(projection, key: null).ConfigureAwait(false), json)).ConfigureAwait(false);
        foreach (var key in live.Keys.Order(StringComparer.Ordinal).Take(DocumentsOnTheirOwn))
        {
            await comparison.HoldAsync($"live, the document '{key}' on its own", async () =>
                live.ToDictionary(document => document.Key, document => document.Value).With(
                    key, Texts(await LiveAsync(create(), key).ConfigureAwait(false), json).GetValueOrDefault(key))).ConfigureAwait(false);
        }

        foreach (var run in ProjectionRun.All)
        {
            await comparison.HoldAsync(run.Name, async () =>
            {
                await using var copy = await run.FoldAsync(copies, create, cancellationToken).ConfigureAwait(false);
                return await StoredAsync(copy, projection.Name, cancellationToken).ConfigureAwait(false);
            }).ConfigureAwait(false);
        }

        async Task<LiveReadModel<TDocument>> LiveAsync(Projection<TDocument> folded, string? key) =>
            await history.ProjectAsync(folded, key, AsOf.Position(copies.Head), cancellationToken).ConfigureAwait(false);
    }

    /// <summary>
    /// Folds a history into tables in all ways that tables have, which excludes live, and throws if the content of one way differs.
    /// </summary>
    /// <param name="history">The store whose log is the history. It is read, and not changed.</param>
    /// <param name="create">Makes the projection; called for each run.</param>
    /// <param name="read">Reads from a store's tables what is to be compared, as text, in an order that it determines itself.</param>
    /// <param name="storages">Creates the storages to fold in; they must have tables.</param>
    /// <param name="cancellationToken">Ends the runs.</param>
    /// <returns>A task that completes when all have agreed.</returns>
    /// <exception cref="ProjectionModesException">Says which way differs, and both texts.</exception>
    /// <exception cref="ProjectionFailedException">The projection fails on an event of the history, in whatever way it runs.</exception>
    public static async Task AssertAgreeAsync(
        EventStore history,
        Func<TableProjection> create,
        Func<EventStore, CancellationToken, Task<string>> read,
        IEventStorageFixture storages,
        CancellationToken cancellationToken = default)
    {
        ArgumentNullException.ThrowIfNull(history);
        ArgumentNullException.ThrowIfNull(create);
        ArgumentNullException.ThrowIfNull(read);
        ArgumentNullException.ThrowIfNull(storages);
        var copies = await HistoryCopies.ReadAsync(history, storages, cancellationToken).ConfigureAwait(false);
        var first = ProjectionRun.All[0];
        var comparison = new ReadModelComparison(create().Name, first.Name, await FoldAsync(first).ConfigureAwait(false));
        foreach (var run in ProjectionRun.All.Skip(1)) await comparison.HoldAsync(run.Name, () => FoldAsync(run)).ConfigureAwait(false);

        async Task<Dictionary<string, string>> FoldAsync(ProjectionRun run)
        {
            await using var copy = await run.FoldAsync(copies, create, cancellationToken).ConfigureAwait(false);
            return new() { ["tables"] = await read(copy, cancellationToken).ConfigureAwait(false) };
        }
    }

    private static Dictionary<string, string> Texts<TDocument>(LiveReadModel<TDocument> live, JsonTypeInfo<TDocument> json)
        where TDocument : class =>
        live.Documents.ToDictionary(document => document.Key, document => JsonSerializer.Serialize(document.Value, json));

    private static Dictionary<string, string> With(this Dictionary<string, string> documents, string key, string? text)
    {
        if (text is null) documents.Remove(key);
        else documents[key] = text;
        return documents;
    }

    private static async Task<Dictionary<string, string>> StoredAsync(EventStore store, string name, CancellationToken cancellationToken)
    {
        var texts = new Dictionary<string, string>();
        var query = new DocumentQuery { Limit = PageLength };
        while (true)
        {
            var page = await store.Storage.ReadModels.QueryAsync(name, query, cancellationToken).ConfigureAwait(false);
            foreach (var document in page) texts.Add(document.Key, Encoding.UTF8.GetString(document.Data.Span));
            if (page.Count < PageLength) return texts;
            query = query with { After = new DocumentCursor(default, page[^1].Key) };
        }
    }

    private sealed class InMemory : IEventStorageFixture
    {
        public ValueTask<IEventStorage> CreateAsync(EventStorageOptions options, CancellationToken cancellationToken) =>
            new(new InMemoryEventStorage(options));
    }
}
