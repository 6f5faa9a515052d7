using System.Collections.Concurrent;
using System.Security.Cryptography;
using System.Text;
using System.Text.Json;
using System.Text.Json.Serialization.Metadata;
using System.Threading.Channels;

namespace EventSourcing;

/// <summary>
/// The snapshots of one store: documents that loads read, and that are written one after the other in the background. Every failure here is
/// counted and logged, and fails nothing else.
/// </summary>
internal sealed class SnapshotCache : IAsyncDisposable
{
    /// <summary>The read model that lists the categories which have snapshots: one document for each, under its name.</summary>
    public const string Directory = "$snapshots";

    /// <summary>The read model of one document: where the last erasure was recorded in streams of a category that is not listed.</summary>
    private const string Erased = "$snapshots.erased";

    private const string LastErasure = "last";

    /// <summary>How many snapshots may wait to be written. More are dropped, since the next load takes them again.</summary>
    private const int QueueLength = 64;

    /// <summary>How often a snapshot is tried to be written in place of one that another process has just written.</summary>
    private const int MaxTries = 3;

    /// <summary>How long closing the store may wait for snapshots; they are not worth more.</summary>
    private static readonly TimeSpan Patience = TimeSpan.FromSeconds(5);

    private readonly EventStore _store;
    private readonly JsonSerializerOptions _json;
    private readonly JsonSerializerOptions _comparers;
    private readonly ConcurrentDictionary<(Type State, string Fingerprint), string> _fingerprints = new();
    private readonly ConcurrentDictionary<string, bool> _categories = new(StringComparer.Ordinal);
    private readonly ConcurrentDictionary<string, bool> _listed = new(StringComparer.Ordinal);
    private readonly Channel<object> _queue = Channel.CreateBounded<object>(new BoundedChannelOptions(QueueLength) { SingleReader = true });
    private readonly CancellationTokenSource _stop = new();
    private readonly Task _writing;

    private SnapshotCache(EventStore store)
    {
        _store = store;
        _json =
            new JsonSerializerOptions(store.Json) { TypeInfoResolver = store.Json.TypeInfoResolver!.WithAddedModifier(RefuseDerivedTypes) };
        _comparers = new ComparerJson(_json).Options;
        _writing = BackgroundTask.Start(WriteAllAsync);
    }

    private static ReadModelDefinition DirectoryDefinition { get; } = new(Directory, []);

    private static ReadModelDefinition ErasedDefinition { get; } = new(Erased, []);

    private static ReadOnlyMemory<byte> Entry { get; } = "{}"u8.ToArray();

    private IReadModelStorage Documents => _store.Storage.ReadModels;

    public static SnapshotCache Of(EventStore store) => store.Lifetime.Part(static store => new SnapshotCache(store));

    public static string ModelOf(string category) => $"{Directory}-{category}";

    public void Count(string category, string stream, string outcome)
    {
        switch (outcome)
        {
            case SnapshotOutcome.Corrupt:
                _store.Diagnostics.BadSnapshot(
                    category, outcome, stream, "It is damaged, or its state cannot be read. All events were replayed, and it is replaced.");
                break;
            case SnapshotOutcome.Foreign:
                _store.Diagnostics.BadSnapshot(
                    category,
                    outcome,
                    stream,
                    "It was taken of another stream, or of another history of this one. All events were replayed, and it is replaced.");
                break;
            default:
                _store.Diagnostics.Snapshot(category, outcome);
                break;
        }
    }

    /// <summary>
    /// What is stored of a stream, the fingerprint that it should have, and whether both could be found out. To be called before the events
    /// are read: an erasure that is recorded later then changes what is stored.
    /// </summary>
    public async ValueTask<(SeenSnapshot Seen, string Fingerprint, bool IsKnown)> LoadAsync<TState>(
        StateFold<TState> fold, TState state, CancellationToken cancellationToken)
    {
        _categories.TryAdd(fold.Category, true);
        try
        {
            var fingerprint = FingerprintOf(fold, fold.FingerprintOf(state));
            var (guard, erasedAt) = await GuardOfAsync(fold.Category, cancellationToken).ConfigureAwait(false);
            var documents = await Documents.LoadAsync(ModelOf(fold.Category), [fold.Stream], cancellationToken).ConfigureAwait(false);
            var seen = new SeenSnapshot(documents[0], guard, Math.Max(erasedAt, StoredSnapshot.ErasedAt(documents[0])));
            return (seen, fingerprint, true);
        }
        catch (Exception e) when (e is not OperationCanceledException)
        {
            _store.Diagnostics.BadSnapshot(
                fold.Category, SnapshotOutcome.Failed, fold.Stream, $"It could not be looked for: {Names.MessageOf(e)}");
            return (default, "", false);
        }
    }

