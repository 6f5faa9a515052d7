using System.Globalization;
using System.Text.Json;

namespace EventSourcing;

/// <summary>
/// Folds the log again into a read model of documents, and compares. Documents are kept in memory up to a number of bytes. If
/// there are more, the log is folded several times, each time for the documents whose keys have hashes within a range.
/// </summary>
internal sealed class ReadModelVerifier(DerivedSource source, Projection projection, FindingList findings, long maxBytes)
{
    private const int PageLength = 256;
    private const int MaxFindings = 1_000;

    /// <summary>How often documents are compared again if the projection has changed them meanwhile.</summary>
    private const int MaxTries = 10;

    private readonly ControlDocuments _control = new(source.Storage.ReadModels);
    private readonly EventFilter _filter = projection.FilterFor(source.Store);
    private readonly Dictionary<string, Folded> _documents = new(StringComparer.Ordinal);
    private string _model = "";
    private string _runKey = "";
    private int _generation;
    private IReadOnlyList<FieldDefinition> _fields = [];
    private (uint First, uint Last) _range;
    private long _bytes;
    private long _position;
    private long _compared;
    private int _found;
    private long _erasedAt;

    private IReadModelStorage Documents => source.Storage.ReadModels;

    public async ValueTask<DerivedState> RunAsync(CancellationToken cancellationToken)
    {
        if (projection is TableProjection) return NotVerified("tables are not compared; rebuild them");
        try
        {
            return await VerifyAsync(cancellationToken).ConfigureAwait(false);
        }
        catch (ProjectionFailedException failed) when (failed.InnerException is ErasedEventException)
        {
            return NotVerified(string.Create(
                CultureInfo.InvariantCulture,
                $"the event at position {failed.Position} was erased, and the projection does not handle {nameof(ErasedEvent)}"));
        }
        catch (Exception flaw)
            when (flaw is JsonException or EventSourcingException && !DerivedVerifier.IsOfAccess(flaw))
        {
            Add(null, 0, $"The read model '{projection.Name}' cannot be verified: {flaw.Message}");
            return NotVerified("it could not be read or folded");
        }
    }

    private async ValueTask<DerivedState> VerifyAsync(CancellationToken cancellationToken)
    {
        projection.Validate(source.Store);
        var directory = await _control.FindDirectoryAsync(projection.Name, cancellationToken).ConfigureAwait(false);
        if (directory?.Content?.ActiveGeneration is not { } active) return NotVerified("no read model of it serves");
        if (active.Fingerprint != projection.FingerprintOn(source.Store))
            return NotVerified("the one that serves was made by another version of the projection");
        _generation = active.Number;
        _model = projection.ModelOf(active.Number);
        _runKey = ControlDocuments.RunKey(projection.Name, active.Number);
        _fields = projection.Creation(source.Store, active.Number).Creates[0].Fields;
        var skipped =
            await _control.ListAsync<SkippedRecord>(ControlDocuments.Skipped, projection.Name, cancellationToken).ConfigureAwait(false);
        if (skipped.Any(kept => kept.Content.Generation == active.Number))
            return NotVerified("events were skipped in it, and a new fold would not skip them");

        for (var first = 0L; first <= uint.MaxValue; first = _range.Last + 1L)
        {
            if (await PassAsync((uint)first, cancellationToken).ConfigureAwait(false) is { } reason) return NotVerified(reason);
        }

        var now = await _control.FindDirectoryAsync(projection.Name, cancellationToken).ConfigureAwait(false);
        return now?.Content?.Active == active.Number
            ? new DerivedState(DerivedStateKind.Documents, projection.Name, true, _compared, "")
            : NotVerified("it was replaced meanwhile");
    }

