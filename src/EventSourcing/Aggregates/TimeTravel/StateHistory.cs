using System.Runtime.CompilerServices;
using System.Text.Json;

namespace EventSourcing;

/// <summary>How a state has come about, step by step, and what other folds make of the same events. It uses no snapshots.</summary>
internal static class StateHistory
{
    public static async IAsyncEnumerable<HistoryStep> StepsAsync<TState>(
        EventStore store,
        StateFold<TState> fold,
        Func<TState, JsonElement> show,
        AsOf asOf,
        [EnumeratorCancellation] CancellationToken cancellationToken)
    {
        var state = fold.Begin();
        var before = show(state);
        await foreach (var e in store.ReadStreamAsync(
            fold.Stream, new StreamReadOptions { AsOf = asOf }, cancellationToken).ConfigureAwait(false))
        {
            state = Next(fold, state, e);
            var after = show(state);
            yield return new HistoryStep(e, MemberChange.Between(before, after)) { State = after };
            before = after;
        }
    }

    /// <summary>Folds the same events in two ways, from one read, and compares the outcomes.</summary>
    public static async Task<IReadOnlyList<MemberChange>> CompareAsync<TState, TOther>(
        EventStore store,
        StateFold<TState> fold,
        Func<TState, JsonElement> show,
        StateFold<TOther> other,
        Func<TOther, JsonElement> showOther,
        AsOf asOf,
        CancellationToken cancellationToken)
    {
        var (state, otherState) = (fold.Begin(), other.Begin());
        await foreach (var e in store.ReadStreamAsync(
            fold.Stream, new StreamReadOptions { AsOf = asOf }, cancellationToken).ConfigureAwait(false))
        {
            state = Next(fold, state, e);
            otherState = Next(other, otherState, e);
        }

        return MemberChange.Between(show(state), showOther(otherState));
    }

    public static TState Next<TState>(StateFold<TState> fold, TState state, RecordedEvent e)
    {
        var next = fold.Apply(state, e.Data);
        fold.StandAt(next, e.Version, e.Position);
        return next;
    }
}
