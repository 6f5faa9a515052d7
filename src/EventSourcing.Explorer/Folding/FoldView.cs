using System.Text.Json;

namespace EventSourcing.Explorer;

/// <summary>What is known of a state at a position.</summary>
/// <param name="Progress">How far the fold is; null if it is at its end, so that nothing is missing.</param>
/// <param name="Problem">Why it cannot go on; null if it can.</param>
/// <param name="State">The state there, or as far as it is folded.</param>
/// <param name="Before">The state before the first of the steps.</param>
/// <param name="Steps">Events that are part of the state, oldest first.</param>
/// <param name="HasEarlier">Whether there are earlier ones.</param>
internal sealed record FoldView(
    FoldProgress? Progress, string? Problem, byte[]? State, byte[]? Before, IReadOnlyList<KeptStep> Steps, bool HasEarlier)
{
    /// <summary>The state, and the steps with what each changed, oldest first, as a user may see them.</summary>
    /// <param name="payloads">What the user may see.</param>
    /// <param name="name">The name of the state, by which it is redacted.</param>
    /// <param name="begun">The state before the first event; null if there is none.</param>
    public (JsonElement? State, IReadOnlyList<(KeptStep Step, IReadOnlyList<MemberChange> Changes)> Steps) For(
        Payloads payloads, string name, JsonElement? begun = null)
    {
        var last = State is { } bytes ? payloads.Of(name, bytes) : begun;
        var state = Before is { } before ? payloads.Of(name, before) : begun;
        var shown = new List<(KeptStep, IReadOnlyList<MemberChange>)>(Steps.Count);
        foreach (var step in Steps)
        {
            // If something is left out of states, it must be left out of what has changed in them too.
            JsonElement? after = step.State is { } some ? payloads.Of(name, some) : null;
            shown.Add((step, MemberChange.Between(state, after)));
            state = after;
        }

        return (last, shown);
    }
}
