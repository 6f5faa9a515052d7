using System.Globalization;
using System.Runtime.CompilerServices;
using System.Text;
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
    public const string Standing = "$standing";
    public const string Orders = "$orders";

    /// <summary>
    /// The one document of <see cref="Orders"/>: another one with each order, so that one read tells whether there is any.
    /// </summary>
    public const string LastOrder = "last";

    /// <summary>How many bytes of a record that cannot be read an error message shows.</summary>
    private const int MaxShown = 120;

    /// <summary>The fingerprint of a read model of which the record is lost: that of no projection.</summary>
    public const string LostFingerprint = "lost";

    /// <summary>In the place of a fingerprint, of which reactors have none.</summary>
    public const string ReactorFingerprint = "reactor";

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
        new(Standing, []),
        OrdersDefinition,
    ];

    /// <summary>What a commit needs that gives an order, in a store that may never have had one.</summary>
    public static ReadModelDefinition OrdersDefinition => new(Orders, []);

    /// <summary>Part of each commit that the processes which run projections must look at.</summary>
    public static DocumentChange NewOrder() => new(Orders, LastOrder, Encoding.UTF8.GetBytes($"\"{Guid.CreateVersion7():N}\""));

    public static string RunKey(string projection, int generation) =>
        string.Create(CultureInfo.InvariantCulture, $"{projection}@{generation}");

    public async ValueTask<ReadDocument<T>?> FindAsync<T>(string model, string key, CancellationToken cancellationToken)
        where T : class, IControlRecord
    {
        var found = await storage.LoadAsync(model, [key], cancellationToken).ConfigureAwait(false);
        return found[0] is { } bytes ? new ReadDocument<T>(model, key, bytes, Read<T>(model, key, bytes)) : null;
    }

    /// <summary>What is recorded of a projection or reactor; null if it was never started.</summary>
    /// <exception cref="ReadModelDamagedException">It cannot be read.</exception>
    public ValueTask<ReadDocument<DirectoryRecord>?> FindDirectoryAsync(string projection, CancellationToken cancellationToken) =>
        FindAsync<DirectoryRecord>(Directory, projection, cancellationToken);

    /// <summary>Where the run of a generation stands; null if there is no such run.</summary>
    /// <exception cref="ReadModelDamagedException">It cannot be read.</exception>
    public ValueTask<ReadDocument<RunRecord>?> FindRunAsync(string key, CancellationToken cancellationToken) =>
        FindAsync<RunRecord>(Runs, key, cancellationToken);

    /// <summary>Whether anything is recorded under a name. If all such records are lost, nothing is.</summary>
    public async ValueTask<bool> IsKnownAsync(string name, CancellationToken cancellationToken)
    {
        try
        {
            return await FindStoredAsync(Directory, name, cancellationToken).ConfigureAwait(false) is not null;
        }
        catch (ReadModelDamagedException)
        {
            return false;
        }
    }

    /// <summary>A document as it is stored, whether or not it can be read; null if there is none.</summary>
    public async ValueTask<byte[]?> FindStoredAsync(string model, string key, CancellationToken cancellationToken) =>
        (await storage.LoadAsync(model, [key], cancellationToken).ConfigureAwait(false))[0];

    /// <summary>All documents about a projection in a model that is indexed by that.</summary>
    /// <exception cref="ReadModelDamagedException">One of them cannot be read.</exception>
    public async ValueTask<IReadOnlyList<ReadDocument<T>>> ListAsync<T>(
        string model, string projection, CancellationToken cancellationToken)
        where T : class, IControlRecord =>
    [
        .. (await ListStoredAsync(model, projection, cancellationToken).ConfigureAwait(false))
            .Select(document => new ReadDocument<T>(model, document.Key, document.Data, Read<T>(model, document.Key, document.Data.Span, projection))),
    ];

    /// <summary>All documents about a projection as they are stored, whether or not they can be read.</summary>
    public ValueTask<IReadOnlyList<StoredDocument>> ListStoredAsync(string model, string projection, CancellationToken cancellationToken) =>
        ListStoredAsync(model, [new FieldCondition(ProjectionField, FieldComparison.Equal, new FieldValue(projection))], cancellationToken);

    /// <summary>
    /// What is recorded of all projections and reactors, as far as it can be read: what cannot concerns its projection alone.
    /// </summary>
    public async ValueTask<IReadOnlyList<ReadDocument<DirectoryRecord>>> ListReadableDirectoryAsync(CancellationToken cancellationToken)
    {
        var list = new List<ReadDocument<DirectoryRecord>>();
        try
        {
            await foreach (var document in EnumerateAsync(Directory, cancellationToken).ConfigureAwait(false))
            {
                if (TryRead<DirectoryRecord>(document.Data.Span) is { } record)
                    list.Add(new ReadDocument<DirectoryRecord>(Directory, document.Key, document.Data, record));
            }
        }
        catch (ReadModelDamagedException)
        {
            // The table of such records is lost, or the document after these cannot be read.
        }

        return list;
    }

    /// <summary>The names of all projections and reactors that were ever started.</summary>
    public async ValueTask<IReadOnlyList<string>> ListNamesAsync(CancellationToken cancellationToken) =>
        [.. (await ListStoredAsync(Directory, [], cancellationToken).ConfigureAwait(false)).Select(document => document.Key)];

    /// <summary>Whether there is a place in the log for a name, whatever its generation.</summary>
    public async ValueTask<bool> HasRunsAsync(string projection, CancellationToken cancellationToken) =>
        (await ListRunsAsync(projection, cancellationToken).ConfigureAwait(false)).Count > 0;

    /// <summary>
    /// What can still be told if the record of a projection is lost, so that a rebuild has something to replace. A generation that
    /// is being built has a higher number than the one that serves.
    /// </summary>
    public async ValueTask<ReadDocument<DirectoryRecord>> RestoreDirectoryAsync(Projection projection, CancellationToken cancellationToken)
    {
        IReadOnlyList<(int Number, byte[] Run)> runs = [];
        byte[]? stored = null;
        try
        {
            stored = await FindStoredAsync(Directory, projection.Name, cancellationToken).ConfigureAwait(false);
        }
        catch (ReadModelDamagedException)
        {
            // All records of this kind are lost. The commit that follows makes room for them anew.
        }

        try
        {
            runs = await ListRunsAsync(projection.Name, cancellationToken).ConfigureAwait(false);
        }
        catch (ReadModelDamagedException)
        {
            // The same.
        }

        if (runs.Count == 0) runs = [(1, [])];
        var generations = runs.OrderBy(run => run.Number).Select((run, i) => new GenerationRecord(
            run.Number,
            TryRead<RunRecord>(run.Run)?.Fingerprint ?? LostFingerprint,
            i == 0 ? GenerationState.Active : GenerationState.Building,
            projection.TableNames)).ToList();
        var record = new DirectoryRecord(generations[0].Number, generations[^1].Number, generations);
        return new ReadDocument<DirectoryRecord>(Directory, projection.Name, stored is null ? null : (ReadOnlyMemory<byte>?)stored, record);
    }

    private async ValueTask<IReadOnlyList<(int Number, byte[] Run)>> ListRunsAsync(string projection, CancellationToken cancellationToken)
    {
        var prefix = $"{projection}@";
        var runs = new List<(int Number, byte[] Run)>();
        await foreach (var run in EnumerateAsync(Runs, cancellationToken).ConfigureAwait(false))
        {
            if (run.Key.StartsWith(prefix, StringComparison.Ordinal)
                && int.TryParse(run.Key.AsSpan(prefix.Length), NumberStyles.None, CultureInfo.InvariantCulture, out var number)
                && number is > 0 and < int.MaxValue)
                runs.Add((number, run.Data.ToArray()));
        }

        return runs;
    }

    private async ValueTask<IReadOnlyList<StoredDocument>> ListStoredAsync(
        string model, IReadOnlyList<FieldCondition> conditions, CancellationToken cancellationToken)
    {
        var list = new List<StoredDocument>();
        await foreach (var document in EnumerateAsync(model, cancellationToken, conditions).ConfigureAwait(false)) list.Add(document);
        return list;
    }

    private async ValueTask<IReadOnlyList<StoredDocument>> QueryAsync(string model, DocumentQuery query, CancellationToken cancellationToken)
    {
        try
        {
            return await storage.QueryAsync(model, query, cancellationToken).ConfigureAwait(false);
        }
        catch (Exception misfit) when (misfit is UnknownFieldException or ArgumentException)
        {
            // The query is ours, and fits the model as it is made.
            throw new ReadModelDamagedException(model, "it is stored with other fields than those that it is made with", misfit);
        }
    }

    /// <summary>All documents of a model, or those that meet conditions, in pages.</summary>
    /// <exception cref="ReadModelDamagedException">The model or one of its documents cannot be read.</exception>
    public async IAsyncEnumerable<StoredDocument> EnumerateAsync(
        string model, [EnumeratorCancellation] CancellationToken cancellationToken, IReadOnlyList<FieldCondition>? conditions = null)
    {
        var query = new DocumentQuery { Conditions = conditions ?? [] };
        while (true)
        {
            var page = await QueryAsync(model, query, cancellationToken).ConfigureAwait(false);
            foreach (var document in page) yield return document;
            if (page.Count < query.Limit) yield break;
            query = query with { After = new DocumentCursor(default, page[^1].Key) };
        }
    }

    /// <summary>
    /// Commits what a projection writes of itself. It has made the read models itself, so what does not fit them is no bad argument
    /// of the caller's: they are damaged.
    /// </summary>
    /// <exception cref="ReadModelDamagedException">A read model is missing, or is stored with other fields.</exception>
    public static async ValueTask CommitAsync(IReadModelStorage storage, ReadModelCommit commit, CancellationToken cancellationToken)
    {
        try
        {
            await storage.CommitAsync(commit, cancellationToken).ConfigureAwait(false);
        }
        catch (ArgumentException refusal) when (refusal.InnerException is ReadModelMismatchException mismatch)
        {
            throw mismatch.AsDamage(refusal);
        }
    }

    /// <summary>
    /// Has the storage mend the tables of these records, as it does with each commit that creates them: what is missing is made anew,
    /// and a catalogue that does not tell how a table was made is written anew. Of records that are there none is lost.
    /// </summary>
    /// <exception cref="ReadModelDamagedException">A table has other columns than it was made with.</exception>
    public static ValueTask MendAsync(IReadModelStorage storage, CancellationToken cancellationToken) =>
        CommitAsync(storage, new ReadModelCommit { Creates = Definitions }, cancellationToken);

    /// <summary>A document to write that belongs to a projection.</summary>
    public static DocumentChange Write<T>(string model, string key, T content, string projection) =>
        new(model, key, JsonSerializer.SerializeToUtf8Bytes(content, InfoOf<T>())) { Fields = [new FieldValue(projection)] };

    /// <summary>A document to write.</summary>
    public static DocumentChange Write<T>(string model, string key, T content) =>
        new(model, key, JsonSerializer.SerializeToUtf8Bytes(content, InfoOf<T>()));

    /// <summary>Reads a document of ours.</summary>
    /// <param name="model">The model that it is in.</param>
    /// <param name="key">Its key.</param>
    /// <param name="bytes">The document.</param>
    /// <param name="projection">Whose it is; null if the key tells.</param>
    /// <exception cref="ReadModelDamagedException">It cannot be read.</exception>
    public static T Read<T>(string model, string key, ReadOnlySpan<byte> bytes, string? projection = null)
        where T : class, IControlRecord
    {
        var whose = projection ?? (model == Runs && key.LastIndexOf('@') is var at and > 0 ? key[..at] : key);
        try
        {
            return JsonSerializer.Deserialize(bytes, InfoOf<T>()) is { IsSound: true } record
                ? record
                : throw new ReadModelDamagedException(whose, $"its record '{key}' in '{model}' is not one that the library writes: {Shown(bytes)}");
        }
        catch (JsonException e)
        {
            throw new ReadModelDamagedException(whose, $"its record '{key}' in '{model}' is not one that the library writes: {Shown(bytes)} ({e.Message})", e);
        }
    }

    /// <summary>Reads a document of ours; null if it cannot be read.</summary>
    public static T? TryRead<T>(ReadOnlySpan<byte> bytes)
        where T : class, IControlRecord
    {
        try
        {
            return JsonSerializer.Deserialize(bytes, InfoOf<T>()) is { IsSound: true } record ? record : null;
        }
        catch (JsonException)
        {
            return null;
        }
    }

    private static string Shown(ReadOnlySpan<byte> bytes) =>
        $"'{Names.Printable(Encoding.UTF8.GetString(bytes.Length > MaxShown ? bytes[..MaxShown] : bytes))}'{(bytes.Length > MaxShown ? "…" : "")}";

    private static JsonTypeInfo<T> InfoOf<T>() => (JsonTypeInfo<T>)ControlJson.Default.GetTypeInfo(typeof(T))!;
}
