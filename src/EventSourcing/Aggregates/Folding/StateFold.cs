using System.Text.Json;

namespace EventSourcing;

/// <summary>How a state comes from the events of one stream: all in which aggregates and deciders differ.</summary>
internal abstract class StateFold<TState>(string category, string stream, SnapshotPolicy? snapshots)
{
    public string Category => category;

    public string Stream => stream;

    /// <summary>What folds of the same streams have in common only if they fold the same state.</summary>
    public abstract object Kind { get; }

    /// <summary>When snapshots are taken; null where none are.</summary>
    public SnapshotPolicy? Snapshots => snapshots;

    /// <summary>Whether acting changes the very object, so that a clean one has to be folded for the next try.</summary>
    public abstract bool IsChangedByActing { get; }

    /// <summary>The state before the first event.</summary>
    public abstract TState Begin();

    public abstract TState Apply(TState state, object @event);

    /// <summary>Tells the state how far it is.</summary>
    public virtual void StandAt(TState state, long version, long position)
    {
    }

    public abstract bool AreInConflict(TState state, object raised, object committed);

    /// <summary>What the state itself says of its fold and shape. Asked for at each load, so it should be at hand.</summary>
    public abstract string FingerprintOf(TState state);

    /// <summary>What else tells this state's snapshots from those of another. Asked for once.</summary>
    public abstract string Describe(JsonSerializerOptions json);

    public abstract void WriteState(TState state, Utf8JsonWriter writer, JsonSerializerOptions json);

    public abstract TState ReadState(ref Utf8JsonReader reader, JsonSerializerOptions json);
}
