using System.Text.Json;

namespace EventSourcing.Operations;

/// <summary>One member that differs between two states, as JSON shows them. Immutable.</summary>
/// <param name="Path">
/// Which one: <c>balance</c>, <c>address.city</c>, <c>lines[2].quantity</c>, <c>rates['a.b']</c>; empty if the states are not
/// objects and differ as a whole.
/// </param>
/// <param name="Before">Its value in the first state as JSON text, or <see langword="null"/> if it is missing there.</param>
/// <param name="After">Its value in the second state as JSON text, or <see langword="null"/> if it is missing there.</param>
public sealed record MemberChange(string Path, string? Before, string? After)
{
    /// <summary>
    /// Finds what differs between two JSON values: numbers by value, objects regardless of the order of their members, arrays
    /// index by index.
    /// </summary>
    /// <param name="before">The first value, or <see langword="null"/> if there is none: then the other's members are all new.</param>
    /// <param name="after">The second value, or <see langword="null"/> if there is none.</param>
    /// <returns>The changes, in the order of the members; none if the values are equal.</returns>
    public static IReadOnlyList<MemberChange> Between(JsonElement? before, JsonElement? after) => JsonComparison.Between(before, after);

    /// <summary>The change as readable text.</summary>
    /// <returns>For example <c>balance: 100 → 90</c>.</returns>
    public override string ToString() => $"{(Path.Length == 0 ? "" : Path + ": ")}{Before ?? "(none)"} → {After ?? "(none)"}";
}
