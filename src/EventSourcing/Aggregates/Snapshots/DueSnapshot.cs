using System.Buffers;
using System.Text.Json;

namespace EventSourcing;

/// <summary>A captured state that is about to be written as a snapshot.</summary>
internal abstract class DueSnapshot(SnapshotCache cache, string category, SnapshotHeader header, SeenSnapshot seen)
{
    public string Category => category;

    public SnapshotHeader Header => header;

    /// <summary>What was stored when the load of the state began.</summary>
    public SeenSnapshot Seen => seen;

    public abstract ReadOnlySpan<byte> State { get; }

    /// <summary>
    /// Whether the state that is read back from the bytes is written as the same bytes, and its sets and dictionaries compare alike. If
    /// JSON loses a part of the state, every later load would lose it too.
    /// </summary>
    public abstract bool IsFaithful(JsonSerializerOptions json);

    /// <summary>Queues it to be written in the background. No caller waits for it.</summary>
    public void Enqueue() => cache.Enqueue(this);
}

/// <inheritdoc cref="DueSnapshot"/>
internal sealed class DueSnapshot<TState>(
    SnapshotCache cache,
    StateFold<TState> fold,
    TState state,
    JsonSerializerOptions json,
    JsonSerializerOptions comparers,
    SnapshotHeader header,
    SeenSnapshot seen)
    : DueSnapshot(cache, fold.Category, header, seen)
{
    private readonly byte[] _bytes = Write(fold, state, json);
    private readonly byte[] _comparers = Write(fold, state, comparers);

    public override ReadOnlySpan<byte> State => _bytes;

    public override bool IsFaithful(JsonSerializerOptions json)
    {
        var read = StoredSnapshot.ReadState(fold, _bytes, json);
        return Write(fold, read, json).AsSpan().SequenceEqual(_bytes) && Write(fold, read, comparers).AsSpan().SequenceEqual(_comparers);
    }

    private static byte[] Write(StateFold<TState> fold, TState state, JsonSerializerOptions json)
    {
        var buffer = new ArrayBufferWriter<byte>();
        using (var writer = new Utf8JsonWriter(buffer, JsonOutput.OptionsFor(json))) fold.WriteState(state, writer, json);
        return buffer.WrittenSpan.ToArray();
    }
}
