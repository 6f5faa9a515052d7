using System.Globalization;
using System.Text.Json;
using System.Text.Json.Serialization.Metadata;

namespace EventSourcing;

/// <summary>
/// What is kept of projections beside their read models: documents like any other, so that they change in the same
/// transaction, and any storage can keep them.
/// </summary>
internal sealed class ControlDocuments(IReadModelStorage storage)
{
    public const string Directory = "$projections";
    public const string Runs = "$runs";
    public const string Hosts = "$hosts";
    public const string Parked = "$parked";
    public const string Skipped = "$skipped";
    public const string Refolds = "$refolds";
    private const string ProjectionField = "projection";

    /// <summary>What a commit needs that may be the first in this store.</summary>
    public static IReadOnlyList<ReadModelDefinition> Definitions { get; } =
    [
        new(Directory, []),
        new(Runs, []),
        new(Hosts, []),
        new(Parked, [new FieldDefinition(ProjectionField, FieldKind.Text)]),
        new(Skipped, [new FieldDefinition(ProjectionField, FieldKind.Text)]),
        new(Refolds, [new FieldDefinition(ProjectionField, FieldKind.Text)]),
    ];

    public static string RunKey(string projection, int generation) => string.Create(CultureInfo.InvariantCulture, $"{projection}@{generation}");

    public async ValueTask<Kept<T>?> FindAsync<T>(string model, string key, CancellationToken cancellationToken)
        where T : class
    {
        var found = await storage.LoadAsync(model, [key], cancellationToken).ConfigureAwait(false);
        return found[0] is { } bytes ? new Kept<T>(model, key, bytes, Read<T>(bytes)) : null;
    }

    public async ValueTask<bool> ExistsAsync(string model, string key, CancellationToken cancellationToken) =>
        (await storage.LoadAsync(model, [key], cancellationToken).ConfigureAwait(false))[0] is not null;

    /// <summary>All documents about a projection in a model that is indexed by that.</summary>
    public ValueTask<IReadOnlyList<Kept<T>>> ListAsync<T>(string model, string projection, CancellationToken cancellationToken)
        where T : class =>
        ListAsync<T>(model, [new FieldCondition(ProjectionField, FieldComparison.Equal, new FieldValue(projection))], cancellationToken);

    public ValueTask<IReadOnlyList<Kept<DirectoryRecord>>> ListDirectoryAsync(CancellationToken cancellationToken) =>
        ListAsync<DirectoryRecord>(Directory, [], cancellationToken);

    private async ValueTask<IReadOnlyList<Kept<T>>> ListAsync<T>(string model, IReadOnlyList<FieldCondition> conditions, CancellationToken cancellationToken)
        where T : class
    {
        var list = new List<Kept<T>>();
        var query = new DocumentQuery { Conditions = conditions };
        while (true)
        {
            var page = await storage.QueryAsync(model, query, cancellationToken).ConfigureAwait(false);
            list.AddRange(page.Select(document => new Kept<T>(model, document.Key, document.Data, Read<T>(document.Data.Span))));
            if (page.Count < query.Limit) return list;
            query = query with { After = new DocumentCursor(default, page[^1].Key) };
        }
    }

    /// <summary>A document to write that belongs to a projection.</summary>
    public static DocumentChange Write<T>(string model, string key, T content, string projection) =>
        new(model, key, JsonSerializer.SerializeToUtf8Bytes(content, InfoOf<T>())) { Fields = [new FieldValue(projection)] };

    /// <summary>A document to write.</summary>
    public static DocumentChange Write<T>(string model, string key, T content) => new(model, key, JsonSerializer.SerializeToUtf8Bytes(content, InfoOf<T>()));

    public static T Read<T>(ReadOnlySpan<byte> bytes) => JsonSerializer.Deserialize(bytes, InfoOf<T>())!;

    private static JsonTypeInfo<T> InfoOf<T>() => (JsonTypeInfo<T>)ControlJson.Default.GetTypeInfo(typeof(T))!;
}

/// <summary>A document of ours as it was read, by which its change is guarded.</summary>
internal sealed record Kept<T>(string Model, string Key, ReadOnlyMemory<byte> Bytes, T Content)
    where T : class
{
    /// <summary>Lets a commit take effect only if the document still is as it was read.</summary>
    public DocumentGuard Guard => new(Model, Key, Bytes);

    public DocumentChange Deletion => new(Model, Key, null);
}
