using System.Text.Json;
using System.Text.Json.Serialization.Metadata;

namespace EventSourcing;

/// <summary>The state of a decider: a value that is never changed.</summary>
internal sealed class DeciderFold<TState, TCommand>(Decider<TState, TCommand> decider, string stream)
    : StateFold<TState>(decider.Category, stream, decider.Snapshots)
{
    public override object Kind => decider;

    public override bool IsChangedByActing => false;

    public override TState Begin() => decider.Initial;

    public override TState Apply(TState state, object @event) => decider.Evolve(state, @event);

    public override bool AreInConflict(TState state, object raised, object committed) => decider.ConflictsWith(raised, committed);

    public override string FingerprintOf(TState state) => decider.Fingerprint;

    public override string Describe(JsonSerializerOptions json) => $"{typeof(TState)} {JsonShape.Of(InfoOf(json))}";

    /// <exception cref="NotSupportedException">JSON would not read back everything in the state.</exception>
    public override void WriteState(TState state, Utf8JsonWriter writer, JsonSerializerOptions json)
    {
        var info = InfoOf(json);
        if (JsonTypeCheck.FlawOf(info, out _, out _) is { } flaw)
            throw new NotSupportedException($"{typeof(TState)} would not be read back as it is written: {flaw}.");
        if (!ComparerJson.TryWrite(writer, state, info)) JsonSerializer.Serialize(writer, state, info);
    }

    public override TState ReadState(ref Utf8JsonReader reader, JsonSerializerOptions json) =>
        JsonSerializer.Deserialize(ref reader, InfoOf(json)) ?? throw new JsonException("The stored state is null.");

    private static JsonTypeInfo<TState> InfoOf(JsonSerializerOptions json) => (JsonTypeInfo<TState>)json.GetTypeInfo(typeof(TState));
}