    /// <summary>
    /// What an erasure changes if it leaves no tombstone, since the category is not listed. While it is listed there is a tombstone, so the
    /// entry must stay.
    /// </summary>
    private async ValueTask<(DocumentGuard Guard, long ErasedAt)> GuardOfAsync(string category, CancellationToken cancellationToken)
    {
        if (!_listed.ContainsKey(category))
        {
            // The erasure first: if the category is listed between the two, the later look decides.
            var erasure = (await Documents.LoadAsync(Erased, [LastErasure], cancellationToken).ConfigureAwait(false))[0];
            var entry = (await Documents.LoadAsync(Directory, [category], cancellationToken).ConfigureAwait(false))[0];
            if (entry is null)
                return (new DocumentGuard(Erased, LastErasure, erasure.AsMemoryOrNull()), StoredSnapshot.ErasedAt(erasure));

            // One that somebody has changed is written anew with the snapshot.
            if (!entry.AsSpan().SequenceEqual(Entry.Span)) return (new DocumentGuard(Directory, category, entry), 0);
            _listed.TryAdd(category, true);
        }

        return (new DocumentGuard(Directory, category, Entry), 0);
    }

    /// <summary>Captures the current state; null if it cannot be written, or the store was opened read-only.</summary>
    public DueSnapshot? Capture<TState>(StateFold<TState> fold, TState state, SnapshotHeader header, in SeenSnapshot seen)
    {
        if (_store.IsReadOnly) return null;
        try
        {
            return new DueSnapshot<TState>(this, fold, state, _json, _comparers, header, seen);
        }
        catch (Exception e)
        {
            // Any exception may be thrown here: the state's own code and converters run.
            _store.Diagnostics.BadSnapshot(
                fold.Category, SnapshotOutcome.Failed, fold.Stream, $"The state could not be written: {Names.MessageOf(e)}");
            return null;
        }
    }

    public void Enqueue(DueSnapshot due)
    {
        if (!_queue.Writer.TryWrite(due)) _store.Diagnostics.Snapshot(due.Category, SnapshotOutcome.Dropped);
    }

    /// <summary>
    /// The commit that removes the snapshots of streams for good within an append. It also prevents snapshots of loads that are under way,
    /// in any process, from being written later.
    /// </summary>
    /// <param name="transaction">The append.</param>
    /// <param name="streams">The streams, each once.</param>
    /// <param name="cancellationToken">Cancels the reads.</param>
    public async ValueTask<ReadModelCommit> BuryAsync(
        IAppendTransaction transaction, IReadOnlyCollection<string> streams, CancellationToken cancellationToken)
    {
        // No aggregate has a category without a name, so such a stream has no snapshots.
        var all = streams.Select(StreamName.CategoryOf).Where(category => category.Length > 0).Distinct(StringComparer.Ordinal).ToList();
        var found = await transaction.LoadAsync(Directory, all, cancellationToken).ConfigureAwait(false);
        var categories = all.Where((category, i) => found[i] is not null || _categories.ContainsKey(category))
            .ToHashSet(StringComparer.Ordinal);
        var tombstone = StoredSnapshot.WriteTombstone(transaction.Events[^1].Position);

        var commit = new ReadModelCommit();
        if (categories.Count > 0)
        {
            commit = new ReadModelCommit
            {
                Creates = [DirectoryDefinition, .. categories.Select(category => new ReadModelDefinition(ModelOf(category), []))],
                Changes =
                [
                    .. categories.Select(EntryOf),
                    .. from stream in streams
                       let category = StreamName.CategoryOf(stream)
                       where categories.Contains(category)
                       select new DocumentChange(ModelOf(category), stream, tombstone),
                ],
            };
        }

        // The first snapshot of a category that is not listed must not be one of a load that began before.
        return categories.Count == all.Count ? commit : commit with
        {
            Creates = [.. commit.Creates, ErasedDefinition],
            Changes = [.. commit.Changes, new DocumentChange(Erased, LastErasure, tombstone)],
        };
    }

    /// <summary>Completes when everything that was enqueued before has been written or given up.</summary>
    public async Task FlushAsync(CancellationToken cancellationToken)
    {
        var reached = new TaskCompletionSource(TaskCreationOptions.RunContinuationsAsynchronously);
        try
        {
            await _queue.Writer.WriteAsync(reached, cancellationToken).ConfigureAwait(false);
        }
        catch (ChannelClosedException)
        {
            // The store is closing, and waits for the snapshots itself.
        }

        await Task.WhenAny(reached.Task, _writing).WaitAsync(cancellationToken).ConfigureAwait(false);
    }

    public async ValueTask DisposeAsync()
    {
        _queue.Writer.TryComplete();
        await Task.WhenAny(_writing, Task.Delay(Patience)).ConfigureAwait(false);
        await _stop.CancelAsync().ConfigureAwait(false);
    }

