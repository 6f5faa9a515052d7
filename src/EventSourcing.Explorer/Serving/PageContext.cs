using System.Globalization;
using Microsoft.AspNetCore.Http;

namespace EventSourcing.Explorer;

/// <summary>One request for a page.</summary>
internal sealed class PageContext(HttpContext http, EventStore store, ExplorerState explorer, Payloads payloads, bool mayAct)
{
    public EventStore Store => store;

    public ExplorerState Explorer => explorer;

    public EventExplorerOptions Options => explorer.Options;

    public Payloads Payloads => payloads;

    /// <summary>Whether this user may give orders to projections.</summary>
    public bool MayAct => mayAct && !store.IsReadOnly;

    public CancellationToken Aborted => http.RequestAborted;

    public DateTimeOffset Now => store.Storage.Options.TimeProvider.GetUtcNow();

    public string QueryString => http.Request.QueryString.Value ?? "";

    /// <summary>A parameter; null if it is missing or empty.</summary>
    public string? Find(string name) => http.Request.Query[name].LastOrDefault() is { Length: > 0 } value ? value : null;

    public IReadOnlyList<string> FindAll(string name) =>
        [.. http.Request.Query[name].Where(value => !string.IsNullOrEmpty(value)).Select(value => value!)];

    public string Require(string name) =>
        Find(name) ?? throw new RefusedException(400, "Something is missing", $"The address has no '{name}'.");

    public long? FindNumber(string name) => Find(name) is not { } text ? null
        : long.TryParse(text, NumberStyles.None, CultureInfo.InvariantCulture, out var number) ? number
        : throw new RefusedException(
            400, "That is not a number", $"'{name}' must be a whole number from 0, and is '{Parts.Cut(text, 100)}'.");

    /// <summary>An instant, in UTC if it does not say otherwise.</summary>
    public DateTimeOffset? FindInstant(string name) => Find(name) is { } text ? Instant(name, text) : null;

    /// <summary>A point of the past as a position: given as one, or as an instant. Null for now.</summary>
    public async Task<long?> FindPositionAsync(string name)
    {
        if (Find(name) is not { } text) return null;
        return long.TryParse(text, NumberStyles.None, CultureInfo.InvariantCulture, out var position)
            ? position
            : await store.GetPositionAsync(Instant(name, text), Aborted).ConfigureAwait(false);
    }

    private static DateTimeOffset Instant(string name, string text) =>
        DateTimeOffset.TryParse(
            text, CultureInfo.InvariantCulture, DateTimeStyles.AssumeUniversal | DateTimeStyles.AdjustToUniversal, out var instant)
            ? instant
            : throw new RefusedException(
                400, "That is not an instant", $"'{name}' must be an instant such as 2026-11-28 14:30, and is '{Parts.Cut(text, 100)}'.");
}
