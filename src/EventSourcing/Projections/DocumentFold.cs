using System.Diagnostics.CodeAnalysis;
using System.Text.Json;

namespace EventSourcing;

/// <summary>
/// Folds one batch into documents, key by key. Documents are read from bytes for every batch and never kept, so a failure leaves nothing
/// behind. If the batch is large, keys are folded on all cores.
/// </summary>
internal sealed class DocumentFold<[DynamicallyAccessedMembers(
    EventType.JsonMembers)] TDocument>(Projection<TDocument> projection, FoldInput input)
    where TDocument : class
{
    private const int StepsWorthSharing = 2_000;
    private readonly DocumentHandlers<TDocument> _handlers = projection.Handlers;
    private readonly Dictionary<string, KeyFold> _byKey = new(StringComparer.Ordinal);
    private readonly List<KeyFold> _folds = [];
    private readonly List<FoldFailure> _failures = [];
    private readonly HashSet<string> _failedStreams = new(StringComparer.Ordinal);
    private int _steps;

    private string Model => projection.ModelOf(input.Generation);

    /// <summary>Sorts the events by the documents that they change, and leaves out the events that are held back.</summary>
    public void Sort()
    {
        var keys = new List<string>();
        foreach (var e in input.Events)
        {
            var stream = new Partition(ParkedKind.Stream, e.Stream);
            if (input.Only is { Kind: ParkedKind.Stream } only && only != stream) continue;
            if (_failedStreams.Contains(e.Stream) || (input.Only != stream && input.Parked.Holds(stream, e.Position))) continue;
            try
            {
                if (e.Failure is { } undecodable) throw undecodable;

                // All keys first: if the keys of an event fail half-way, the event must have no effect on any of them.
                keys.Clear();
                _handlers.AddKeysOf(e, keys);
                foreach (var key in keys) AddStep(key, e);
            }
            catch (Exception failure)
            {
                // It is unknown which documents the event changes, so its stream waits.
                if (input.Only is { Kind: ParkedKind.Document }) continue;
                _failedStreams.Add(e.Stream);
                _failures.Add(new FoldFailure(stream, e, failure));
            }
        }
    }

    public async ValueTask LoadAsync(CancellationToken cancellationToken)
    {
        if (_folds.Count == 0) return;
        var stored = await input.Load(Model, [.. _folds.Select(fold => fold.Key)], cancellationToken).ConfigureAwait(false);
        for (var i = 0; i < _folds.Count; i++) _folds[i].Stored = stored[i];
    }

    public Fold Run()
    {
        if (_steps >= StepsWorthSharing) Parallel.ForEach(_folds, fold => Run(fold, isAlone: false));
        else _folds.ForEach(fold => Run(fold, isAlone: true));

        var changes = new List<DocumentChange>(_folds.Count);
        foreach (var fold in _folds)
        {
            if (fold.Failure is not null) _failures.Add(fold.Failure);
            if (fold.Change is { } change) changes.Add(change);
        }

        return new Fold(changes, _failures);
    }

    private void AddStep(string key, FeedEvent e)
    {
        if (input.Includes is { } includes && !includes(key)) return;
        var document = new Partition(ParkedKind.Document, key);
        if (input.Only is { Kind: ParkedKind.Document } only && only != document) return;
        if (input.Only != document && input.Parked.Holds(document, e.Position)) return;
        if (!_byKey.TryGetValue(key, out var fold))
        {
            _byKey.Add(key, fold = new KeyFold(key));
            _folds.Add(fold);
        }

        fold.Steps.Add(e);
        _steps++;
    }

    private void Run(KeyFold fold, bool isAlone)
    {
        var json = Projection<TDocument>.JsonOf(input.Store);
        for (var count = fold.Steps.Count; ; )
        {
            var done = 0;
            try
            {
                var document = fold.Stored is null ? null : JsonSerializer.Deserialize(fold.Stored, json);
                for (; done < count; done++)
                {
                    if (isAlone) input.Watch?.At(fold.Steps[done].Position);
                    document = _handlers.Apply(document, fold.Key, fold.Steps[done]);
                }

                if (count > 0) fold.Change = ChangeTo(fold, document, json);
                return;
            }
            catch (Exception failure)
            {
                // The handler may have changed its document half-way, so the events before it are folded again. If the fold had reached its
                // end, the document itself cannot be written, and the last event is the cause.
                count = Math.Min(done, count - 1);
                if (count < 0) return;
                fold.Failure = new FoldFailure(new Partition(ParkedKind.Document, fold.Key), fold.Steps[count], failure);
            }
        }
    }

    private DocumentChange? ChangeTo(
        KeyFold fold, TDocument? document, System.Text.Json.Serialization.Metadata.JsonTypeInfo<TDocument> json)
    {
        if (document is null) return fold.Stored is null ? null : new DocumentChange(Model, fold.Key, null);
        var bytes = input.Store.Serializer.WriteDocument(document, json);
        var fields = projection.Fields;
        var values = fields.Count == 0 ? [] : new FieldValue[fields.Count];
        for (var i = 0; i < values.Length; i++) values[i] = fields[i].ValueOf(document);
        return bytes.AsSpan().SequenceEqual(fold.Stored) && fold.Stored is not null
            ? null
            : new DocumentChange(Model, fold.Key, bytes) { Fields = values };
    }

    private sealed class KeyFold(string key)
    {
        public string Key => key;

        public List<FeedEvent> Steps { get; } = [];

        public byte[]? Stored { get; set; }

        public DocumentChange? Change { get; set; }

        public FoldFailure? Failure { get; set; }
    }
}
