using System.Runtime.ExceptionServices;
using System.Text.Json;

namespace EventSourcing;

/// <summary>The history of a state that is folded from one stream.</summary>
internal sealed class StateHistoryReader<TState>(EventStore store, StateFold<TState> fold, Func<TState, JsonElement> show) : HistoryReader
{
    private (TState State, JsonElement Shown)? _last;
    private long _version;
    private ExceptionDispatchInfo? _failure;

    public override async Task<IReadOnlyList<HistoryStep>> ReadAsync(
        long upTo = long.MaxValue, CancellationToken cancellationToken = default)
    {
        _failure?.Throw();
        upTo = Math.Min(upTo, await store.GetHeadAsync(cancellationToken).ConfigureAwait(false));
        if (upTo <= Position) return [];
        var read = new StreamRead(fold.Stream) { After = _version, UpToPosition = upTo };
        using var page = await store.Storage.ReadStreamAsync(read, cancellationToken).ConfigureAwait(false);
        var steps = new List<HistoryStep>();
        for (var i = 0; i < page.Count; i++)
        {
            try
            {
                AddStep(page.Events[i], steps);
            }
            catch (Exception failure)
            {
                // The state may have been changed half-way, so it is not folded any further. What is before the event is given first.
                _failure = ExceptionDispatchInfo.Capture(failure);
                Position = page.Events[i].Position - 1;
                steps.RemoveAll(step => step.Event.Position > Position);
                if (steps.Count == 0) throw;
                return steps;
            }
        }

        _version = page.Next;
        Position = page.IsEnd ? upTo : page.Events[^1].Position;
        return steps;
    }

    private void AddStep(in StoredEvent stored, List<HistoryStep> steps)
    {
        var parts = store.EventReader.Decode(stored, UnknownEvents.Throw, EventFilter.All);
        for (var p = 0; p < parts.Count; p++)
        {
            if (_last is null)
            {
                var begun = fold.Begin();
                _last = (begun, show(begun));
            }

            var (state, before) = _last.Value;
            state = StateHistory.Next(fold, state, parts[p]);
            var after = show(state);
            steps.Add(new HistoryStep(parts[p], MemberChange.Between(before, after)) { State = after });
            _last = (state, after);
        }
    }
}
