using System.Runtime.InteropServices;

namespace EventSourcing.Explorer;

/// <summary>
/// An event that is part of a state, and the state after it as JSON. It is kept between requests, so it has neither the event's payload nor
/// anything that was made for one user.
/// </summary>
internal sealed record KeptStep(long Position, string Stream, long Version, string Type, DateTimeOffset RecordedAt, byte[]? State)
{
    /// <summary>Roughly how many bytes of memory a step takes besides the state.</summary>
    private const int OwnBytes = 160;

    public long Bytes(byte[]? before) => OwnBytes + (ReferenceEquals(State, before) ? 0 : State?.Length ?? 0);

    /// <summary>Makes a step. If the event did not change the state, the step shares the bytes of the state before it.</summary>
    public static KeptStep Of(HistoryStep step, byte[]? before)
    {
        var e = step.Event;
        var state = step.State is { } shown ? JsonMarshal.GetRawUtf8Value(shown).ToArray() : null;
        if (state is not null && before is not null && state.AsSpan().SequenceEqual(before)) state = before;
        return new KeptStep(e.Position, e.Stream, e.Version, e.Type, e.RecordedAt, state);
    }
}
