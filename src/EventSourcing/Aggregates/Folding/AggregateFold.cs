using System.Diagnostics.CodeAnalysis;
using System.Globalization;
using System.Reflection;
using System.Text.Json;

namespace EventSourcing;

/// <summary>An aggregate as a state to fold: an object that its events and commands change.</summary>
internal sealed class AggregateFold<[DynamicallyAccessedMembers(DynamicallyAccessedMemberTypes.PublicParameterlessConstructor)] T>(
    string id, string stream, EventStore? home = null)
    : StateFold<T>(CategoryOfStreams, stream, Policy)
    where T : Aggregate, new()
{
    private static readonly string? Named = typeof(T).GetCustomAttribute<AggregateCategoryAttribute>(inherit: false)?.Category
        ?? (typeof(T).IsGenericType ? null : JsonNamingPolicy.CamelCase.ConvertName(typeof(T).Name));

    private static readonly SnapshotsAttribute? Marked = typeof(T).GetCustomAttribute<SnapshotsAttribute>(inherit: false);

    private static readonly SnapshotPolicy? Policy = Marked is { Every: > 0, SlowLoadMilliseconds: >= 0 } marked
        && typeof(T).IsAssignableTo(typeof(ISnapshotState))
        ? new SnapshotPolicy(marked.Every) { SlowLoadMilliseconds = marked.SlowLoadMilliseconds }
        : null;

    /// <exception cref="InvalidOperationException">It is generic and has no <see cref="AggregateCategoryAttribute"/>.</exception>
    public static string CategoryOfStreams => Named ?? throw new InvalidOperationException(
        $"The aggregate {typeof(T)} is generic, or within a generic class, so its streams would have the same names for all type "
        + "arguments. Derive a class for each of them; or mark it [AggregateCategory], if they are to share their streams.");

    public override object Kind => typeof(T);

    public override bool IsChangedByActing => true;

    /// <exception cref="InvalidOperationException">The class is marked to have snapshots, but cannot have them.</exception>
    public static void ThrowIfFlawed()
    {
        if (Marked is null || Policy is not null) return;
        throw new InvalidOperationException(typeof(T).IsAssignableTo(typeof(ISnapshotState))
            ? $"[Snapshots({Marked.Every})] on {typeof(T)} is not valid: it takes a number of events of 1 or more, "
                + "and SlowLoadMilliseconds of 0 or more."
            : $"{typeof(T)} is marked [Snapshots], and nothing says how its state is kept. Make the class partial, "
                + $"so that the source generator writes it, or implement {nameof(ISnapshotState)}.");
    }

    public override T Begin()
    {
        var aggregate = new T();
        aggregate.Attach(id, Stream, home?.Storage);
        return aggregate;
    }

    public override T Apply(T state, object @event)
    {
        state.Replay(@event);
        return state;
    }

    public override void StandAt(T state, long version, long position) => state.StandAt(version, position);

    public override bool AreInConflict(T state, object raised, object committed) => state.IsInConflict(raised, committed);

    public override string FingerprintOf(T state) => Snapshot(state).Fingerprint;

    public override string Describe(JsonSerializerOptions json) =>
        string.Create(CultureInfo.InvariantCulture, $"{typeof(T)} {Marked?.Version}");

    public override void WriteState(T state, Utf8JsonWriter writer, JsonSerializerOptions json) => Snapshot(state).WriteState(writer, json);

    public override T ReadState(ref Utf8JsonReader reader, JsonSerializerOptions json)
    {
        var aggregate = Begin();
        Snapshot(aggregate).ReadState(ref reader, json);
        return aggregate;
    }

    private static ISnapshotState Snapshot(T state) => (ISnapshotState)state;
}
