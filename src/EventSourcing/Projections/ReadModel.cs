using System.Diagnostics.CodeAnalysis;
using System.Runtime.CompilerServices;
using System.Text.Json;

namespace EventSourcing;

/// <summary>
/// The stored documents of a projection, to query. It reads what is committed; wait for a position first to read your
/// own writes. Thread-safe; holds no state.
/// </summary>
/// <typeparam name="TDocument">The document.</typeparam>
public sealed class ReadModel<[DynamicallyAccessedMembers(EventType.JsonMembers)] TDocument>
    where TDocument : class
{
    private const int PageLength = 256;
    private readonly EventStore _store;
    private readonly string _name;

    internal ReadModel(EventStore store, string name)
    {
        _store = store;
        _name = name;
    }

    /// <summary>Finds a document by its key.</summary>
    /// <param name="key">The key, compared ordinally.</param>
    /// <param name="cancellationToken">Cancels the read.</param>
    /// <returns>The document, or <see langword="null"/> where there is none.</returns>
    public async Task<TDocument?> FindAsync(string key, CancellationToken cancellationToken = default)
    {
        ArgumentNullException.ThrowIfNull(key);
        var found = await _store.Storage.ReadModels.LoadAsync(_name, [key], cancellationToken).ConfigureAwait(false);
        return found[0] is { } bytes ? JsonSerializer.Deserialize(bytes, Projection<TDocument>.JsonOf(_store)) : null;
    }

    /// <summary>
    /// All documents in the order of their keys (by Unicode code point), read in pages: a document that changes
    /// meanwhile is seen either way.
    /// </summary>
    /// <param name="cancellationToken">Ends the read.</param>
    /// <returns>The documents with their keys.</returns>
    public async IAsyncEnumerable<KeyValuePair<string, TDocument>> ListAsync([EnumeratorCancellation] CancellationToken cancellationToken = default)
    {
        var json = Projection<TDocument>.JsonOf(_store);
        string? last = null;
        while (true)
        {
            var page = await _store.Storage.ReadModels.ListAsync(_name, last, PageLength, cancellationToken).ConfigureAwait(false);
            foreach (var (key, data) in page)
            {
                yield return KeyValuePair.Create(key, JsonSerializer.Deserialize(data.Span, json)!);
                last = key;
            }

            if (page.Count < PageLength) yield break;
        }
    }

    /// <summary>The position up to which events are in this read model; 0 where its projection has never run.</summary>
    /// <param name="cancellationToken">Cancels the read.</param>
    /// <returns>The checkpoint.</returns>
    public async Task<long> GetCheckpointAsync(CancellationToken cancellationToken = default) =>
        await _store.Storage.ReadModels.GetCheckpointAsync(_name, cancellationToken).ConfigureAwait(false);
}
