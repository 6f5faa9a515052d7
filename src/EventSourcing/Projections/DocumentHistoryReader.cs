using System.Diagnostics.CodeAnalysis;
using System.Runtime.ExceptionServices;
using System.Text.Json;

namespace EventSourcing;

/// <summary>
/// The history of a document. If the keys of all documents are the ids of streams, only the streams with that id are read; otherwise all
/// events that the projection handles are.
/// </summary>
internal sealed class DocumentHistoryReader<[DynamicallyAccessedMembers(EventType.JsonMembers)] TDocument>(
    EventStore store, Projection<TDocument> projection, string key) : HistoryReader
    where TDocument : class
{
    private readonly EventFilter _filter = projection.FilterFor(store);
    private readonly List<FeedEvent> _events = [];
    private KeyedStreams? _streams =
        projection.Handlers.IsKeyedByStream ? new KeyedStreams(store, projection.FilterFor(store), key) : null;
    private TDocument? _document;
    private JsonElement? _state;
    private ExceptionDispatchInfo? _failure;

    public override async Task<IReadOnlyList<HistoryStep>> ReadAsync(
        long upTo = long.MaxValue, CancellationToken cancellationToken = default)
    {
        _failure?.Throw();
        upTo = Math.Min(upTo, await store.GetHeadAsync(cancellationToken).ConfigureAwait(false));
        if (upTo <= Position) return [];
        _events.Clear();
        var next = _streams is null ? null : await _streams.ReadAsync(_events, upTo, cancellationToken).ConfigureAwait(false);
        if (next is null)
        {
            // There are too many kinds of streams to look for those of the document. What is folded already stays right.
            _streams = null;
            next = await ReadLogAsync(upTo, cancellationToken).ConfigureAwait(false);
        }

        return Fold(next.Value);
    }

    private async ValueTask<long> ReadLogAsync(long upTo, CancellationToken cancellationToken)
    {
        var read = new LogRead { After = Position, UpTo = upTo, Filter = _filter.Stored };
        using var page = await store.Storage.ReadLogAsync(read, cancellationToken).ConfigureAwait(false);
        for (var i = 0; i < page.Count; i++) FeedEvent.AddTo(_events, store, page.Events[i], _filter);
        return page.IsEnd ? upTo : page.Next;
    }

    private List<HistoryStep> Fold(long next)
    {
        var steps = new List<HistoryStep>();
        foreach (var e in _events)
        {
            try
            {
                if (FindPartAbout(e) is not { } about) continue;
                JsonElement? state = _document is null ? null : StateJson.Of(_document, store.Json);
                steps.Add(new HistoryStep(about, MemberChange.Between(_state, state)) { State = state });
                _state = state;
            }
            catch (Exception failure)
            {
                // The document may have been changed half-way, so it is not folded any further. What is before the event is given first.
                _failure = ExceptionDispatchInfo.Capture(failure);
                Position = e.Position - 1;
                if (steps.Count == 0) throw;
                return steps;
            }
        }

        Position = next;
        return steps;
    }

    /// <summary>Folds an event if it is about the document.</summary>
    private RecordedEvent? FindPartAbout(FeedEvent e)
    {
        try
        {
            if (e.Failure is { } undecodable) throw undecodable;
            var about = projection.Handlers.FindPartAbout(key, e);
            if (about is not null) _document = projection.Handlers.Apply(_document, key, e);
            return about;
        }
        catch (Exception failure)
        {
            throw new ProjectionFailedException(projection.Name, e, failure);
        }
    }
}
