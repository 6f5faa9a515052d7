using System.Text.Json;

namespace EventSourcing;

/// <summary>How a state is folded from the events of one stream: everything in which aggregates and deciders differ.</summary>
internal abstract class StateFold<TState>(string category, string stream, SnapshotPolicy? snapshots)
{
    public string Category => category;

    public string Stream => stream;

    /// <summary>Equal for two folds of the same streams only if they fold the same state.</summary>
    public abstract object Kind { get; }

    /// <summary>When snapshots are taken; null if none are.</summary>
    public SnapshotPolicy? Snapshots => snapshots;

    /// <summary>Whether acting changes the object itself, so that the next try needs a freshly folded one.</summary>
    public abstract bool IsChangedByActing { get; }

    /// <summary>The state before the first event.</summary>
    public abstract TState Begin();

    public abstract TState Apply(TState state, object @event);

    /// <summary>Sets the version and position that the state has reached.</summary>
    public virtual void StandAt(TState state, long version, long position)
    {
    }

    public abstract bool AreInConflict(TState state, object raised, object committed);

    /// <summary>The state's own fingerprint of its fold and shape. It is read at each load, so it must be cheap.</summary>
    public abstract string FingerprintOf(TState state);

    /// <summary>What else distinguishes this state's snapshots from those of another. It is read once.</summary>
    public abstract string Describe(JsonSerializerOptions json);

    public abstract void WriteState(TState state, Utf8JsonWriter writer, JsonSerializerOptions json);

    public abstract TState ReadState(ref Utf8JsonReader reader, JsonSerializerOptions json);
}
