using System.Text.Json;

namespace EventSourcing;

/// <summary>
/// How the state of an aggregate is written into a snapshot and read back. The source generator implements it for partial aggregates marked
/// <see cref="SnapshotsAttribute"/>. Implement it by hand if the state has types that the generator cannot keep.
/// </summary>
public interface ISnapshotState
{
    /// <summary>A text that changes whenever the fold or the shape of the state does: snapshots with another one are ignored.</summary>
    string Fingerprint { get; }

    /// <summary>Writes the whole state as one JSON value.</summary>
    /// <param name="writer">The writer to write to.</param>
    /// <param name="json">The store's JSON options, for values of the state.</param>
    void WriteState(Utf8JsonWriter writer, JsonSerializerOptions json);

    /// <summary>
    /// Sets the whole state of a new instance from what <see cref="WriteState"/> wrote. It may throw on any other content; the snapshot is
    /// then ignored.
    /// </summary>
    /// <param name="reader">The reader is at the first token of the value, and must be left at its last.</param>
    /// <param name="json">The store's JSON options, for values of the state.</param>
    void ReadState(ref Utf8JsonReader reader, JsonSerializerOptions json);
}
