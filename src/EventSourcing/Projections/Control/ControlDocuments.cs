using System.Globalization;
using System.Runtime.CompilerServices;
using System.Text;

namespace EventSourcing;

/// <summary>
/// What is stored about projections beside their read models. These are documents like any other, so that they change in the same
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
    /// The one document of <see cref="Orders"/>. Each order changes it, so that one read tells whether there is a new one.
    /// </summary>
    public const string LastOrder = "last";

    /// <summary>The fingerprint of a read model whose record is lost. No projection has it.</summary>
    public const string LostFingerprint = "lost";

    /// <summary>Used instead of a fingerprint for reactors, which have none.</summary>
    public const string ReactorFingerprint = "reactor";

    private const string ProjectionField = "projection";

    /// <summary>The read models that a commit needs if it may be the first in this store.</summary>
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

    /// <summary>The read model that a commit needs to give an order, in a store that may never have had one.</summary>
    public static ReadModelDefinition OrdersDefinition => new(Orders, []);

    /// <summary>
    /// The change that tells the processes that run projections to look again. It is part of each commit that concerns them.
    /// </summary>
    public static DocumentChange NewOrder() => new(Orders, LastOrder, Encoding.UTF8.GetBytes($"\"{Guid.CreateVersion7():N}\""));

    public static string RunKey(string projection, int generation) =>
        string.Create(CultureInfo.InvariantCulture, $"{projection}@{generation}");

    public async ValueTask<ReadDocument<T>?> FindAsync<T>(string model, string key, CancellationToken cancellationToken)
        where T : class, IControlRecord
    {
        var found = await storage.LoadAsync(model, [key], cancellationToken).ConfigureAwait(false);
        return found[0] is { } bytes ? new ReadDocument<T>(model, key, bytes, RecordJson.Read<T>(model, key, bytes)) : null;
    }

    /// <summary>The record of a projection or reactor; null if it was never started.</summary>
    /// <exception cref="ReadModelDamagedException">The record cannot be read.</exception>
    public ValueTask<ReadDocument<DirectoryRecord>?> FindDirectoryAsync(string projection, CancellationToken cancellationToken) =>
        FindAsync<DirectoryRecord>(Directory, projection, cancellationToken);

    /// <summary>The record of a generation's run; null if there is no such run.</summary>
    /// <exception cref="ReadModelDamagedException">The record cannot be read.</exception>
    public ValueTask<ReadDocument<RunRecord>?> FindRunAsync(string key, CancellationToken cancellationToken) =>
        FindAsync<RunRecord>(Runs, key, cancellationToken);

    /// <summary>Whether anything is recorded under a name. False if all such records are lost.</summary>
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

    /// <summary>All documents about a projection, in a model that is indexed by projection.</summary>
    /// <exception cref="ReadModelDamagedException">One of them cannot be read.</exception>
    public async ValueTask<IReadOnlyList<ReadDocument<T>>> ListAsync<T>(
        string model, string projection, CancellationToken cancellationToken)
        where T : class, IControlRecord =>
    [
        .. (await ListStoredAsync(model, projection, cancellationToken).ConfigureAwait(false))
            .Select(found => new ReadDocument<T>(
                model, found.Key, found.Data, RecordJson.Read<T>(model, found.Key, found.Data.Span, projection))),
    ];

    /// <summary>All documents about a projection as they are stored, whether or not they can be read.</summary>
    public ValueTask<IReadOnlyList<StoredDocument>> ListStoredAsync(string model, string projection, CancellationToken cancellationToken) =>
        ListStoredAsync(model, [new FieldCondition(ProjectionField, FieldComparison.Equal, new FieldValue(projection))], cancellationToken);

    /// <summary>
    /// The records of all projections and reactors that can be read. One that cannot be read concerns its projection alone.
    /// </summary>
    public async ValueTask<IReadOnlyList<ReadDocument<DirectoryRecord>>> ListReadableDirectoryAsync(CancellationToken cancellationToken)
    {
        var list = new List<ReadDocument<DirectoryRecord>>();
        try
        {
            await foreach (var document in EnumerateAsync(Directory, cancellationToken).ConfigureAwait(false))
            {
                if (RecordJson.TryRead<DirectoryRecord>(document.Data.Span) is { } record)
                    list.Add(new ReadDocument<DirectoryRecord>(Directory, document.Key, document.Data, record));
            }
        }
        catch (ReadModelDamagedException)
        {
            // The table of these records is lost, or the next document cannot be read.
        }

        return list;
    }

    /// <summary>The names of all projections and reactors that were ever started.</summary>
    public async ValueTask<IReadOnlyList<string>> ListNamesAsync(CancellationToken cancellationToken) =>
        [.. (await ListStoredAsync(Directory, [], cancellationToken).ConfigureAwait(false)).Select(document => document.Key)];

    /// <summary>Whether a run is recorded for a name, whatever its generation.</summary>
    public async ValueTask<bool> HasRunsAsync(string projection, CancellationToken cancellationToken) =>
        (await ListRunsAsync(projection, cancellationToken).ConfigureAwait(false)).Count > 0;

    /// <summary>
    /// The record of a projection, reconstructed as well as possible after it was lost, so that a rebuild has something to replace. A
    /// generation that is being built has a higher number than the one that serves.
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
            // All records of this kind are lost. The commit that follows creates their table again.
        }

        try
        {
            runs = await ListRunsAsync(projection.Name, cancellationToken).ConfigureAwait(false);
        }
        catch (ReadModelDamagedException)
        {
            // The records of runs are lost as well.
        }

        if (runs.Count == 0) runs = [(1, [])];
        var generations = runs.OrderBy(run => run.Number).Select((run, i) => new GenerationRecord(
            run.Number,
            RecordJson.TryRead<RunRecord>(run.Run)?.Fingerprint ?? LostFingerprint,
            i == 0 ? GenerationState.Active : GenerationState.Building,
            projection.TableNames)).ToList();
        var record = new DirectoryRecord(generations[0].Number, generations[^1].Number, generations);
        return new ReadDocument<DirectoryRecord>(Directory, projection.Name, stored.AsMemoryOrNull(), record);
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

    private async ValueTask<IReadOnlyList<StoredDocument>> QueryAsync(
        string model, DocumentQuery query, CancellationToken cancellationToken)
    {
        try
        {
            return await storage.QueryAsync(model, query, cancellationToken).ConfigureAwait(false);
        }
        catch (Exception misfit) when (misfit is UnknownFieldException or ArgumentException)
        {
            // The library wrote the query, and it fits the model as it was created.
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
    /// Commits what a projection writes about itself. The library has created these read models, so if the commit does not fit them, they
    /// are damaged, and no argument is bad.
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
    /// Lets the storage repair the tables of these records, as it does with each commit that creates them. Missing tables are created
    /// again, and a catalogue that does not tell how a table was created is written again. Existing records are not lost.
    /// </summary>
    /// <exception cref="ReadModelDamagedException">A table has other columns than it was created with.</exception>
    public static ValueTask MendAsync(IReadModelStorage storage, CancellationToken cancellationToken) =>
        CommitAsync(storage, new ReadModelCommit { Creates = Definitions }, cancellationToken);

    /// <summary>The change that writes a document which belongs to a projection.</summary>
    public static DocumentChange Write<T>(string model, string key, T content, string projection) =>
        new(model, key, RecordJson.Write(content)) { Fields = [new FieldValue(projection)] };

    /// <summary>The change that writes a document.</summary>
    public static DocumentChange Write<T>(string model, string key, T content) =>
        new(model, key, RecordJson.Write(content));
}