    /// <summary>Folds and compares the documents from a hash on, as many as fit into memory.</summary>
    /// <returns>Why that was not possible; null if it was.</returns>
    private async ValueTask<string?> PassAsync(uint first, CancellationToken cancellationToken)
    {
        _documents.Clear();
        (_range, _bytes, _position) = ((first, uint.MaxValue), 0, 0);
        SortedSet<string>? suspects = null;
        for (var tries = 0; tries < MaxTries; tries++)
        {
            if (await FindRunAsync(cancellationToken).ConfigureAwait(false) is not { } run) return "its place in the log is not stored";
            if (run.Content.Parked > 0) return $"{run.Content.Parked} streams or documents of it are parked";
            var head = await source.Storage.GetHeadAsync(cancellationToken).ConfigureAwait(false);
            LogIdentity.ThrowIfAhead(projection.Name, run.Content, head);
            await FoldUpToAsync(run.Content.Position, cancellationToken).ConfigureAwait(false);
            suspects = await CompareAsync(suspects, cancellationToken).ConfigureAwait(false);
            var after = await FindRunAsync(cancellationToken).ConfigureAwait(false);
            if (suspects.Count > 0 && (after is null || !after.Bytes.Span.SequenceEqual(run.Bytes.Span)))
                continue; // the projection has moved on meanwhile
            foreach (var key in suspects) await ReportAsync(key, cancellationToken).ConfigureAwait(false);
            _compared += _documents.Count;
            return null;
        }

        return "it was changed all the while";
    }

    private async ValueTask<ReadDocument<RunRecord>?> FindRunAsync(CancellationToken cancellationToken)
    {
        var run = await _control.FindRunAsync(_runKey, cancellationToken).ConfigureAwait(false);
        return run?.Content is null ? null : run;
    }

    private async ValueTask FoldUpToAsync(long upTo, CancellationToken cancellationToken)
    {
        var events = new List<FeedEvent>();
        if (_position >= upTo) return;
        var read = new LogRead { After = _position, UpTo = upTo, Filter = _filter.Stored };
        await foreach (var page in source.Storage.PagesAsync(read, cancellationToken).ConfigureAwait(false))
        {
            events.Clear();
            for (var i = 0; i < page.Count; i++)
            {
                if (_erasedAt == 0 && page.Events[i].IsErased) _erasedAt = page.Events[i].Position;
                FeedEvent.AddTo(events, source.Store, page.Events[i], _filter);
            }

            if (events.Count > 0)
            {
                var input = new FoldInput(
                    source.Store, _generation, IsBuilding: false, events, LoadAsync, ParkedSet.Empty, Only: null, InOrder: true)
                {
                    Includes = IsInRange,
                };
                var fold = await projection.FoldAsync(input, cancellationToken).ConfigureAwait(false);
                if (fold.Failures.Count > 0)
                    throw new ProjectionFailedException(projection.Name, fold.Failures[0].Event, fold.Failures[0].Error);
                foreach (var change in fold.Changes) Keep(change);
            }

            _position = page.IsEnd ? Math.Max(_position, Math.Min(upTo, page.Head)) : page.Next;
        }
    }

    private ValueTask<IReadOnlyList<byte[]?>> LoadAsync(string model, IReadOnlyList<string> keys, CancellationToken cancellationToken) =>
        ValueTask.FromResult<IReadOnlyList<byte[]?>>([.. keys.Select(key => _documents.GetValueOrDefault(key).Data)]);

    private void Keep(in DocumentChange change)
    {
        if (_documents.Remove(change.Key, out var before)) _bytes -= SizeOf(change.Key, before.Data);
        if (change.Data is not { } data || !IsInRange(change.Key)) return;
        _documents.Add(change.Key, new Folded(data.ToArray(), change.Fields));
        _bytes += SizeOf(change.Key, _documents[change.Key].Data);
        while (_bytes > maxBytes && _range.Last > _range.First)
        {
            // The rest is left for a later pass.
            _range.Last = _range.First + ((_range.Last - _range.First) / 2);
            foreach (var (key, folded) in _documents.Where(pair => !IsInRange(pair.Key)).ToList())
            {
                _documents.Remove(key);
                _bytes -= SizeOf(key, folded.Data);
            }
        }
    }

    private bool IsInRange(string key) =>
        (uint)string.GetHashCode(key, StringComparison.Ordinal) is var hash && hash >= _range.First && hash <= _range.Last;

    private static long SizeOf(string key, byte[] data) => (2L * key.Length) + data.Length + 128;

