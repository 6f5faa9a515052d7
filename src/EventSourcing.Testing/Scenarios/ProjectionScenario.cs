using System.Diagnostics.CodeAnalysis;
using System.Text.Json;
using System.Text.Json.Serialization.Metadata;

namespace EventSourcing.Testing;

/// <summary>
/// A scenario of a projection of documents, folded live. Immutable. <see cref="ProjectionModes"/> tests that the projection gives the same
/// in the background and inline.
/// </summary>
/// <typeparam name="TDocument">The document.</typeparam>
public sealed class ProjectionScenario<[DynamicallyAccessedMembers(Scenario.JsonMembers)] TDocument>
    where TDocument : class
{
    private readonly ScenarioStore _store;
    private readonly Projection<TDocument> _projection;

    internal ProjectionScenario(ScenarioStore store, Projection<TDocument> projection)
    {
        _store = store;
        _projection = projection;
    }

    /// <summary>Events that a stream has.</summary>
    /// <param name="stream">
    /// The stream's name. Unless the projection says otherwise, the part after its first hyphen is the key of the document.
    /// </param>
    /// <param name="events">The events in order: payloads, or <see cref="EventData"/> around them.</param>
    /// <returns>The scenario with them.</returns>
    public ProjectionScenario<TDocument> Given(string stream, params object[] events) =>
        new(_store.Given(_ => stream, events), _projection);

    /// <summary>Sets the clock for everything given after this.</summary>
    /// <param name="now">The instant; not before the one last set. The clock begins with the year 2000.</param>
    /// <returns>The scenario at that time.</returns>
    public ProjectionScenario<TDocument> At(DateTimeOffset now) => new(_store.At(now), _projection);

    /// <summary>Moves the clock on for everything given after this.</summary>
    /// <param name="time">How far; not negative.</param>
    /// <returns>The scenario at that time.</returns>
    public ProjectionScenario<TDocument> After(TimeSpan time) => new(_store.At(_store.Now + time), _projection);

    /// <summary>Then a document is this one.</summary>
    /// <param name="key">Its key.</param>
    /// <param name="document">What is expected; compared as JSON.</param>
    /// <returns>A task that completes if the check succeeds.</returns>
    /// <exception cref="ScenarioException">The document differs or is missing.</exception>
    /// <exception cref="ProjectionFailedException">The projection fails on an event.</exception>
    public async Task ThenAsync(string key, TDocument document)
    {
        ArgumentNullException.ThrowIfNull(key);
        ArgumentNullException.ThrowIfNull(document);
        var (found, json) = await FoldAsync().ConfigureAwait(false);
        if (!found.TryGetValue(key, out var actual))
            throw new ScenarioException($"The read model should have a document '{key}', but has {Keys(found.Keys)}.");
        Hold(key, JsonSerializer.SerializeToElement(document, json), actual);
    }

    /// <summary>Then there is no document under a key.</summary>
    /// <param name="key">The key.</param>
    /// <returns>A task that completes if the check succeeds.</returns>
    /// <exception cref="ScenarioException">There is a document under the key.</exception>
    /// <exception cref="ProjectionFailedException">The projection fails on an event.</exception>
    public async Task ThenNoneAsync(string key)
    {
        ArgumentNullException.ThrowIfNull(key);
        var (found, _) = await FoldAsync().ConfigureAwait(false);
        if (found.TryGetValue(key, out var actual))
            throw new ScenarioException($"The read model should have no document '{key}', but has {actual.GetRawText()}.");
    }

    /// <summary>Then the read model is these documents and no others.</summary>
    /// <param name="documents">The documents by key; compared as JSON.</param>
    /// <returns>A task that completes if the check succeeds.</returns>
    /// <exception cref="ScenarioException">A document differs, is missing or is not expected.</exception>
    /// <exception cref="ProjectionFailedException">The projection fails on an event.</exception>
    public async Task ThenAllAsync(IReadOnlyDictionary<string, TDocument> documents)
    {
        ArgumentNullException.ThrowIfNull(documents);
        var (found, json) = await FoldAsync().ConfigureAwait(false);
        if (!found.Keys.ToHashSet(StringComparer.Ordinal).SetEquals(documents.Keys))
            throw new ScenarioException($"The read model should have {Keys(documents.Keys)}, but has {Keys(found.Keys)}.");
        foreach (var (key, document) in documents) Hold(key, JsonSerializer.SerializeToElement(document, json), found[key]);
    }

    private static void Hold(string key, JsonElement expected, JsonElement actual)
    {
        var changes = MemberChange.Between(expected, actual);
        if (changes.Count == 0) return;
        throw new ScenarioException(
            $"The document '{key}' differs from the expected one:{string.Concat(changes.Select(change => $"\n  {change}"))}\n"
            + $"It should be {expected.GetRawText()}\nbut is       {actual.GetRawText()}");
    }

    private static string Keys(IEnumerable<string> keys)
    {
        var list = keys.Order(StringComparer.Ordinal).Select(key => $"'{key}'").ToList();
        return list.Count == 0 ? "none" : string.Join(", ", list);
    }

    private async Task<(Dictionary<string, JsonElement> Documents, JsonTypeInfo<TDocument> Json)> FoldAsync()
    {
        var (store, _) = await _store.OpenAsync().ConfigureAwait(false);
        await using (store.ConfigureAwait(false))
        {
            var live = await store.ProjectAsync(_projection).ConfigureAwait(false);
            var json = (JsonTypeInfo<TDocument>)store.Json.GetTypeInfo(typeof(TDocument));
            return (
                live.Documents.ToDictionary(
                    document => document.Key, document => JsonSerializer.SerializeToElement(document.Value, json), StringComparer.Ordinal),
                json);
        }
    }
}