    private async Task WriteAllAsync()
    {
        await foreach (var next in _queue.Reader.ReadAllAsync().ConfigureAwait(false))
        {
            if (next is DueSnapshot due) await TryWriteAsync(due).ConfigureAwait(false);
            else ((TaskCompletionSource)next).SetResult();
        }
    }

    /// <summary>
    /// Whoever counts snapshots may throw, and the app's clock. If that ended the writing, all later snapshots would be dropped, and a
    /// flush would wait for ever once the queue is full.
    /// </summary>
    private async ValueTask TryWriteAsync(DueSnapshot due)
    {
        try
        {
            await WriteAsync(due).ConfigureAwait(false);
        }
        catch (Exception ofAWatcher)
        {
            EventSourcingLog.Instance.BadSnapshot(
                SnapshotOutcome.Failed, due.Header.Stream, $"What became of it could not be counted or told: {ofAWatcher.GetType()}.");
        }
    }

    private async Task WriteAsync(DueSnapshot due)
    {
        var (header, stream) = (due.Header, due.Header.Stream);
        try
        {
            if (!due.IsFaithful(_json))
            {
                _store.Diagnostics.BadSnapshot(
                    due.Category,
                    SnapshotOutcome.Unfaithful,
                    stream,
                    "The state that is read back from it is not the one it was taken of, so it was not written. "
                    + "Look for members of the state that do not survive being written and read, and for sets and dictionaries with a "
                    + "comparer: only a field that the constructor fills keeps that.");
                return;
            }

            var document = StoredSnapshot.Write(header, due.State);
            var expected = due.Seen.Document;
            for (var tries = 0; tries < MaxTries && !StoredSnapshot.IsAtLeast(tries == 0 ? null : expected, header); tries++)
            {
                if (await TryPutAsync(due, document, expected).ConfigureAwait(false))
                {
                    _store.Diagnostics.Snapshot(due.Category, SnapshotOutcome.Written);
                    return;
                }

                expected = (await Documents.LoadAsync(ModelOf(due.Category), [stream], _stop.Token).ConfigureAwait(false))[0];

                // Events that the state was folded from have been erased since, and perhaps a snapshot was taken after that.
                if (StoredSnapshot.ErasedAt(expected) != header.ErasedAt) break;
                _listed.TryRemove(due.Category, out _); // its entry may have gone, or be another; the next load looks
            }

            _store.Diagnostics.Snapshot(due.Category, SnapshotOutcome.Dropped);
        }
        catch (OperationCanceledException) when (_stop.IsCancellationRequested)
        {
            _store.Diagnostics.Snapshot(due.Category, SnapshotOutcome.Dropped);
        }
        catch (Exception e)
        {
            _store.Diagnostics.BadSnapshot(due.Category, SnapshotOutcome.Failed, stream, $"It could not be written: {Names.MessageOf(e)}");
        }
    }

    private static DocumentChange EntryOf(string category) => new(Directory, category, Entry);

    /// <summary>Puts a document in place of the expected one; false if another one is there by now.</summary>
    private async ValueTask<bool> TryPutAsync(DueSnapshot due, byte[] document, byte[]? expected)
    {
        var (category, stream, model) = (due.Category, due.Header.Stream, ModelOf(due.Category));
        try
        {
            var commit = new ReadModelCommit
            {
                Guards = [new DocumentGuard(model, stream, expected.AsMemoryOrNull()), due.Seen.Guard],
                Creates = [DirectoryDefinition, new ReadModelDefinition(model, [])],
                Changes = [EntryOf(category), new DocumentChange(model, stream, document)],
            };
            await Documents.CommitAsync(commit, _stop.Token).ConfigureAwait(false);
            return true;
        }
        catch (ReadModelConflictException)
        {
            return false;
        }
    }

    /// <summary>
    /// Makes writing fail if JSON would write a value as an instance of its base class, and read it back as one, however deep it is in the
    /// state.
    /// </summary>
    private static void RefuseDerivedTypes(JsonTypeInfo info)
    {
        if (info.Kind != JsonTypeInfoKind.Object || info.Type.IsSealed) return;
        var own = info.OnSerializing;
        info.OnSerializing = value =>
        {
            own?.Invoke(value);
            if (value.GetType() != info.Type)
                throw new NotSupportedException(
                    $"A value of {value.GetType()} would come back from a snapshot as {info.Type}. Seal that type, "
                    + "or say by [JsonDerivedType] what it may be.");
        };
    }

    public string FingerprintOf<TState>(StateFold<TState> fold, string ofState)
    {
        if (_fingerprints.TryGetValue((typeof(TState), ofState), out var known)) return known;
        var text = $"{ofState}\n{fold.Describe(_store.Json)}\n{_store.Serializer.Fingerprint}";
        return _fingerprints.GetOrAdd(
            (typeof(TState), ofState), Convert.ToHexStringLower(SHA256.HashData(Encoding.UTF8.GetBytes(text)).AsSpan(0, 16)));
    }
}