    /// <summary>The keys of documents that differ, in themselves or in a field: among all, or among those that differed before.</summary>
    private async ValueTask<SortedSet<string>> CompareAsync(SortedSet<string>? among, CancellationToken cancellationToken)
    {
        var suspects = new SortedSet<string>(StringComparer.Ordinal);

        // The fold uses the read model's own name, readers use the projection's.
        foreach (var name in (string[])[_model, projection.Name])
        {
            for (var field = -1; field < _fields.Count; field++)
            {
                if (among is { Count: 0 }) return suspects;
                await CompareAsync(name, field, suspects, cancellationToken).ConfigureAwait(false);
            }
        }

        return suspects;
    }

    /// <summary>
    /// Compares the documents of a name, in the order of their keys or of a field; then the field's value is compared too.
    /// </summary>
    private async ValueTask CompareAsync(string name, int field, SortedSet<string> suspects, CancellationToken cancellationToken)
    {
        var seen = new HashSet<string>(StringComparer.Ordinal);
        for (var query = new DocumentQuery { Limit = PageLength, OrderBy = field < 0 ? null : _fields[field].Name }; ;)
        {
            var page = await Documents.QueryAsync(name, query, cancellationToken).ConfigureAwait(false);
            foreach (var document in page)
            {
                if (!IsInRange(document.Key)) continue;
                var isRight = _documents.TryGetValue(document.Key, out var folded) && seen.Add(document.Key)
                    && (field < 0 ? source.Json.DifferenceBetween(folded.Data, document.Data) is null
                        || IsEqualByItsSets(folded.Data, document.Data) : folded.Fields[field].CompareTo(document.OrderedBy) == 0);
                if (!isRight && suspects.Count < MaxFindings) suspects.Add(document.Key);
            }

            if (page.Count < PageLength) break;
            query = query with { After = new DocumentCursor(page[^1].OrderedBy, page[^1].Key) };
        }

        if (seen.Count == _documents.Count) return;
        foreach (var key in _documents.Keys.Where(key => !seen.Contains(key)).Take(MaxFindings)) suspects.Add(key);
    }

    /// <summary>
    /// Whether two documents differ only in the order of sets. The JSON types show which members are sets, once a document was
    /// read.
    /// </summary>
    private bool IsEqualByItsSets(byte[] expected, ReadOnlyMemory<byte> actual)
    {
        try
        {
            projection.Rewrite(actual.Span, source.Json.Options);
        }
        catch (Exception)
        {
            // Any exception: the document's own code runs in there, on stored data that may be anything.
            return false;
        }

        return source.Json.DifferenceBetween(expected, actual) is null;
    }

    private async ValueTask ReportAsync(string key, CancellationToken cancellationToken)
    {
        var has = _documents.TryGetValue(key, out var folded);
        var stored = (await Documents.LoadAsync(_model, [key], cancellationToken).ConfigureAwait(false))[0];
        var difference = !has ? "the events lead to no such document"
            : stored is null ? "it is missing"
            : source.Json.DifferenceBetween(folded.Data, stored)
                ?? "a field by which it is found has another value, or the name that readers use leads to another document";
        Add(
            key,
            _position,
            $"The document '{Names.Printable(key)}' of the read model '{projection.Name}' does not follow from the events up to position "
            + $"{_position}: {difference}."
            + (_erasedAt == 0 ? ""
                : $" Events of the read model were erased, the first at position {_erasedAt.ToString(CultureInfo.InvariantCulture)}. "
                + "If it still holds what was erased, rebuild it."));
    }

    private void Add(string? key, long position, string description)
    {
        if (_found++ < MaxFindings)
            findings.Add(new LedgerFinding(LedgerFindingKind.ReadModelMismatch, position, position, null, description)
            {
                ReadModel = projection.Name,
                Document = key,
            });
    }

    private DerivedState NotVerified(string reason) =>
        new(projection is TableProjection ? DerivedStateKind.Tables : DerivedStateKind.Documents, projection.Name, false, 0, reason);

    private readonly record struct Folded(byte[] Data, IReadOnlyList<FieldValue> Fields);
}
